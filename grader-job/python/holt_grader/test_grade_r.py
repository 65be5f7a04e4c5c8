"""Checks what of grading R needs no R: that it is missed, and how questions are listed."""

import os
import tempfile
import unittest
from unittest.mock import patch

from checks import Problem
from grade_r import has_ottr, list_questions, use_rscript


class WithoutR(unittest.TestCase):
    def test_a_machine_without_rscript_has_no_ottr_and_is_told_what_is_missing(self) -> None:
        with tempfile.TemporaryDirectory() as empty, patch.dict(os.environ, PATH=empty):
            self.assertFalse(has_ottr())
            with self.assertRaises(Problem) as caught:
                use_rscript()
        self.assertEqual(caught.exception.about, "archive")
        self.assertIn("no R with the package ottr: build its image on a base that has both", str(caught.exception))

    def test_questions_are_the_entries_of_a_result_that_have_a_maximum(self) -> None:
        tests = [{"name": "Public Tests", "status": "passed"}, {"name": "q1", "score": 0, "max_score": 2.0}]
        self.assertEqual(list_questions({"tests": tests}), [{"name": "q1", "possible": 2.0}])


if __name__ == "__main__":
    unittest.main()
