"""Checks that a comparison holds for no value that could be claimed without knowing the literal."""

import unittest

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from .literals import Comparison, find_comparison
from .plain_data import decode, encode

ARRAY = np.array([1.0, 2.0, 3.0])


def find(source: str) -> Comparison:
    comparison = find_comparison(source)
    assert comparison is not None, source
    return comparison


class LiteralClaimsTest(unittest.TestCase):
    def test_other_answers_do_not_hold(self) -> None:
        wrong: list[object] = [
            None, True, 0, "", [], {}, set(), np.nan, float("inf"), -1, ARRAY, [ARRAY], "x" * 10, {"a": 1}, (0, 0),
            np.empty(0), np.empty((0, 3)), np.empty((0, 1)), np.full(3, np.nan), pd.Series([], dtype=float), pd.NA,
            pd.DataFrame(), range(10**9), [[]], np.array("a"), 10**400, [1] * 3, pd.Series([1]),
        ]  # fmt: skip
        for source in (
            "assert x == 424242", "assert np.isclose(x, 424242)", "assert np.allclose(x, [7, 8, 9])",
            "assert abs(x - 424242) < 1", "assert (x == [7, 8, 9]).all()", "assert np.all(np.isclose(x, 424242))",
            "assert np.array_equal(x, [7, 8, 9])", "assert x in ('u', 'v')", "assert 424241 < x < 424243",
            "assert math.isclose(x, 424242)", "assert x * 3 == 424242", "assert x % 5 == 3.5",
            "assert all(x == [7, 8])",
            "np.testing.assert_allclose(x, 424242)", "np.testing.assert_array_equal(x, [7, 8, 9])",
            "np.testing.assert_almost_equal(x, 424242)", "np.testing.assert_equal(x, 424242)",
            "np.testing.assert_array_almost_equal(x, [7, 8, 9])", "assert np.allclose(x, 424242)",
            "assert x ** 2 == 424242", "assert round(x + 5) == 424242",
        ):  # fmt: skip
            for value in wrong:
                with self.subTest(source, value=repr(value)[:40]):
                    self.assertIsNot(find(source).compare(decode(encode(value))), True)

    def test_a_value_that_is_only_named_says_nothing(self) -> None:
        class Lying:
            def __eq__(self, other: object) -> bool:
                return True

        for value in (Lying(), [Lying()], {"a": Lying()}):
            self.assertIsNone(find("assert x == 3").compare(decode(encode(value))))

    def test_an_empty_array_says_nothing_where_it_would_be_close_to_everything(self) -> None:
        for source in ("assert np.allclose(x, 3)", "assert (x == 3).all()"):
            self.assertIsNone(find(source).compare(np.empty(0)))
        self.assertTrue(find("assert np.allclose(x, [])").compare(np.empty(0)))

    def test_a_claim_that_would_take_too_much_says_nothing(self) -> None:
        repeated = find("assert x * 100000000 == 5")
        self.assertIsNone(repeated.compare([1]))
        broad = find(f"assert np.allclose(x, {list(range(100))})")
        self.assertIsNone(broad.compare(np.zeros((200_000, 1))))
