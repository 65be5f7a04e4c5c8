"""Checks which hidden examples the judge compares itself, and that it compares as Python would."""

import json
import unittest
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from .literals import Comparison, find_comparison
from .plain_data import decode, encode

ARRAY = np.array([1.0, 2.0, 3.0])
NAMES: dict[str, Any] = {
    "np": np, "pd": pd, "Counter": Counter, "x": 3, "y": 3.14159, "s": "Kyoto", "a": ARRAY, "l": [3, 1, 2],
    "f": lambda *args: sum(args) * 2.0, "n": None, "t": True, "npt": np.bool_(True), "d": {"a": 1, "b": [1, 2]},
    "df": pd.DataFrame({"a": [1, 2, 3], "city": ["Oslo", "Kyoto", "Lima"]}), "frac": Fraction(1, 2),
    "nan": float("nan"), "i64": np.int64(3), "f32": np.float32(0.1), "big": 2**80, "st": {1, 2}, "c": 1 + 2j,
    "series": pd.Series([1, 2, 3], index=["a", "b", "c"]), "empty": np.array([]), "sq": lambda v: v * v,
    "counter": Counter("aab"), "cell": np.str_("abc"), "rows": np.arange(6).reshape(2, 3), "g": lambda v: v > 1,
}  # fmt: skip
# Source, and the student's side of it.
COMPARED = {
    "assert x == 3": "x",
    "assert x == 3, 'no'": "x",
    "assert 3 == x": "x",
    "assert x == 3.0": "x",
    "assert x == 4": "x",
    "assert i64 == 3": "i64",
    "assert f32 == 0.1": "f32",
    "assert big == 2 ** 80": "big",
    "assert frac == 0.5": "frac",
    "assert c == 1 + 2j": "c",
    "assert nan == np.nan": "nan",
    "assert s == 'Kyoto'": "s",
    "assert cell == 'abc'": "cell",
    "assert d == {'a': 1, 'b': [1, 2]}": "d",
    "assert counter == {'a': 2, 'b': 1}": "counter",
    "assert l == [3, 1, 2]": "l",
    "assert l == (3, 1, 2)": "l",
    "assert sorted(l) == [1, 2, 3]": "sorted(l)",
    "assert set(l) == {1, 2, 3}": "set(l)",
    "assert len(l) == 3": "len(l)",
    "assert len(df) == 3": "len(df)",
    "assert df.shape == (3, 2)": "df.shape",
    "assert df.loc[df['a'] > 1, 'city'].tolist() == ['Kyoto', 'Lima']": "df.loc[df['a'] > 1, 'city'].tolist()",
    "assert list(df.columns) == ['a', 'city']": "list(df.columns)",
    "assert df['a'].iloc[0] == 1": "df['a'].iloc[0]",
    "assert round(y, 2) == 3.14": "round(y, 2)",
    "assert round(y, 3) == 3.14": "round(y, 3)",
    "assert abs(y - 3.14) < 0.01": "y",
    "assert abs(3.14 - y) <= 0.001": "y",
    "assert 0.01 > abs(y - 3.14)": "y",
    "assert 3 < y < 4": "y",
    "assert 4 >= y > 3.5": "y",
    "assert x - 3 == 0": "x",
    "assert x * 2 + 1 == 7": "x",
    "assert round(y * 100) == 314": "y",
    "assert np.isclose(y, 3.14159)": "y",
    "assert np.isclose(3.1416, y, rtol=0, atol=1e-4)": "y",
    "assert np.isclose(y, 3.2, 0.1)": "y",
    "assert np.isclose(y - 3.14159, 0)": "y",
    "assert math.isclose(y, 3.14, rel_tol=1e-2)": "y",
    "assert np.allclose(a, [1, 2, 3])": "a",
    "assert np.allclose(a, np.array([1, 2, 4]))": "a",
    "assert np.allclose(series, [1, 2, 3])": "series",
    "assert np.allclose(f(1, 2), 6.0)": "f(1, 2)",
    "assert np.array_equal(a, [1, 2, 3])": "a",
    "assert np.array_equal(a, np.array([1, 2]))": "a",
    "assert (a == [1, 2, 3]).all()": "a",
    "assert (rows == [[0, 1, 2], [3, 4, 5]]).all()": "rows",
    "assert all(a == np.array([1, 2, 3]))": "a",
    "assert np.all(series == pd.Series([1, 2, 3]))": "series",
    "assert np.isclose(a, [1, 2, 3]).all()": "a",
    "assert np.all(np.isclose(a, 2))": "a",
    "assert a == [1, 2, 3]": "a",
    "assert n is None": "n",
    "assert n == None": "n",
    "assert t is True": "t",
    "assert npt is True": "npt",
    "assert npt == True": "npt",
    "assert g(3) == True": "g(3)",
    "assert g(0) is False": "g(0)",
    "assert s in ('Oslo', 'Kyoto')": "s",
    "assert x in [1, 2]": "x",
    "assert x == 3 and s == 'Kyoto' and len(l) == 3": "(x, s, len(l))",
    "assert x == 3 and s == 'Oslo'": "(x, s)",
    "assert bool(x == 3)": "x",
    "assert sq(5) == 25": "sq(5)",
    "assert [sq(i) for i in range(4)] == [0, 1, 4, 9]": "[sq(i) for i in range(4)]",
    "assert st == set()": "st",
    "assert x == 10 / 3 - 1 / 3": "x",
    "assert str(x) == '3'": "str(x)",
    "np.testing.assert_allclose(a, [1, 2, 3])": "a",
    "np.testing.assert_allclose(a, [1, 2, 3.1], rtol=1e-3)": "a",
    "np.testing.assert_almost_equal(y, 3.14159, 4)": "y",
    "np.testing.assert_array_equal(l, [3, 1, 2])": "l",
    "np.testing.assert_equal(d, {'a': 1, 'b': [1, 2]})": "d",
    "assert type(x).__name__ == 'int'": "type(x).__name__",
}
FORGEABLE = [
    "assert x", "assert isinstance(x, int)", "assert x == y", "assert f(3) == g(3)", "assert x != 3", "assert x > 2",
    "assert 3 in l", "assert x not in (1, 2)", "assert x == 3 or x == 4", "assert not x == 3", "assert 1 == 1",
    "assert len([1, 2]) == 2", "assert a.equals([1])", "assert s.startswith('K') == True", "assert (x == 3) == True",
    "assert isinstance(x, int) == True", "assert callable(f) is True", "assert sum(a == [1, 2, 3]) == 3",
    "assert abs(x - y) < 1e-9", "assert x - y == 0", "assert np.isclose(x, y)", "assert np.isclose(x - y, 0)",
    "assert max(x, 7) == 7", "assert d.get('z', 5) == 5", "assert f([1, 2]) == [1, 2]", "x = 3", "assert x == 3; y",
    "assert (z := x) == 3", "assert 2 ** x == 8", "assert 0 == 0 == x", "assert x == 3 == 3", "import os",
    "assert np.isclose(x, 3, rtol=y)", "assert np.isclose(x, 3, other=1)", "assert np.isclose(*l)", "assert",
    "assert np.allclose(x)", "assert x is 3", "assert (a == []).all()", "for i in l: pass", "", "assert (", "x == 3",
    "np.testing.assert_allclose(x, y)", "np.isclose(x, 3)", "print(x)", "x",
    "assert x < 3 > 2", "assert x == open('a')", "assert x == 9 ** 9 ** 9", "assert x == 'a' * 10 ** 10",
    "assert lambda: x == 3", "assert abs(x) < 5", "assert await x == 3",
]  # fmt: skip


