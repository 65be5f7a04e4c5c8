"""Checks that the questions which are listed for an archive are those of the results that otter makes."""

import json
import pathlib
import unittest
from typing import Any

from .archive import Archive, ArchiveProblem, read_archive
from .questions import list_questions, read_points_possible
from .test_results import CONFIGS, Q1, Q2, make_archive, run_otter

FIXTURES = pathlib.Path(__file__).parents[3] / "testing/fixtures"


def list_all(archive: Archive) -> list[dict[str, Any]]:
    return list_questions(archive, archive.tests, {})


class QuestionsTest(unittest.TestCase):
    def test_names_maxima_and_order_are_those_of_otter(self) -> None:
        for config in CONFIGS:
            with self.subTest(config=config):
                archive = make_archive(config, q2=Q2, q10={**Q1, "name": "q10"}, q1=Q1, q3={**Q1, "name": "last"})
                tests = run_otter(archive, [(path, {}) for path in sorted(archive.tests)])["tests"]
                expected = [{"name": one["name"], "possible": one["max_score"]} for one in tests if "max_score" in one]
                self.assertEqual(list_all(archive), expected)
                self.assertEqual([one["name"] for one in expected], ["q1", "q10", "q2", "last"])

    def test_the_lab_has_the_questions_that_otter_run_wrote(self) -> None:
        archive = read_archive((FIXTURES / "otter-lab/autograders/demo/zips/lab-demo-autograder.zip").read_bytes())
        tests = json.loads((FIXTURES / "otter-lab/expected/blank.otter-run.json").read_text())["tests"]
        expected = {one["name"]: one["max_score"] for one in tests if "max_score" in one}
        self.assertEqual({one["name"]: one["possible"] for one in list_all(archive)}, expected)

    def test_a_part_of_a_point_is_rounded_as_otter_rounds_it(self) -> None:
        archive = make_archive({}, q={**Q1, "name": "q", "points": [1 / 3, 1 / 3, 0]})
        self.assertEqual(list_all(archive), [{"name": "q", "possible": 0.66667}])

    def test_a_setting_that_otter_fails_on_is_told(self) -> None:
        archive = make_archive({"score_threshold": "half"}, q1=Q1)
        with self.assertRaises(ArchiveProblem) as caught:
            list_all(archive)
        self.assertIn("otter cannot grade with otter_config.json", caught.exception.sentence)

    def test_more_questions_than_a_result_may_have_are_refused(self) -> None:
        many = {f"q{number}": {**Q1, "name": f"q{number}"} for number in range(1001)}
        with self.assertRaises(ArchiveProblem) as caught:
            list_all(make_archive({}, **many))
        self.assertIn("has 1001 questions", caught.exception.sentence)

    def test_a_name_that_no_reader_takes_is_refused(self) -> None:
        for name, why in [("\ud800", "no well-formed text"), ("🦦" * 101, "is longer than 200")]:
            with self.subTest(name=name):
                archive = make_archive({}, q={**Q1, "name": name})
                with self.assertRaises(ArchiveProblem) as caught:
                    list_all(archive)
                self.assertIn(why, caught.exception.sentence)
                self.assertTrue(caught.exception.sentence.isascii())
        self.assertEqual(list_all(make_archive({}, q={**Q1, "name": "🦦" * 100}))[0]["name"], "🦦" * 100)

    def test_a_total_is_a_number_that_can_be(self) -> None:
        self.assertIsNone(read_points_possible({}))
        self.assertEqual(read_points_possible({"points_possible": 7}), 7)
        wrong: list[object] = [0, -1, 1e7, float("nan"), float("inf"), "7", True, [7]]
        for value in wrong:
            with self.subTest(value=value), self.assertRaises(ArchiveProblem) as caught:
                read_points_possible({"points_possible": value})
            self.assertIn("points_possible: write a number above 0", caught.exception.sentence)


if __name__ == "__main__":
    unittest.main()
