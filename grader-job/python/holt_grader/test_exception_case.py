"""Checks that cases shown one at a time say what otter says when it runs a whole file."""

import json
import unittest
from typing import Any

from otter.test_files.exception_test import ExceptionTestFile

from .exception_case import ExceptionRunner
from .exception_listing import ExceptionTest, read_listing
from .exception_turn import ExceptionTurn
from .read_tests import read_test

HEAD = """from __future__ import annotations
import math
import functools
from otter.test_files import test_case

OK_FORMAT = False
name = "q1"
points = 2
calls = 0

def count():
    global calls
    calls += 1
    return calls

def wrap(function):
    @functools.wraps(function)
    def inner(**given):
        return function(**given)
    return inner

def fail(value):
    raise ValueError(f"bad: {value}")
"""
BODIES = {
    "passes": "(x): assert x == 3",
    "fails": "(x): assert x == 4",
    "fails_with_words": "(x):\n    assert x == 4, f'not {x}: \"naïve\" ✗'",
    "has_several_lines": "(x):\n    y = x + 1\n\n    assert (\n        y ==\n        5\n    ), 'words'",
    "raises_elsewhere": "(x):\n    fail(x)",
    "raises_a_key": "(words): words['odd']",
    "sees_nothing": "(missing): assert missing is None and missing.x",
    "sees_all": "(env): assert env['x'] == 3 and 'count' not in env\n",
    "changes_all": "(env): env['x'] = 7",
    "sees_the_change": "(x, env): assert x == 3",
    "counts": "(): assert count() == 1",
    "counts_on": "(): assert count() == 2, calls",
    "has_defaults": "(x: Unknown = 1 + 1, *, words=None): assert words == x",
    "is_recursive": "(f): f(f)",
    "is_called_wrongly": "(f): f()",
    "has_quotes": "(x): raise Exception(\"'quoted'\")",
    "is_empty": "(x): ...",
    "is_async": "(x):\n    pass",
}


def make_source(hidden: set[str], wrapped: str = "") -> str:
    def decorate(key: str) -> str:
        more = "@wrap\n" if key == wrapped else ""
        return f"@test_case(hidden={key in hidden}, success_message='well')\n{more}"

    return HEAD + "".join(f"\n# words\n{decorate(key)}def {key}{body}\n" for key, body in BODIES.items())


def make_environment() -> dict[str, Any]:
    def recurse(again: Any) -> None:
        raise RecursionError("deep")

    return {"x": 3, "words": {"a": 1}, "f": recurse}


class NearSubmission:
    """Asks a runner in this process instead of a snapshot; what comes back is as plain."""

    def __init__(self) -> None:
        self.runner = ExceptionRunner(make_environment())

    def ask(self, snapshot: int, frame: dict[str, Any], *, answers: bool = True) -> Any:
        assert frame["do"] not in ("values", "enough")
        return json.loads(json.dumps(self.runner.answer(frame)))


def run_parts(source: str) -> list[tuple[bool, str]]:
    submission: Any = NearSubmission()
    test = list_test(source)
    turn = ExceptionTurn(test, 0, submission)
    verdicts = turn.judge_public() | turn.judge_hidden()
    return [(verdicts[number].passed, verdicts[number].transcript) for number in sorted(verdicts)]


def list_test(source: str) -> ExceptionTest:
    told = ExceptionRunner({}).answer({"do": "exception-list", "source": source, "path": "tests/q1.py"})
    return read_listing(read_test("tests/q1.py", source.encode()), json.loads(json.dumps(told)))


def run_otter(source: str) -> list[tuple[bool, str]]:
    file = ExceptionTestFile.from_string(source, path="tests/q1.py")
    file.run(make_environment())
    return [
        (result.passed, "" if result.passed else str(result.message).removeprefix("❌ Test case failed\n"))
        for result in file.test_case_results
    ]


class ExceptionCaseTest(unittest.TestCase):
    maxDiff = None

    def test_verdicts_and_messages_are_otters_whichever_cases_are_hidden(self) -> None:
        keys = list(BODIES)
        for hidden in (set(), set(keys), set(keys[5:]), {keys[-1]}):
            source = make_source(hidden)
            self.assertEqual(run_parts(source), run_otter(source), hidden)

    def test_messages_are_otters_where_a_case_is_wrapped(self) -> None:
        for key in ("fails", "raises_elsewhere"):
            source = make_source({"fails", "is_empty"}, wrapped=key)
            self.assertEqual(run_parts(source)[1:5], run_otter(source)[1:5])

    def test_the_listing_is_what_otter_would_read(self) -> None:
        source = make_source({"fails"})
        ours, theirs = list_test(source).file, ExceptionTestFile.from_string(source, path="tests/q1.py")
        for one, other in zip(ours.test_cases, theirs.test_cases, strict=True):
            self.assertEqual((one.name, one.points, one.hidden), (other.name, other.points, other.hidden))
            self.assertEqual(one.success_message, other.success_message)

    def test_a_file_that_cannot_be_listed_says_why(self) -> None:
        for source, words in {
            "1 / 0": "ZeroDivisionError",
            "import sys; sys.exit(3)": "SystemExit: 3",
            "x = 1": "KeyError: 'name'",
            "name = object()": "TypeError: object is not a plain value",
            "name = '\\ud800'\nraise ValueError(name)": "ValueError",
            "def": "SyntaxError",
        }.items():
            told: Any = ExceptionRunner({}).answer({"do": "exception-list", "source": source, "path": "t.py"})
            self.assertIn(words, told["failed"])
            told["failed"].encode()

    def test_a_case_that_ends_the_process_fails(self) -> None:
        source = "import sys\nfrom otter.test_files import test_case\nOK_FORMAT = False\nname = 'q'\n"
        verdicts = run_parts(source + "@test_case()\ndef leaves(): sys.exit(4)\n")
        self.assertEqual(verdicts, [(False, "SystemExit: 4")])

    def test_an_exception_with_words_that_are_no_text_fails(self) -> None:
        source = "from otter.test_files import test_case\nOK_FORMAT = False\nname = 'q'\n"
        (verdict,) = run_parts(source + "@test_case()\ndef odd(): raise ValueError('\\ud800' * 300_000)\n")
        self.assertFalse(verdict[0])
        self.assertIn("ValueError: \ud800", verdict[1])


if __name__ == "__main__":
    unittest.main()
