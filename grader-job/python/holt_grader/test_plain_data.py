"""Checks that plain values arrive as they were, others as a name, and made-up ones as ValueError."""

import datetime
import enum
import json
import math
import time
import unittest
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from .plain_data import Opaque, contains_opaque, decode, encode

DAY = datetime.datetime(2026, 11, 21, 15, 30, 1, 5)


def carry(value: object) -> Any:
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


class Lying:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Watching(type):
    touched: list[str] = []

    def __hash__(cls) -> int:
        Watching.touched.append("hash")
        return 0

    def __eq__(cls, other: object) -> bool:
        Watching.touched.append("eq")
        return True

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        Watching.touched.append("name")
        return "int"


class Watched(metaclass=Watching):
    def __getattribute__(self, name: str) -> Any:
        Watching.touched.append(name)
        return object.__getattribute__(self, name)


class Colour(enum.IntEnum):
    RED = 1


class Words(list[str]):
    def __iter__(self) -> Any:
        raise RuntimeError("called")


Point = namedtuple("Point", "x y")
PLAIN: list[Any] = [
    None, True, False, 0, -5, 2**53, 2**53 + 1, -(2**70), 10**4000, 0.1, -0.0, 1e308, 5e-324, math.inf, -math.inf,
    1 + 2j, complex(0, math.inf), "", "Grüße 🎉", "\ud800\n\\", b"\xff\0", bytearray(b"a"), [], [1, [2, [3]]], (),
    (1, "a"),
    {"a": 1, 2: [3]}, {}, {(1, 2): {3}}, set(), {1, "a"}, frozenset({1}), range(1, 10, 2), deque([1, 2]),
    OrderedDict(a=1), defaultdict(int, a=1), Counter("aab"), Fraction(1, 3), Decimal("0.10"), Decimal("Infinity"),
    Colour.RED, Point(1, 2), DAY, DAY.date(), DAY.time(), DAY.replace(tzinfo=datetime.timezone.utc),
    DAY.replace(tzinfo=ZoneInfo("Europe/Oslo")), datetime.timedelta(-1, 5, 7), np.float64(0.5), np.float32(0.1),
    np.int64(3), np.uint8(200), np.bool_(True), np.complex128(1j), np.str_("abc"), np.str_(""), np.bytes_(b"abc"),
    np.datetime64("2026-11-21"), np.timedelta64(5, "D"), pd.Timestamp(DAY), pd.Timestamp(DAY, tz="Europe/Oslo"),
    pd.Timestamp("2026-11-21 00:00:00.123456789"), pd.Timedelta("5D"), {None: None, 1.5: "x"}, {"array": [1]},
]  # fmt: skip
ARRAYS: list[Any] = [
    np.arange(6).reshape(2, 3), np.array([]), np.zeros((0, 3)), np.array(5.0), np.array([1.5, np.nan, np.inf]),
    np.array(["a", "bcd"]), np.array([True, False]), np.array([1, "a", None], dtype=object), np.arange(4)[::-2],
    np.asfortranarray(np.arange(6).reshape(2, 3)), np.array(["2026-11-21", "NaT"], dtype="datetime64[D]"),
    np.array([1j, 2]), np.array([b"ab"]), np.arange(3, dtype=">i4"),
]  # fmt: skip
FRAMES: list[Any] = [
    pd.Series([1, 2, 3]), pd.Series([1.5, None], index=["a", "b"], name="n"), pd.Series(["a", "b", None]),
    pd.Series([], dtype=float), pd.Series([1, None], dtype="Int64"), pd.Series(["a", "b", "a"], dtype="category"),
    pd.Series(pd.Categorical(["a", None], categories=["b", "a"], ordered=True)), pd.Series([1, "a"], dtype=object),
    pd.Series(pd.to_datetime(["2026-11-21", None])), pd.Series([True, None], dtype="boolean"),
    pd.Series(pd.to_datetime(["2026-11-21"]).tz_localize("Europe/Oslo")), pd.Series([[1], [2, 3]]),
    pd.DataFrame({"a": [1, 2], "b": ["x", None]}), pd.DataFrame(), pd.DataFrame(index=[1, 2]),
    pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), pd.DataFrame(columns=["a", "b"]),
    pd.DataFrame({"a": [1, 1], "b": [2, 3]}).groupby(["a", "b"]).size(),
    pd.DataFrame({("a", "x"): [1], ("a", "y"): [2]}),
]  # fmt: skip
INDEXES: list[Any] = [
    pd.Index([1, 2], name="i"), pd.RangeIndex(3), pd.Index(["a", "b"]), pd.to_datetime(["2026-11-21"]),
    pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["n", None]), pd.CategoricalIndex(["a", "b"]),
]  # fmt: skip


