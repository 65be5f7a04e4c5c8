import unittest

from .doctest_turn import find_comparisons, reads_names_only
from .doctest_verdict import parse_examples


def reads_names(code: str) -> bool:
    case: dict[str, object] = {"code": code, "hidden": True}
    return reads_names_only(parse_examples("q1 0", code), find_comparisons("q1 0", case))


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


if __name__ == "__main__":
    unittest.main()
