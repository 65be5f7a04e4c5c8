"""Checks that what a test file says of itself is believed only where it can be."""

import copy
import unittest
from typing import Any

from .exception_listing import ExceptionTest, read_listing
from .exception_source import Unsupported
from .read_tests import read_test

SOURCE = b"""from otter.test_files import test_case
OK_FORMAT = False
name = "q1"

@test_case()
def public(x):
    assert x

@test_case(hidden=True)
def compared(x):
    assert x == 3

@test_case(hidden=True)
def claimed(x):
    assert x > 2
"""


def make_case(key: str, hidden: bool, **more: Any) -> dict[str, Any]:
    texts = {"name": None, "points": None, "success_message": None, "failure_message": None}
    return {"key": key, "hidden": hidden, **texts, **more}


LISTING: dict[str, Any] = {
    "name": "q1",
    "points": 3,
    "all_or_nothing": False,
    "cases": [make_case("public", False), make_case("compared", True, points=2), make_case("claimed", True, name="c")],
}


def read(told: object) -> ExceptionTest:
    return read_listing(read_test("tests/q1.py", SOURCE), told)


class ListingTest(unittest.TestCase):
    def test_names_and_points_are_resolved_as_otter_does(self) -> None:
        test = read(LISTING)
        self.assertEqual([case.name for case in test.file.test_cases], ["q1 - 1", "q1 - 2", "c"])
        self.assertEqual([case.points for case in test.file.test_cases], [0.5, 2, 0.5])
        self.assertEqual((test.name, test.path, test.file.all_or_nothing), ("q1", "tests/q1.py", False))

    def test_hidden_cases_that_the_judge_cannot_compare_are_forgeable(self) -> None:
        test = read(LISTING)
        self.assertEqual((test.public_numbers, test.hidden_numbers, test.forgeable), ([0], [1, 2], [2]))

    def test_a_listing_that_cannot_be_is_refused(self) -> None:
        def change(**more: Any) -> dict[str, Any]:
            return {**copy.deepcopy(LISTING), **more}

        def change_case(**more: Any) -> dict[str, Any]:
            return change(cases=[{**make_case("public", False), **more}])

        cases: list[tuple[object, str]] = [
            (None, "did not end"),
            ([], "did not end"),
            ({"failed": "ValueError: words"}, "cannot be loaded: ValueError: words"),
            (change(name=None), "no question name"),
            (change(name="q" * 201), "no question name"),
            (change(cases=[]), "no cases"),
            (change(cases=[make_case("public", False)] * 1001), "more than 1000"),
            (change(cases="public"), "no cases"),
            (change(cases=[1]), "not listed as cases"),
            (change(cases=[{"key": "public"}]), "not listed as cases"),
            (change(points=[1]), "different length"),
            (change(points=[1, 2, "3"]), "'3' points"),
            (change(points=1), "More points specified"),
            (change(points="many"), "'many' points"),
            (change(points=True), "True points"),
            (change(points=-1), "-1 points"),
            (change(points=1e9), "points, which cannot be"),
            (change_case(key="not a name"), "without a function's name"),
            (change_case(key="pass"), "otherwise than by one function"),
            (change_case(key="elsewhere"), "otherwise than by one function"),
            (change_case(hidden=1), "without a function's name"),
            (change_case(name=3), "name that is no text"),
            (change_case(failure_message="x" * 20_001), "longer than"),
            (change_case(points=[1]), "points, which cannot be"),
        ]
        for told, reason in cases:
            with self.subTest(str(told)[:200]), self.assertRaisesRegex(Unsupported, reason):
                read(told)


if __name__ == "__main__":
    unittest.main()
