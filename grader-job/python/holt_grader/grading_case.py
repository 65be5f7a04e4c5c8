"""Has notebooks graded in real sandboxes, in tests."""

import io
import json
import unittest
import zipfile
from typing import Any, ClassVar

from holt_grader.archive import read_archive
from holt_grader.assignment import Assignment
from holt_grader.warm_client import Warm

CASES = [
    {"code": ">>> x > 1\nTrue", "hidden": False},
    {"code": ">>> assert x == 3", "hidden": True},
    {"code": ">>> assert x % 2", "hidden": True},
]
TEST = {"name": "q1", "points": [1, 1, 1], "suites": [{"cases": CASES, "type": "doctest"}]}
EXCEPTION_TEST = """\
OK_FORMAT = False
from otter.test_files import test_case
name = "q2"
points = 2

@test_case(points=1, hidden=False)
def test_public(x):
    assert x > 1

@test_case(points=1, hidden=True)
def test_hidden(x):
    assert x % 2
"""
LIMITS = {"notebookSeconds": 4, "memoryBytes": 2**30, "processes": 100, "diskBytes": 32 * 2**20}
START = "import otter\ngrader = otter.Notebook()"
CHECK = "grader.check('q1')\ngrader.check('q2')"


def make_archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("otter_config.json", json.dumps({"lang": "python"}))
        made.writestr("tests/q1.py", f"OK_FORMAT = True\n\ntest = {TEST!r}\n")
        made.writestr("tests/q2.py", EXCEPTION_TEST)
    return data.getvalue()


def make_notebook(*cells: str) -> bytes:
    shown: list[dict[str, object]] = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "execution_count": None, "outputs": [], "source": cell}
        for number, cell in enumerate((START, *cells))
    ]
    return json.dumps({"cells": shown, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


class GradingCase(unittest.TestCase):
    assignment: ClassVar[Assignment]

    @classmethod
    def setUpClass(cls) -> None:
        warm = Warm()
        cls.assignment = Assignment(read_archive(make_archive()), warm)
        cls.addClassCleanup(cls.assignment.close)
        warm.wait()

    def grade(self, *cells: str) -> dict[str, Any]:
        return self.assignment.grade(make_notebook(*cells), LIMITS, 7)

    def score(self, *cells: str) -> list[float]:
        """Grades and answers the points of each question; there must be some."""
        answer = self.grade(*cells)
        self.assertIn("results", answer, answer)
        return [test["score"] for test in answer["results"]["tests"] if "score" in test]
