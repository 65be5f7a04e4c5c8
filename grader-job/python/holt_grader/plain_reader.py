"""Reads in the judge what a snapshot claims a value to be. Whatever arrives may be made up."""

import base64
import datetime
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd  # type: ignore[import-untyped]

from . import plain_array_reader
from .plain_limits import LONGEST_NUMBER, LONGEST_RANGE, MOST_HASHED


@dataclass(frozen=True)
class Opaque:
    """A value of which only the name of its type is known."""

    type_name: str


def decode(data: object) -> object:
    """Returns the value that `encode` wrote; raises ValueError where it was not `encode` that wrote."""
    try:
        return _Reader().read(data)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"The claimed value cannot be read: {type(error).__name__}: {error}"[:500]) from None


def contains_opaque(value: object) -> bool:
    """Tells whether some part of a decoded value is not known."""
    if isinstance(value, dict):
        return any(contains_opaque(key) or contains_opaque(each) for key, each in value.items())
    if isinstance(value, list | tuple | set | frozenset | deque):
        return any(contains_opaque(each) for each in value)
    return isinstance(value, Opaque) or any(contains_opaque(each) for each in plain_array_reader.list_objects(value))


class _Reader:
    def __init__(self) -> None:
        self.hashed = MOST_HASHED
        self._readers: dict[str, Callable[[Any], object]] = {
            "opaque": lambda data: Opaque(_text(data)),
            "int": lambda data: int(_number(data), 16),
            "float": lambda data: float.fromhex(_number(data)),
            "complex": lambda data: complex(*map(self._read_float, _list(data, 2))),
            "text": lambda data: _text(data).encode("ascii").decode("unicode_escape"),
            "bytes": _read_bytes,
            "bytearray": lambda data: bytearray(_read_bytes(data)),
            "tuple": lambda data: tuple(self.read_all(data)),
            "deque": lambda data: deque(self.read_all(data)),
            "set": lambda data: set(self._read_hashed(data)),
            "frozenset": lambda data: frozenset(self._read_hashed(data)),
            "dict": lambda data: dict(self._read_pairs(data)),
            "ordered": lambda data: OrderedDict(self._read_pairs(data)),
            "counter": lambda data: Counter(dict(self._read_pairs(data))),
            "range": self._read_range,
            "fraction": lambda data: Fraction(*self._read_ints(data, 2)),
            "decimal": _read_decimal,
            "date": lambda data: datetime.date.fromisoformat(_text(data)),
            "time": lambda data: datetime.time.fromisoformat(_text(data)),
            "datetime": lambda data: datetime.datetime.fromisoformat(_text(data)),
            "timedelta": lambda data: datetime.timedelta(*self._read_ints(data, 3)),
            "timestamp": lambda data: pd.Timestamp(_number(data)),
            "timedelta64": lambda data: pd.Timedelta(*self._read_ints([data], 1), "ns"),
            "missing": lambda data: {"NaT": pd.NaT, "NA": pd.NA}[_text(data)],
            **plain_array_reader.list_readers(self.read),
        }

    def read(self, data: object) -> object:
        """Returns one value."""
        if data is None or isinstance(data, bool | int | float | str):
            return data
        if isinstance(data, list):
            return self.read_all(data)
        if not isinstance(data, dict) or len(data) != 1:
            raise ValueError("The claimed value is neither plain nor tagged.")
        ((tag, content),) = data.items()
        return self._readers[tag](content)

    def read_all(self, data: object) -> list[object]:
        """Returns a list of values."""
        return [self.read(each) for each in _list(data)]

    def _read_hashed(self, data: object) -> list[object]:
        self.hashed -= len(_list(data))
        if self.hashed < 0:
            raise ValueError("The claimed value has too many keys.")
        return self.read_all(data)

    def _read_pairs(self, data: object) -> list[tuple[object, object]]:
        pairs = [_list(pair, 2) for pair in _list(data)]
        keys = self._read_hashed([key for key, _ in pairs])
        return list(zip(keys, [self.read(value) for _, value in pairs], strict=True))

    def _read_range(self, data: object) -> range:
        start, stop, step = self._read_ints(data, 3)
        if abs(stop - start) > LONGEST_RANGE * abs(step):
            raise ValueError("The claimed value has a range that is too long.")
        return range(start, stop, step)

    def _read_ints(self, data: object, length: int) -> list[int]:
        values = [self.read(each) for each in _list(data, length)]
        return [value if type(value) is int else _refuse() for value in values]

    def _read_float(self, data: object) -> float:
        value = self.read(data)
        return value if type(value) is float else _refuse()


def _refuse() -> Any:
    raise ValueError("The claimed value has a number of another kind than its tag says.")


def _list(data: object, length: int | None = None) -> list[Any]:
    if not isinstance(data, list) or (length is not None and len(data) != length):
        raise ValueError("The claimed value has no list where one belongs.")
    return data


def _text(data: object) -> str:
    if not isinstance(data, str):
        raise ValueError("The claimed value has no text where one belongs.")
    return data


def _number(data: object) -> str:
    text = _text(data)
    if len(text) > LONGEST_NUMBER + 10:
        raise ValueError("The claimed value has a number that is too long.")
    return text


def _read_bytes(data: object) -> bytes:
    return base64.b64decode(_text(data), validate=True)


def _read_decimal(data: object) -> Decimal:
    value = Decimal(_number(data))
    if value.is_finite() and abs(value.adjusted()) > LONGEST_NUMBER:
        raise ValueError("The claimed value has a number that is too long.")
    return value
