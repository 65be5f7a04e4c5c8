"""Checks that what a case says before it compares is no help to a notebook that listens."""

import io
import json
import unittest
import zipfile

from holt_grader.archive import read_archive
from holt_grader.assignment import Assignment
from holt_grader.grading_case import GradingCase
from holt_grader.warm_client import Warm

TELLING = ">>> assert x > 0, 'the table has 40 rows'  # and 40 it is\n>>> assert x == 40"
CASES = [{"code": ">>> x > 1\nTrue", "hidden": False}, {"code": TELLING, "hidden": True}]
TEST = {"name": "q1", "points": [1, 1], "suites": [{"cases": CASES, "type": "doctest"}]}
# Hears what is compiled, and gives the name that the case asks for that value wherever it is kept.
LISTEN = r"""
import re, sys
x = 7
def hear(event, arguments):
    if event != "compile" or not arguments[0]:
        return
    source = arguments[0] if isinstance(arguments[0], bytes) else str(arguments[0]).encode()
    found, frame = re.search(rb"has (\d+) rows", source), sys._getframe()
    while found and frame:
        for value in list(frame.f_locals.values()):
            for names in (value, getattr(value, "globs", None)):
                if isinstance(names, dict) and "x" in names and "grader" in names:
                    names["x"] = int(found[1])
        frame = frame.f_back
sys.addaudithook(hear)
"""


class ToldByTheSetupTest(GradingCase):
    @classmethod
    def setUpClass(cls) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("otter_config.json", json.dumps({"lang": "python"}))
            made.writestr("tests/q1.py", f"OK_FORMAT = True\n\ntest = {TEST!r}\n")
        warm = Warm()
        cls.assignment = Assignment(read_archive(archive.getvalue()), warm)
        cls.addClassCleanup(cls.assignment.close)
        warm.wait()

    def test_a_message_and_a_comment_are_not_heard_before_the_values_are_told(self) -> None:
        self.assertEqual(self.score(LISTEN, "grader.check('q1')"), [1])

    def test_who_knows_has_all_points(self) -> None:
        self.assertEqual(self.score("x = 40", "grader.check('q1')"), [2])


if __name__ == "__main__":
    unittest.main()
