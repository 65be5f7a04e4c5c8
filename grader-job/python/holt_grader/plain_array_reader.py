"""Reads in the judge what a snapshot claims to be a value of numpy or pandas."""

import base64
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from .plain_limits import COLUMN_TYPE, MOST_HASHED

MOST_ITEMS = 10_000_000
_ARRAY_TYPE = re.compile(r"[<>|=][biufcmMUS]\d{0,6}(\[\d{0,6}[a-zA-Z]{1,2}\])?")

Read = Callable[[object], object]


def list_readers(read: Read) -> dict[str, Callable[[Any], object]]:
    """Returns what reads each tag."""
    return {
        "scalar": lambda data: _read_scalar(read, data),
        "array": _read_array,
        "objects": lambda data: _read_objects(read, data),
        "index": lambda data: _read_index(read, data),
        "multiindex": lambda data: _read_multiindex(read, data),
        "series": lambda data: _read_series(read, data),
        "frame": lambda data: _read_frame(read, data),
        "column": lambda data: _read_column(read, data),
        "categories": lambda data: _read_categories(read, data),
    }


def list_objects(value: object) -> list[Any]:
    """Returns the objects inside an array, index, series or frame that are not plain numbers or texts."""
    if isinstance(value, np.ndarray):
        return list(value.flat) if value.dtype.kind == "O" else []
    if isinstance(value, pd.DataFrame):
        return [value.index, value.columns, *(value.iloc[:, at].array for at in range(value.shape[1]))]
    if isinstance(value, pd.Series):
        return [value.index, value.name, value.array]
    if isinstance(value, pd.MultiIndex):
        return [*value, *value.names]
    if isinstance(value, pd.Index):
        return [value.name, value.array]
    if isinstance(value, pd.api.extensions.ExtensionArray):
        return list(value) if value.dtype.kind == "O" else []
    return []


def _read_shape(data: object) -> tuple[int, ...]:
    if not isinstance(data, list) or len(data) > 32:
        raise ValueError("The claimed array has no shape.")
    if not all(type(each) is int and 0 <= each <= MOST_ITEMS for each in data) or math.prod(data) > MOST_ITEMS:
        raise ValueError("The claimed array is too large.")
    return tuple(data)


def _read_array(data: Any) -> Any:
    name, shape, content = data
    if not isinstance(name, str) or not _ARRAY_TYPE.fullmatch(name):
        raise ValueError("The claimed array has an unknown type.")
    dtype, size = np.dtype(name), _read_shape(shape)
    raw = base64.b64decode(content, validate=True)
    if dtype.itemsize * math.prod(size) != len(raw):
        raise ValueError("The claimed array has not the size that it says.")
    # A copy, so that it can be written, as an honest array can.
    return np.frombuffer(raw, dtype).reshape(size).copy() if raw else np.empty(size, dtype)


def _read_scalar(read: Read, data: object) -> object:
    array = read(data)
    if not isinstance(array, np.ndarray) or array.shape != ():
        raise ValueError("The claimed value is not one number or text.")
    return array[()]


def _read_objects(read: Read, data: Any) -> Any:
    shape, content = data
    size = _read_shape(shape)
    values = [read(each) for each in content]
    if math.prod(size) != len(values):
        raise ValueError("The claimed array has not the size that it says.")
    array = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):
        array[at] = value
    return array.reshape(size)


def _read_values(read: Read, data: object) -> Any:
    """Returns the values of a column, which have one dimension."""
    if not isinstance(data, dict) or not {"array", "objects", "column", "categories"} & set(data):
        raise ValueError("The claimed column has no values.")
    values: Any = read(data)
    if values.ndim != 1:
        raise ValueError("The claimed column has not one dimension.")
    return values


def _read_column(read: Read, data: Any) -> Any:
    name, content = data
    if not isinstance(name, str) or not COLUMN_TYPE.fullmatch(name):
        raise ValueError("The claimed column has an unknown type.")
    return pd.array([read(each) for each in content], dtype=name)


def _read_categories(read: Read, data: Any) -> Any:
    values, categories, ordered = data
    _refuse_many(values, categories)
    known = [read(each) for each in categories]
    return pd.Categorical([read(each) for each in values], categories=known, ordered=ordered is True)


def _read_index(read: Read, data: Any) -> Any:
    content, name = data
    values = _read_values(read, content)
    if values.dtype == object:
        _refuse_many(values)
    return pd.Index(values, name=read(name), tupleize_cols=False)


def _read_multiindex(read: Read, data: Any) -> Any:
    rows, names = data
    _refuse_many(rows)
    return pd.MultiIndex.from_tuples([read(row) for row in rows], names=[read(name) for name in names])


def _refuse_many(*columns: Any) -> None:
    """Refuses more labels than may be chosen to collide."""
    if any(len(column) > MOST_HASHED for column in columns):
        raise ValueError("The claimed value has too many labels.")


def _read_labels(read: Read, data: object) -> Any:
    labels = read(data)
    if not isinstance(labels, pd.Index):
        raise ValueError("The claimed value has no index.")
    return labels


def _read_series(read: Read, data: Any) -> Any:
    values, index, name = data
    return pd.Series(_read_values(read, values), index=_read_labels(read, index), name=read(name))


def _read_frame(read: Read, data: Any) -> Any:
    columns, index, labels = data
    # By number first: labels can be there twice.
    values = {at: _read_values(read, column) for at, column in enumerate(columns)}
    frame = pd.DataFrame(values, index=_read_labels(read, index))
    frame.columns = _read_labels(read, labels)
    return frame