def carry(comparison: Comparison, names: dict[str, Any]) -> bool:
    value = eval(comparison.source, dict(names))
    return comparison.compare(decode(json.loads(json.dumps(encode(value), allow_nan=False)))) is True


def run(source: str, names: dict[str, Any]) -> bool:
    try:
        exec("import math\n" + source, dict(names))
    except Exception:
        return False
    return True


class LiteralsTest(unittest.TestCase):
    def find(self, source: str, want: str = "") -> Comparison:
        comparison = find_comparison(source, want)
        assert comparison is not None, source
        return comparison

    def test_the_students_side_is_asked_and_the_judge_agrees_with_python(self) -> None:
        outcomes = set()
        for source, side in COMPARED.items():
            with self.subTest(source):
                comparison = self.find(source)
                self.assertEqual(comparison.source, side)
                outcome = run(source, NAMES)
                outcomes.add(outcome)
                self.assertEqual(carry(comparison, NAMES), outcome)
        self.assertEqual(outcomes, {True, False})

    def test_a_value_that_is_wanted_to_be_true_is_compared(self) -> None:
        for source in ("x == 3\n", "np.isclose(y, 3.14159)\n", "bool(np.allclose(a, [1, 2, 3]))\n"):
            self.assertTrue(carry(self.find(source, "True\n"), NAMES))
        self.assertIsNone(find_comparison("x == 3\n", "False\n"))
        self.assertIsNone(find_comparison("x == 3\n", "3\n"))
        self.assertIsNone(find_comparison("assert x == 3\n", "True\n"))

    def test_everything_else_is_forgeable(self) -> None:
        for source in FORGEABLE:
            with self.subTest(source):
                self.assertIsNone(find_comparison(source))

    def test_a_conjunction_needs_as_many_values_as_it_has_sides(self) -> None:
        both = self.find("assert x == 3 and y == 4")
        self.assertTrue(both.compare((3, 4)))
        for value in ((3,), (3, 4, 5), 3, None, "34", (3, 5), {0: 3, 1: 4}):
            self.assertFalse(both.compare(value))
