"""Writes values of numpy and pandas as JSON."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from .plain_limits import COLUMN_TYPE, MOST_HASHED, ZONES, NotPlain

KINDS = "biufcmMUS"


class Writer(Protocol):
    """What these writers need of the one for values of every kind."""

    def spend(self, amount: int) -> None: ...

    def write(self, value: object, depth: int) -> object: ...

    def write_all(self, values: Iterable[object], depth: int) -> list[object]: ...

    def write_bytes(self, value: bytes) -> str: ...


def list_writers(writer: Writer) -> dict[type, Callable[[Any, int], object]]:
    """Returns what writes each type."""
    scalars = {kind for kind in np.sctypeDict.values() if np.dtype(kind).kind in KINDS}
    indexes = (pd.Index, pd.RangeIndex, pd.DatetimeIndex, pd.TimedeltaIndex, pd.CategoricalIndex)
    return {
        **dict.fromkeys(scalars, lambda value, depth: {"scalar": _write_array(writer, np.asarray(value), depth)}),
        **dict.fromkeys(indexes, lambda value, depth: _write_index(writer, value, depth)),
        np.ndarray: lambda value, depth: _write_array(writer, value, depth),
        pd.MultiIndex: lambda value, depth: _write_multiindex(writer, value, depth),
        pd.Series: lambda value, depth: {
            "series": [
                _write_column(writer, value, depth),
                writer.write(value.index, depth + 1),
                writer.write(value.name, depth + 1),
            ]
        },
        pd.DataFrame: lambda value, depth: _write_frame(writer, value, depth),
        pd.Timestamp: lambda value, depth: _write_moment(value),
        pd.Timedelta: lambda value, depth: {"timedelta64": writer.write(value.value, depth)},
        type(pd.NaT): lambda value, depth: {"missing": "NaT"},
        type(pd.NA): lambda value, depth: {"missing": "NA"},
    }


def _write_array(writer: Writer, array: Any, depth: int) -> object:
    writer.spend(20 * len(array.shape))
    if array.dtype.kind in KINDS:
        if array.nbytes > 2**23:
            raise NotPlain
        return {"array": [array.dtype.str, list(array.shape), writer.write_bytes(array.tobytes())]}
    if array.dtype.kind == "O":
        return {"objects": [list(array.shape), writer.write_all(array.ravel().tolist(), depth)]}
    raise NotPlain


def _write_moment(moment: Any) -> object:
    if type(moment.tzinfo) not in ZONES:
        raise NotPlain
    return {"timestamp": moment.isoformat()}


def _write_multiindex(writer: Writer, index: Any, depth: int) -> object:
    if len(index) > MOST_HASHED:
        raise NotPlain
    return {"multiindex": [writer.write_all(index, depth), writer.write_all(index.names, depth)]}


def _write_index(writer: Writer, index: Any, depth: int) -> object:
    if index.dtype == object and len(index) > MOST_HASHED:
        raise NotPlain
    return {"index": [_write_column(writer, index, depth), writer.write(index.name, depth + 1)]}


def _write_column(writer: Writer, column: Any, depth: int) -> object:
    """Writes the values of a Series or Index, with their type where it is one of pandas' own."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        return _write_array(writer, column.to_numpy(), depth)
    values = writer.write_all(column.tolist(), depth)
    if type(dtype) is pd.CategoricalDtype:
        if len(values) > MOST_HASHED or len(dtype.categories) > MOST_HASHED:
            raise NotPlain
        categories = writer.write_all(dtype.categories.tolist(), depth)
        return {"categories": [values, categories, bool(dtype.ordered)]}
    if not COLUMN_TYPE.fullmatch(str(dtype)):
        raise NotPlain
    return {"column": [str(dtype), values]}


def _write_frame(writer: Writer, frame: Any, depth: int) -> object:
    columns = [_write_column(writer, frame.iloc[:, at], depth) for at in range(frame.shape[1])]
    return {"frame": [columns, writer.write(frame.index, depth + 1), writer.write(frame.columns, depth + 1)]}
