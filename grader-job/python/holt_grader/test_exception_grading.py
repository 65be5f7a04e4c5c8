"""Grades notebooks of assignments with tests in the exception format, in real sandboxes."""

import io
import json
import re
import unittest
import zipfile
from pathlib import Path
from typing import Any

from .archive import read_archive
from .assignment import Assignment
from .exception_survey import survey
from .sandboxes import Sandboxes
from .warm_client import Warm

FIXTURES = Path(__file__).parents[3] / "testing/fixtures/grader"
LIMITS = {"notebookSeconds": 20, "memoryBytes": 2**30, "processes": 64, "diskBytes": 2**26, "cellSeconds": 10}
HEAD = "from otter.test_files import test_case\nOK_FORMAT = False\n"
Q1 = f"""{HEAD}name = "q1"
SECRET = "word of q1"

@test_case(hidden=True, failure_message="failure of q1")
def compares(f):
    assert f("argument of q1") == 17

@test_case()
def public(f):
    assert f("public") == 1

@test_case(hidden=True)
def claims(f):
    assert f(SECRET)
"""
Q2 = {"name": "q2", "suites": [{"type": "doctest", "cases": [
    {"code": ">>> f('argument of q2')\n17\n", "hidden": True},
    {"code": ">>> f('public')\n1\n", "hidden": False},
]}]}  # fmt: skip
TELLS = """
import glob, json, os, sys
seen = []
def f(word):
    frame = sys._getframe(1)
    seen.append([word, repr(frame.f_code.co_consts), repr(frame.f_globals.get("SECRET")), open_all()])
    with open("/tmp/seen", "a") as file:
        file.write(repr(seen))
    with open("/tmp/seen") as file:
        raise ValueError(file.read() + open_all())
def open_all():
    return "".join(open(name).read() for name in glob.glob("tests/*.py"))
"""
LIES = """
class Yes:
    def __eq__(self, other):
        return True
    def __repr__(self):
        return "17"
def f(word):
    return Yes()
"""


def make_archive(tests: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("otter_config.json", "{}")
        for name, source in tests.items():
            made.writestr(f"tests/{name}.py", source)
    return data.getvalue()


def make_notebook(*cells: str) -> bytes:
    first = "import otter\ngrader = otter.Notebook('notebook.ipynb')"
    made: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "outputs": [], "execution_count": 1, "source": cell}
        for number, cell in enumerate([first, *cells])
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def hide_paths(results: object) -> Any:
    text = json.dumps(results)
    text = re.sub(r'File \\"/tmp/ipykernel_\d+/\w+\.py\\"', 'File \\"<cell>.py\\"', text)
    return json.loads(text)


