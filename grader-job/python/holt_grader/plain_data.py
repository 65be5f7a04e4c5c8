"""Writes values as JSON in a snapshot, and reads them in the judge, without pickling.

Only values of known types are written; of any other there is just the name of its type. Nothing that a class of the
notebook could define is called.
"""

import base64
import datetime
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import plain_arrays
from .plain_limits import BUDGET, DEEPEST, ITEM, LONGEST_NUMBER, LONGEST_RANGE, MOST_HASHED, ZONES, NotPlain, name_type
from .plain_reader import Opaque, contains_opaque, decode

__all__ = ["Opaque", "contains_opaque", "decode", "encode"]

_BASES = (int, float, str, list, tuple, dict, set, frozenset)


def encode(value: object) -> object:
    """Returns a value as JSON with tags, or `{"opaque": type name}`."""
    try:
        return _Writer().write(value, 0)
    except NotPlain:
        return {"opaque": name_type(type(value))}


class _Writer:
    def __init__(self) -> None:
        self.left = BUDGET
        self.hashed = MOST_HASHED
        # By identity: looking a class up by hash or equality would call what its metaclass defines.
        self._writers: dict[int, Callable[[Any, int], object]] = {
            id(kind): writer for kind, writer in self._list_writers().items()
        }

    def _list_writers(self) -> dict[type, Callable[[Any, int], object]]:
        return {
            type(None): lambda value, depth: None,
            bool: lambda value, depth: value,
            int: lambda value, depth: self._write_int(value),
            float: lambda value, depth: self._write_float(value),
            complex: lambda value, depth: {
                "complex": [self._write_float(value.real), self._write_float(value.imag)]
            },
            str: lambda value, depth: self._write_text(value),
            bytes: lambda value, depth: {"bytes": self.write_bytes(value)},
            bytearray: lambda value, depth: {"bytearray": self.write_bytes(bytes(value))},
            list: lambda value, depth: self.write_all(value, depth),
            tuple: lambda value, depth: {"tuple": self.write_all(value, depth)},
            deque: lambda value, depth: {"deque": self.write_all(value, depth)},
            set: lambda value, depth: {"set": self._write_hashed(value, depth)},
            frozenset: lambda value, depth: {"frozenset": self._write_hashed(value, depth)},
            dict: lambda value, depth: {"dict": self._write_pairs(value, depth)},
            OrderedDict: lambda value, depth: {"ordered": self._write_pairs(value, depth)},
            defaultdict: lambda value, depth: {"dict": self._write_pairs(value, depth)},
            Counter: lambda value, depth: {"counter": self._write_pairs(value, depth)},
            range: self._write_range,
            Fraction: lambda value, depth: {
                "fraction": self.write_all((value.numerator, value.denominator), depth)
            },
            Decimal: lambda value, depth: self._write_decimal(value),
            datetime.date: lambda value, depth: {"date": value.isoformat()},
            datetime.time: lambda value, depth: self._write_moment("time", value),
            datetime.datetime: lambda value, depth: self._write_moment("datetime", value),
            datetime.timedelta: lambda value, depth: {
                "timedelta": [value.days, value.seconds, value.microseconds]
            },
            **plain_arrays.list_writers(self),
        }

    def spend(self, amount: int) -> None:
        """Counts what the written value takes, and stops where it is too much."""
        self.left -= amount
        if self.left < 0:
            raise NotPlain

    def write(self, value: object, depth: int) -> object:
        """Returns a value as JSON."""
        self.spend(ITEM)
        if depth > DEEPEST:
            raise NotPlain
        kind = type(value)
        writer = self._writers.get(id(kind))
        if writer is not None:
            return writer(value, depth)
        base = _find_base(kind)
        if base is None:
            self.spend(2 * ITEM)
            return {"opaque": name_type(kind)}
        return self._writers[id(base)](_take_base(value, base), depth)

    def write_all(self, values: Iterable[object], depth: int) -> list[object]:
        """Returns each value as JSON."""
        return [self.write(value, depth + 1) for value in values]

    def write_bytes(self, value: bytes) -> str:
        """Returns bytes as text."""
        self.spend(len(value) * 4 // 3)
        return base64.b64encode(value).decode("ascii")

    def _write_int(self, value: int) -> object:
        if value.bit_length() > LONGEST_NUMBER * 4:
            raise NotPlain
        if value.bit_length() <= 53:
            return value
        self.spend(value.bit_length() // 4)
        return {"int": hex(value)}

    def _write_float(self, value: float) -> object:
        return value if -1e300 < value < 1e300 else {"float": value.hex()}

    def _write_text(self, value: str) -> object:
        # JSON writes a control character with six.
        self.spend(len(value) * 6)
        try:
            value.encode()
        except UnicodeEncodeError:
            return {"text": value.encode("unicode_escape").decode("ascii")}
        return value

    def _write_decimal(self, value: Decimal) -> object:
        text = str(value)
        if len(text) > LONGEST_NUMBER or (value.is_finite() and abs(value.adjusted()) > LONGEST_NUMBER):
            raise NotPlain
        return {"decimal": text}

    def _write_range(self, value: range, depth: int) -> object:
        if abs(value.stop - value.start) > LONGEST_RANGE * abs(value.step):
            raise NotPlain
        return {"range": self.write_all((value.start, value.stop, value.step), depth)}

    def _write_hashed(self, values: Any, depth: int) -> list[object]:
        self.hashed -= len(values)
        if self.hashed < 0:
            raise NotPlain
        return self.write_all(values, depth)

    def _write_pairs(self, values: Any, depth: int) -> list[object]:
        self.hashed -= len(values)
        if self.hashed < 0:
            raise NotPlain
        return [[self.write(key, depth + 1), self.write(value, depth + 1)] for key, value in dict.items(values)]

    def _write_moment(self, tag: str, value: Any) -> object:
        if type(value.tzinfo) not in ZONES:
            raise NotPlain
        return {tag: value.isoformat()}


def _find_base(kind: type) -> type | None:
    """Returns the built-in type that a class derives from, where it compares as that type does."""
    order: tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    for each in order:
        for base in _BASES:
            if each is base:
                return base
        if "__eq__" in type.__dict__["__dict__"].__get__(each):
            return None
    return None


def _take_base(value: Any, base: type) -> object:
    """Returns what the built-in type itself keeps in an object of a derived class."""
    if base is int:
        return int.__add__(value, 0)
    if base is float:
        return float.__add__(value, 0.0)
    if base is str:
        return str.__str__(value)
    if base is dict:
        return dict(dict.items(value))
    iterate: Callable[[object], Iterable[object]] = base.__dict__["__iter__"]
    return base(iterate(value))
