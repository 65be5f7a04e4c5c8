"""Checks which of gofer's tests are converted, and what they are then."""

import unittest
from typing import Any

from .gofer_tests import answer
from .read_tests import read_test

CASES = [{"code": ">>> a\n1\n", "hidden": False, "locked": False}, {"code": ">>> b\n2\n"}]
SUITE: dict[str, Any] = {"cases": CASES, "scored": True, "setup": "", "teardown": "", "type": "doctest"}


def write(suite: dict[str, Any] | None = None, **test: Any) -> str:
    return f"test = {({'name': 'q1', 'points': 2, 'suites': [{**SUITE, **(suite or {})}], **test})!r}\n"


class GoferTestsTest(unittest.TestCase):
    def convert(self, source: str, name: str = "q1.py") -> str:
        return answer({name: source})[name]["converted"]

    def refuse(self, source: str) -> str:
        (told,) = answer({"q1.py": source}).values()
        self.assertEqual(list(told), ["problem"])
        return told["problem"]

    def test_what_is_converted_is_read_by_the_judge(self) -> None:
        test = read_test("tests/q1.py", self.convert('"""Words."""\nimport numpy as np\n' + write()).encode())
        self.assertIsNone(test.unsupported)
        spec = test.spec or {}
        self.assertEqual((spec["name"], spec["points"], spec["all_or_nothing"]), ("q1", 2, True))
        cases = spec["suites"][0]["cases"]
        self.assertEqual([case["hidden"] for case in cases], [False, True])
        self.assertEqual([case["code"] for case in cases], [">>> a\n1\n", ">>> b\n2\n"])

    def test_a_file_without_a_name_has_its_own_and_without_points_one(self) -> None:
        for given in ({"name": ""}, {"name": None}):
            self.assertIn("'name': 'q1_2'", self.convert(write(**given), "q1_2.ok"))
        self.assertIn("'points': 1,", self.convert(write(points=None)))
        self.assertIn("'points': 0.5,", self.convert(write(points=0.5)))

    def test_what_cannot_be_converted_is_refused_with_its_reason(self) -> None:
        wanted = {
            "test = {": "is not Python",
            "": "does not assign test",
            "test = {}\ntest = {}": "more than once",
            "test = []": "dictionary",
            "test = dict(name='q1')": "literal",
            "for test in []: pass\n" + write(): "line 1",
            write() + "test['name'] = 'q2'\n": "line 2",
            write(points=[1, 2]): "one number",
            write(points=True): "one number",
            write(points=-1): "one number",
            write(name=5): "no text",
            write(suites=[]): "0 suites",
            write(suites=[SUITE, SUITE]): "2 suites",
            write(suites="x"): "no list of suites",
            write({"type": "scheme"}): "'scheme'",
            write({"type": "concept"}): "'concept'",
            write({"setup": ">>> import os"}): "a setup",
            write({"teardown": ">>> a"}): "a teardown",
            write({"scored": False}): "not scored",
            write({"cases": []}): "no cases",
            write({"cases": [{"code": 5}]}): "case 1",
            write({"cases": [{"code": ">>> a", "locked": True}]}): "locked",
            write({"cases": [{"code": ">>> a", "hidden": 1}]}): "hidden",
            write({"cases": [{"code": "a"}]}): "begin its code with >>>",
            write({"cases": [{"code": ">>>a\n1"}]}): "cannot be loaded",
            write({"cases": [{"code": ">>> a", "answer": "x"}]}): "'answer'",
            write({"cases": CASES, "weight": 2}): "'weight'",
            write(author="x"): "'author'",
        }
        for source, reason in wanted.items():
            with self.subTest(reason):
                self.assertIn(reason, self.refuse(source))

    def test_nothing_is_executed(self) -> None:
        for call in ("__import__('os').abort()", "1/0", "open('/etc/passwd')", "(lambda: 1)()"):
            self.assertIn("executed", self.refuse(f"test = {call}"))
            self.assertIn("executed", self.refuse(f"{call}\n{write()}"))

    def test_one_file_does_not_spoil_the_others(self) -> None:
        told = answer({"q1.py": write(), "q2.py": "import", "q3.ok": write(name="q3")})
        self.assertEqual([list(each) for each in told.values()], [["converted"], ["problem"], ["converted"]])

    def test_two_files_of_one_name_are_refused(self) -> None:
        told = answer({"q1.py": write(), "q2.py": write(), "q1_again.py": write(name="")})
        self.assertEqual([list(each) for each in told.values()], [["converted"], ["problem"], ["converted"]])
        self.assertIn("'q1'", told["q2.py"]["problem"])

    def test_deep_or_endless_files_are_refused(self) -> None:
        self.assertIn("Python", self.refuse(f"test = {'(' * 5000}"))
        self.assertTrue(self.refuse(f"test = {'[' * 150}{']' * 150}"))
