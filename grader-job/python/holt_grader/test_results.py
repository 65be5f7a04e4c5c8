"""Checks that results made from verdicts are those that otter makes by running its tests."""

import copy
import io
import json
import pathlib
import unittest
import zipfile
from typing import Any

from otter.run import AutograderConfig
from otter.test_files import GradingResults
from otter.test_files.ok_test import OKTestFile

from .archive import Archive, ArchiveProblem, read_archive
from .doctest_verdict import judge_case
from .example import Answer, Question
from .results import CaseVerdict, CheckVerdict, make_results, read_settings
from .run_example import CaseRunner

LAB = pathlib.Path(__file__).parents[3] / "testing/fixtures/otter-lab"

Q1 = {
    "name": "q1",
    "points": 3,
    "suites": [
        {
            "type": "doctest",
            "cases": [
                {"code": ">>> x\n3\n", "hidden": False, "success_message": "Well done."},
                {"code": ">>> assert x > 1\n", "hidden": True, "failure_message": "Look again."},
                {"code": ">>> y\n3\n", "hidden": True, "points": 2},
            ],
        }
    ],
}
Q2 = {
    "name": "q2",
    "points": [1, 0.5],
    "all_or_nothing": True,
    "suites": [{"cases": [{"code": ">>> x\n3\n", "hidden": False}, {"code": ">>> 1 / 0\n"}]}],
}


def make_archive(config: dict[str, Any], **specs: dict[str, Any]) -> Archive:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("otter_config.json", json.dumps(config))
        for name, spec in specs.items():
            made.writestr(f"tests/{name}.py", f"OK_FORMAT = True\n\ntest = {spec!r}\n")
    return read_archive(data.getvalue())


def judge(archive: Archive, path: str, names: dict[str, Any]) -> CheckVerdict:
    file = OKTestFile.from_spec(archive.tests[path].spec)
    cases = []
    for number, case in enumerate(file.test_cases):
        runner = CaseRunner(names.copy())

        def ask(question: Question, runner: CaseRunner = runner) -> Answer:
            return runner.execute(question)

        cases.append(CaseVerdict(*judge_case(f"{file.name} {number}", case.body, ask)))
    return CheckVerdict(path, tuple(cases))


def run_otter(archive: Archive, checks: list[tuple[str, dict[str, Any]]]) -> Any:
    files = []
    for path, names in checks:
        file = OKTestFile.from_spec(copy.deepcopy(archive.tests[path].spec), path=path)
        file.run(names)
        files.append(file)
    return GradingResults(files).to_gradescope_dict(AutograderConfig(archive.config))


CONFIGS: list[dict[str, Any]] = [
    {},
    {"show_hidden": True},
    {"show_hidden": True, "force_public_test_summary": False},
    {"points_possible": 10},
    {"score_threshold": 0.5, "points_possible": 7},
    {"show_stdout": True, "show_all_public": True},
]


class ResultsTest(unittest.TestCase):
    maxDiff = None

    def test_results_are_those_of_otter_for_each_setting(self) -> None:
        good, bad = {"x": 3, "y": 3}, {"x": 0}
        orders = [
            [("tests/q1.py", good), ("tests/q2.py", good)],
            [("tests/q2.py", bad), ("tests/q1.py", bad)],
            [("tests/q1.py", bad), ("tests/q2.py", good), ("tests/q1.py", good)],
            [("tests/q1.py", good), ("tests/q2.py", bad), ("tests/q1.py", bad)],
            [],
        ]
        for config in CONFIGS:
            archive = make_archive(config, q1=Q1, q2=Q2)
            for checks in orders:
                with self.subTest(config=config, checks=checks):
                    verdicts = [judge(archive, path, names) for path, names in checks]
                    self.assertEqual(
                        json.dumps(make_results(archive, verdicts)), json.dumps(run_otter(archive, checks))
                    )

    def test_a_blank_notebook_of_the_lab_has_the_results_that_otter_run_wrote(self) -> None:
        archive = read_archive((LAB / "autograders/demo/zips/lab-demo-autograder.zip").read_bytes())
        expected = json.loads((LAB / "expected/blank.otter-run.json").read_text())
        names = {"name": "solution"}
        made = make_results(archive, [judge(archive, path, names) for path in sorted(archive.tests)])
        self.assertEqual([test["name"] for test in made["tests"]], [test["name"] for test in expected["tests"]])
        for ours, theirs in zip(made["tests"], expected["tests"], strict=True):
            self.assertEqual({**ours, "output": ""}, {**theirs, "output": ""})

    def test_a_long_message_is_cut(self) -> None:
        archive = make_archive({"show_hidden": True}, q2=Q2)
        verdict = CheckVerdict("tests/q2.py", (CaseVerdict(False, "a" * 30_000), CaseVerdict(True)))
        output = make_results(archive, [verdict])["tests"][0]["output"]
        self.assertIn("\n... (cut)", output.replace("\n        ", "\n"))
        self.assertEqual(output.count("a" * 100), 199)

    def test_a_message_of_just_the_length_is_whole(self) -> None:
        archive = make_archive({}, q2=Q2)
        head = len("❌ Test case failed\n")
        verdict = CheckVerdict("tests/q2.py", (CaseVerdict(False, "a" * (20_000 - head)), CaseVerdict(True)))
        self.assertNotIn("(cut)", make_results(archive, [verdict])["tests"][0]["output"])

    def test_a_verdict_too_few_is_refused(self) -> None:
        archive = make_archive({}, q1=Q1)
        with self.assertRaises(ValueError):
            make_results(archive, [CheckVerdict("tests/q1.py", (CaseVerdict(True),))])

    def test_an_undescribed_exception_test_is_refused_and_a_described_one_is_used(self) -> None:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as made:
            made.writestr("tests/e1.py", "OK_FORMAT = False\nname = 'e1'\n")
        archive = read_archive(data.getvalue())
        verdict = CheckVerdict("tests/e1.py", (CaseVerdict(True), CaseVerdict(True)))
        with self.assertRaises(ValueError):
            make_results(archive, [verdict])
        described = {"tests/e1.py": OKTestFile.from_spec({**Q2, "name": "e1"})}
        self.assertEqual(make_results(archive, [verdict], described)["tests"][1]["score"], 1.5)
        self.assertEqual(described["tests/e1.py"].test_case_results, [])

    def test_settings_that_otter_refuses_are_told(self) -> None:
        with self.assertRaises(ArchiveProblem) as caught:
            read_settings({"points_possible": "many", "lang": "cobol"})
        self.assertIn("otter refuses otter_config.json", caught.exception.sentence)