class ExceptionGradingTest(unittest.TestCase):
    maxDiff = None
    warm: Warm

    @classmethod
    def setUpClass(cls) -> None:
        cls.warm = Warm()
        cls.warm.wait()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.warm.close()

    def open(self, archive: bytes) -> Assignment:
        return Assignment(read_archive(archive), self.warm)

    def grade(self, assignment: Assignment, notebook: bytes) -> dict[str, dict[str, Any]]:
        answer = assignment.grade(notebook, LIMITS, 0)
        self.assertIn("results", answer, answer)
        return {test["name"]: test for test in answer["results"]["tests"]}

    def test_results_are_those_of_otter_run(self) -> None:
        assignment = self.open((FIXTURES / "assignments/exceptions/autograder.zip").read_bytes())
        self.assertEqual(assignment.describe()["unsupported"], [])
        for expected in sorted((FIXTURES / "expected/exceptions").glob("*.json")):
            with self.subTest(expected.stem):
                notebook = (FIXTURES / "submissions/exceptions" / f"{expected.stem}.ipynb").read_bytes()
                answer = assignment.grade(notebook, LIMITS, 0)
                self.assertEqual(hide_paths(answer["results"]), json.loads(expected.read_text()))
                self.assertEqual(answer["review"], [])

    def test_nothing_hidden_reaches_what_students_see(self) -> None:
        doctest = f"OK_FORMAT = True\ntest = {Q2!r}\n"
        assignment = self.open(make_archive({"q0": doctest.replace("q2", "q0"), "q1": Q1, "q2": doctest}))
        tests = self.grade(assignment, make_notebook(TELLS, *(f"grader.check('q{number}')" for number in range(3))))
        public = tests["Public Tests"]["output"]
        self.assertEqual(len(re.findall("^ +ValueError: ", public, re.MULTILINE)), 3)
        for secret in ("argument of", "word of", "failure of"):
            self.assertNotIn(secret, public)
        self.assertIn("argument of q1", tests["q1"]["output"])

    def test_a_value_that_is_equal_to_everything_passes_only_what_nobody_can_compare(self) -> None:
        assignment = self.open(make_archive({"q1": Q1}))
        self.assertEqual(assignment.describe()["forgeable"], {"q1": [2]})
        tests = self.grade(assignment, make_notebook(LIES, "grader.check('q1')"))
        self.assertEqual(tests["q1"]["score"], 0.66667)
        self.assertIn("cannot be told apart from a false one", tests["q1"]["output"])

    def test_a_value_that_changes_when_it_is_known_is_a_forgery(self) -> None:
        assignment = self.open(make_archive({"q1": Q1}))
        looks = "import sys\ndef f(word):\n    known = sys._getframe(1).f_code.co_consts\n"
        knows = looks + "    return 17 if 17 in known else 1"
        answer = assignment.grade(make_notebook(knows, "grader.check('q1')"), LIMITS, 0)
        self.assertEqual(answer["review"], ["q1, case 1: passes, but the value it compares is another one."])

    def test_a_test_that_cannot_be_loaded_after_the_notebook_fails_whole(self) -> None:
        assignment = self.open(make_archive({"q1": Q1}))
        spoils = "def f(word):\n    return 1\nimport otter.test_files\ndel otter.test_files.test_case"
        tests = self.grade(assignment, make_notebook(spoils, "grader.check('q1')"))
        self.assertEqual(tests["q1"]["score"], 0)
        self.assertIn("could not be loaded", tests["q1"]["output"])

    def test_a_case_that_ends_the_process_takes_only_its_own_question(self) -> None:
        assignment = self.open(make_archive({"q1": Q1, "q3": Q1.replace('"q1"', '"q3"')}))
        leaves = "import os\ndef f(word):\n    return 1 if word == 'public' else os._exit(0)"
        back = "def f(word):\n    return 1 if word == 'public' else 17"
        tests = self.grade(assignment, make_notebook(leaves, "grader.check('q1')", back, "grader.check('q3')"))
        self.assertEqual((tests["q1"]["score"], tests["q3"]["score"]), (0.33333, 1))
        self.assertIn("The test did not end", tests["q1"]["output"])

    def test_an_unchecked_question_says_so(self) -> None:
        assignment = self.open(make_archive({"q1": Q1}))
        tests = self.grade(assignment, make_notebook("import os\nos._exit(3)"))
        self.assertEqual(tests["q1"]["output"].count("The notebook's Python process ended (exit 3)."), 3)

    def test_files_that_cannot_be_used_are_listed_by_name(self) -> None:
        broken = {
            "a": f"{HEAD}name = 'a'\n1 / 0\n",
            "b": f"{HEAD}import os\nos._exit(0)\n",
            "c": f"{HEAD}name = 'c'\n",
            "d": f"{HEAD}name = 'd'\nmade = test_case(hidden=True)(lambda: None)\n",
            "e": f"{HEAD}name = 'q1'\n@test_case()\ndef again(): pass\n",
        }
        assignment = self.open(make_archive({"Q1": Q1, **broken}))
        found = assignment.describe()["unsupported"]
        reasons = ["ZeroDivisionError", "did not end", "no cases", "otherwise than by one function", "no question name"]
        for name, sentence, reason in zip(broken, found, reasons, strict=True):
            self.assertRegex(sentence, rf"^tests/{name}\.py .*{reason}")

    def test_an_archive_without_such_files_needs_no_survey(self) -> None:
        archive = read_archive(make_archive({"q2": f"OK_FORMAT = True\ntest = {Q2!r}\n"}))
        self.assertEqual(survey(archive.tests.values(), Sandboxes(self.warm, "/nowhere"), {}, set()), ({}, []))


if __name__ == "__main__":
    unittest.main()
