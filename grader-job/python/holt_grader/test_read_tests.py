"""Checks how test files are read, and what students get of them."""

import os
import tempfile
import unittest
from typing import Any

from otter.test_files.ok_test import OKTestFile

from .read_tests import TestSource, public_source, read_test

CASES: list[dict[str, Any]] = [
    {"code": ">>> a\n1\n", "hidden": True},
    {"code": ">>> b\n2\n", "hidden": False, "success_message": "Yes."},
    {"code": ">>> c\n3\n"},
    {"code": ">>> d\n4\n", "hidden": False, "name": "the last"},
]
SPEC: dict[str, Any] = {"name": "q1", "points": [1, 2, 3, 4], "suites": [{"type": "doctest", "cases": CASES}]}


def read(source: str) -> TestSource:
    return read_test("tests/q1.py", source.encode())


def write(spec: object, before: str = "") -> str:
    return f"{before}OK_FORMAT = True\n\ntest = {spec!r}\n"


def load(source: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "q1.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(source)
        return OKTestFile.from_file(path)


class TestSourceTest(unittest.TestCase):
    def test_a_doctest_file_is_read_as_a_literal(self) -> None:
        test = read(write(SPEC, '"""Words."""\nimport numpy as np\nfrom os import path\n# more words\n'))
        self.assertEqual((test.format, test.spec, test.unsupported, test.name), ("doctest", SPEC, None, "q1"))

    def test_line_ends_do_not_matter(self) -> None:
        self.assertEqual(read(write(SPEC).replace("\n", "\r\n")).spec, SPEC)

    def test_an_exception_file_is_only_recognised(self) -> None:
        test = read("from otter.test_files import test_case\nOK_FORMAT = False\nname = 'q1'\n1 / 0\n")
        self.assertEqual((test.format, test.spec, test.unsupported, test.name), ("exception", None, None, None))

    def test_what_would_have_to_be_executed_is_unsupported(self) -> None:
        cases = {
            "x = 1\n" + write(SPEC): "does more than assign",
            write(SPEC) + "print(test)\n": "line 4",
            write(SPEC) + "test['name'] = 'q2'\n": "does more than assign",
            write(SPEC) + "test = {}\n": "more than once",
            "OK_FORMAT = True\ntest = dict(name='q1')\n": "computes test",
            "OK_FORMAT = True\ntest = {'name': f'q{1}'}\n": "computes test",
            "OK_FORMAT = 1 < 2\ntest = {}\n": "computes OK_FORMAT",
            "test = {}\n": "does not say OK_FORMAT",
            "OK_FORMAT = True\n": "does not assign test",
            "OK_FORMAT = True\ntest = \n": "is not Python",
            "": "does not say OK_FORMAT",
            "test = " + "(" * 5000: "is not Python",
            "OK_FORMAT = True\ntest = " + "-" * 50_000 + "1": "tests/q1.py",
        }
        for source, words in cases.items():
            with self.subTest(source[:60]):
                self.assertIn(words, read(source).unsupported or "")

    def test_what_is_not_text_is_unsupported(self) -> None:
        for data in (b"\xff\xfe", b"\0"):
            self.assertIsNotNone(read_test("tests/q1.py", data).unsupported)

    def test_a_specification_that_otter_refuses_is_unsupported(self) -> None:
        suite = {"cases": CASES}
        bad: list[object] = [
            [],
            {"suites": [suite]},
            {"name": "q1", "suites": []},
            {"name": "q1", "suites": [suite, suite]},
            {"name": "q1", "suites": [{**suite, "setup": "x = 1"}]},
            {"name": "q1", "suites": [{"cases": [{"code": 1}]}]},
            {"name": "q1", "points": [1], "suites": [suite]},
            {"name": "q1", "points": "1", "suites": [suite]},
            {"name": "q1", "points": -1, "suites": [suite]},
            {"name": "q1", "points": 10**7, "suites": [suite]},
            {"name": 1, "suites": [suite]},
            {"name": "", "suites": [suite]},
            {"name": "q" * 201, "suites": [suite]},
            {"name": "q1", "suites": [{"cases": [{"code": ">>>x\n"}]}]},
        ]
        for spec in bad:
            with self.subTest(repr(spec)[:80]):
                self.assertIn("tests/q1.py ", read(write(spec)).unsupported or "")

    def test_students_get_public_cases_under_the_names_they_have(self) -> None:
        source = public_source(read(write(SPEC, '"""The answer is 42."""\nimport math  # 42\n')))
        public, whole = load(source), load(write(SPEC))
        self.assertEqual([case.name for case in public.test_cases], ["q1 - 2", "the last"])
        self.assertEqual([case.body for case in public.test_cases], [whole.test_cases[at].body for at in (1, 3)])
        self.assertEqual(public.test_cases[0].success_message, "Yes.")
        self.assertIn("import math", source)
        for hidden in ("42", ">>> a", ">>> c"):
            self.assertNotIn(hidden, source)

    def test_a_file_of_hidden_cases_alone_still_loads(self) -> None:
        spec = {**SPEC, "points": None, "suites": [{"cases": [CASES[0], CASES[2]]}]}
        self.assertEqual(load(public_source(read(write(spec)))).test_cases, [])

    def test_points_as_a_number_stay(self) -> None:
        self.assertEqual(load(public_source(read(write({**SPEC, "points": 6})))).possible, 6)

    def test_there_is_no_public_part_of_what_was_not_read(self) -> None:
        with self.assertRaises(ValueError):
            public_source(read("OK_FORMAT = False\n"))
