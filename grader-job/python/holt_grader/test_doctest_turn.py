import unittest

from .doctest_turn import find_comparisons, reads_names_only, reads_shown_names
from .doctest_verdict import parse_examples
from .read_tests import TestSource


def reads_names(code: str) -> bool:
    case: dict[str, object] = {"code": code, "hidden": True}
    return reads_names_only(parse_examples("q1 0", code), find_comparisons("q1 0", case))


def make_test(*cases: tuple[str, bool]) -> TestSource:
    listed = [{"code": code, "hidden": hidden} for code, hidden in cases]
    return TestSource("tests/q1.py", "", "doctest", {"name": "q1", "suites": [{"cases": listed}]})


class DoctestTurnTest(unittest.TestCase):
    def test_a_case_that_compares_names_with_literals_needs_no_fork(self) -> None:
        self.assertTrue(reads_names(">>> assert total == 40\n"))
        self.assertTrue(reads_names(">>> city == 'Kyoto'\nTrue\n>>> total == 40\nTrue\n"))

    def test_a_case_that_calls_the_students_function_needs_one(self) -> None:
        self.assertFalse(reads_names(">>> assert double(2) == 4\n"))
        self.assertFalse(reads_names(">>> total == 40\nTrue\n>>> double(2) == 4\nTrue\n"))

    def test_a_case_that_does_something_before_it_compares_needs_one(self) -> None:
        self.assertFalse(reads_names(">>> total = double(2)\n>>> total == 4\nTrue\n"))

    def test_a_case_that_looks_into_a_value_needs_one(self) -> None:
        # A table can have been made to grow when it is looked into.
        self.assertFalse(reads_names(">>> table['a'] == 1\nTrue\n"))
        self.assertFalse(reads_names(">>> table.total == 1\nTrue\n"))

    def test_names_that_public_cases_tell_are_shown(self) -> None:
        public = (">>> isinstance(total, int)\nTrue\n", False)
        self.assertTrue(reads_shown_names(make_test(public, (">>> assert total == 40\n", True))))
        self.assertTrue(reads_shown_names(make_test(public, (">>> double(2)\n4\n", True))), "nothing is compared")

    def test_a_name_that_only_hidden_cases_tell_is_not(self) -> None:
        for shown in ("subtotal > 1", "total_ > 1", "'x' in data"):
            public = (f">>> {shown}\nTrue\n", False)
            self.assertFalse(reads_shown_names(make_test(public, (">>> assert total == 40\n", True))), shown)
        self.assertFalse(reads_shown_names(make_test((">>> assert total == 40\n", True))))

    def test_what_is_more_than_a_name_is_not(self) -> None:
        public = (">>> double(2) > total\nTrue\n", False)
        self.assertFalse(reads_shown_names(make_test(public, (">>> assert double(2) == 4\n", True))))


if __name__ == "__main__":
    unittest.main()