class PlainDataTest(unittest.TestCase):
    def test_plain_values_arrive_equal(self) -> None:
        for value in PLAIN:
            with self.subTest(repr(value)[:60]):
                carried = carry(value)
                self.assertEqual(carried, value)
                self.assertFalse(contains_opaque(carried))

    def test_types_that_print_differently_arrive_as_themselves(self) -> None:
        for value in (True, 1, 1.0, 1j, np.float64(1), np.int8(1), np.bool_(True), (1,), [1], np.str_("a"), "a"):
            self.assertIs(type(carry(value)), type(value))

    def test_what_is_not_a_number_arrives(self) -> None:
        self.assertTrue(math.isnan(carry(math.nan)) and np.isnan(carry(np.float32("nan"))))
        self.assertTrue(carry(pd.NaT) is pd.NaT and carry(pd.NA) is pd.NA)
        self.assertEqual(math.copysign(1, carry(-0.0)), -1)

    def test_arrays_arrive_with_type_and_shape(self) -> None:
        for value in ARRAYS:
            with self.subTest(repr(value)):
                carried = carry(value)
                np.testing.assert_array_equal(carried, value, strict=True)
                self.assertFalse(contains_opaque(carried))

    def test_series_and_frames_arrive(self) -> None:
        for value in FRAMES:
            with self.subTest(repr(value)):
                check: Any = pd.testing.assert_frame_equal if value.ndim == 2 else pd.testing.assert_series_equal
                carried = carry(value)
                check(carried, value, check_freq=False)
                self.assertFalse(contains_opaque(carried))
        for value in INDEXES:
            with self.subTest(repr(value)):
                pd.testing.assert_index_equal(carry(value), value, exact="equiv")

    def test_other_types_are_only_named(self) -> None:
        for value in (Lying(), object(), len, iter([]), np.ma.array([1]), pd.DataFrame, Ellipsis):
            self.assertEqual(carry(value), Opaque(type(value).__name__))
        for whole in ([1, Lying()], {"a": (Lying(),)}, np.array([Lying()]), pd.Series([1, Lying()], dtype=object)):
            self.assertTrue(contains_opaque(carry(whole)))
        for odd in (pd.Series(pd.period_range("2026", periods=2)), pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])})):
            self.assertEqual(carry(odd), Opaque(type(odd).__name__))

    def test_nothing_of_a_students_class_is_called(self) -> None:
        Watching.touched.clear()
        encoded = encode([Watched(), Words(["a"])])
        touched = list(Watching.touched)
        self.assertEqual((encoded, touched), ([{"opaque": "Watched"}, ["a"]], []))

    def test_what_is_too_large_or_too_deep_is_only_named(self) -> None:
        deep: list[Any] = []
        for _ in range(100):
            deep = [deep]
        round_about: list[Any] = []
        round_about.append(round_about)
        large: list[Any] = [
            deep, round_about, [0] * 10**6, "a" * 10**7, 1 << 10**6, set(range(20_000)), np.zeros(10**7),
            pd.DataFrame(np.zeros((10**4, 100))), Decimal("1e100000"), b"a" * 10**7, range(10**9),
            [Ellipsis] * 60_000, pd.MultiIndex.from_product([range(200), range(200)]),
            [["a" * 1000] * 100] * 100,
        ]  # fmt: skip
        for value in large:
            self.assertEqual(carry(value), Opaque(type(value).__name__))

    def test_a_large_answer_fits_a_frame_and_is_quick(self) -> None:
        start = time.process_time()
        numbers: list[Any] = [np.zeros(500_000), list(range(90_000)), [np.float64(0.1)] * 20_000]
        for value in (*numbers, "\x01" * 900_000, [{"a": [1.5]}] * 9_000):
            data = json.dumps(encode(value))
            self.assertLess(len(data), 8 * 2**20)
            self.assertFalse(contains_opaque(decode(json.loads(data))))
        self.assertLess(time.process_time() - start, 5)
