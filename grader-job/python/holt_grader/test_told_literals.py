import unittest

from .doctest_turn import is_safe
from .told_literals import quiet, tells


def safe(code: str) -> bool:
    return is_safe("q1 0", {"code": code, "hidden": True})


class ToldLiteralsTest(unittest.TestCase):
    def test_comments_and_messages_of_assertions_are_not_shown(self) -> None:
        self.assertEqual(quiet("assert n > 1, 'the table has 40 rows'  # 40\n"), "assert n > 1\n")
        self.assertEqual(quiet("n = 1 +\n"), "n = 1 +\n")

    def test_a_case_that_compares_with_what_it_has_not_told_is_safe(self) -> None:
        self.assertTrue(safe(">>> assert n_rows == 40\n"))
        self.assertTrue(safe(">>> n_rows = int(n_rows)  # 40\n>>> assert n_rows == 40\n"))
        self.assertTrue(safe(">>> assert n_rows > 1, 'it has 40 rows'\n>>> assert n_rows == 40\n"))
        self.assertTrue(safe(">>> seed(140)\n>>> assert n_rows == 40\n"))

    def test_a_case_that_tells_its_literal_before_it_compares_is_forgeable(self) -> None:
        self.assertFalse(safe(">>> print('it has 40 rows')\n>>> assert n_rows == 40\n"))
        self.assertFalse(safe(">>> expected = 40\n>>> assert n_rows == 40\n"))
        self.assertFalse(safe(">>> known = ['Kyoto', 'Oslo']\n>>> assert city == 'Kyoto'\n"))
        self.assertFalse(safe(">>> assert double(40) == 80\n>>> assert n_rows == 40\n"))

    def test_a_text_that_an_example_has_in_itself_is_no_proof(self) -> None:
        self.assertFalse(safe(">>> print('forty', len(n))\nforty\n"))
        self.assertTrue(safe(">>> n_rows\n40\n"))

    def test_yes_no_and_nothing_are_not_told(self) -> None:
        self.assertFalse(tells(["None is True"], [None, True, False, ""]))
        self.assertFalse(tells(["x1 + 10.5"], [1, 10, 5]))
        self.assertTrue(tells(["f(-40, b=2.5)"], [2.5]))


if __name__ == "__main__":
    unittest.main()
