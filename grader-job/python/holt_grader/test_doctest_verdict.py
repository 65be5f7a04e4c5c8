"""Checks that verdicts and transcripts are otter's, character for character."""

import json
import re
import unittest
from typing import Any

from otter.test_files.ok_test import run_doctest

from .doctest_verdict import judge_case, parse_examples
from .example import Answer, Question
from .run_example import CaseRunner

NOTEBOOK = """
import math, sys, warnings, logging
import numpy as np
import pandas as pd
from dataclasses import dataclass
x = 3
calls = []
def half(n):
    if n % 2:
        raise ValueError(f"{n} is odd")
    return n // 2
def outer(n):
    def inner():
        return half(n)
    return inner()
def deep(n):
    return deep(n + 1)
def warn_of(text):
    warnings.warn(text)
class Odd:
    def __repr__(self):
        return "one\\n\\nthree"
class Broken:
    def __repr__(self):
        raise RuntimeError("no repr")
class Strange(Exception):
    def __str__(self):
        raise RuntimeError("no text")
frame = pd.DataFrame({"a": [1, 2], "b": [1.5, None]})
"""

SHAPES = {
    "a passing assert": ">>> assert x == 3\n",
    "a passing value": ">>> x\n3",
    "a wrong value": ">>> x\n4\n",
    "nothing printed where something is wanted": ">>> x = 4\n3\n",
    "something printed where nothing is wanted": ">>> x\n",
    "a name that is not there": ">>> y\n3\n",
    "several examples": ">>> a = half(8)\n>>> a\n4\n>>> a + 1\n5\n",
    "a failure between passes": ">>> x\n3\n>>> x + 1\n5\n>>> x\n3\n",
    "many failures": ">>> x\n1\n>>> y\n2\n>>> x\n3\n",
    "a loop over lines": ">>> for i in range(2):\n...     print(i)\n0\n1\n",
    "a function defined in a case": ">>> def f(n):\n...     return half(n)\n...\n>>> f(3)\n1\n",
    "a wanted exception": ">>> half(3)\nTraceback (most recent call last):\n    ...\nValueError: 3 is odd\n",
    "a wanted exception with other words": ">>> half(3)\nTraceback (most recent call last):\nValueError: 5 is odd\n",
    "a wanted exception that does not come": ">>> half(4)\nTraceback (most recent call last):\nValueError: odd\n",
    "a wanted exception of another kind": ">>> half(3)\nTraceback (most recent call last):\nKeyError: 3\n",
    "an unwanted exception": ">>> 1 / 0\n1\n",
    "an exception in a nested function": ">>> outer(3)\n1\n",
    "an exception from a cause": (
        ">>> try:\n...     half(3)\n... except ValueError as error:\n...     raise KeyError(1) from error\n"
    ),
    "an exception after printing": ">>> print('a'); half(3)\na\n",
    "ignored exception detail": (
        ">>> half(3) # doctest: +IGNORE_EXCEPTION_DETAIL\nTraceback (most recent call last):\nm.ValueError: other\n"
    ),
    "ignored detail of another kind": (
        ">>> half(3) # doctest: +IGNORE_EXCEPTION_DETAIL\nTraceback (most recent call last):\nKeyError: other\n"
    ),
    "an ellipsis that fits": ">>> list(range(20)) # doctest: +ELLIPSIS\n[0, 1, ..., 19]\n",
    "an ellipsis that does not fit": ">>> list(range(20)) # doctest: +ELLIPSIS\n[0, 1, ..., 18]\n",
    "an ellipsis without the flag": ">>> list(range(20))\n[0, 1, ..., 19]\n",
    "whitespace that is made equal": ">>> print('a   b') # doctest: +NORMALIZE_WHITESPACE\na b\n",
    "whitespace that differs": ">>> print('a   b')\na b\n",
    "trailing whitespace": ">>> print('a ')\na\n",
    "a skipped example": ">>> 1 / 0 # doctest: +SKIP\n1\n>>> x\n3\n",
    "a skipped example before a failure": ">>> 1 # doctest: +SKIP\n1\n>>> half(3)\n3\n",
    "stopping at the first failure": ">>> x # doctest: +FAIL_FAST\n4\n>>> x\n5\n",
    "stopping at a later look": ">>> x\n4\n>>> x # doctest: +FAIL_FAST\n3\n>>> x\n9\n",
    "only the first failure reported": (
        ">>> x # doctest: +REPORT_ONLY_FIRST_FAILURE\n4\n"
        ">>> half(3) # doctest: +REPORT_ONLY_FIRST_FAILURE\n5\n>>> x\n6\n>>> x\n7\n"
    ),
    "a unified difference": ">>> print('a\\nb\\nc') # doctest: +REPORT_UDIFF\na\nx\nc\n",
    "a context difference": ">>> print('a\\nb\\nc') # doctest: +REPORT_CDIFF\na\nx\nc\n",
    "a line difference": ">>> print('abcdef') # doctest: +REPORT_NDIFF\nabxdef\n",
    "one for true": ">>> True\n1\n",
    "one not for true": ">>> True # doctest: +DONT_ACCEPT_TRUE_FOR_1\n1\n",
    "printing": ">>> print('a', end='')\na\n",
    "printing too much": ">>> print('b'); x\n3\n",
    "writing to standard error": ">>> print('note', file=sys.stderr)\n>>> x\n4\n",
    "writing to both": ">>> print('out'); print('note', file=sys.stderr); half(3)\nout\n",
    "a log handler kept between examples": (
        ">>> log = logging.getLogger('verdict'); log.addHandler(logging.StreamHandler())\n"
        ">>> log.warning('careful')\n>>> x\n4\n>>> log.handlers.clear()\n"
    ),
    "a syntax error": ">>> x = = 3\n",
    "a wanted syntax error": ">>> x = = 3\nTraceback (most recent call last):\nSyntaxError: invalid syntax\n",
    "an indentation error": ">>> if x:\n... print(1)\n",
    "a wanted blank line": ">>> Odd()\none\n<BLANKLINE>\nthree\n",
    "a blank line that is not wanted": ">>> Odd()\none\nthree\n",
    "a blank line marker switched off": ">>> Odd() # doctest: +DONT_ACCEPT_BLANKLINE\none\n<BLANKLINE>\nthree\n",
    "an assert that fails": ">>> assert x == 4\n",
    "an assert that fails with a message": ">>> assert x == 4, 'x is the number of rows'\n",
    "an assert over lines": ">>> assert (x ==\n...         4), 'no'\n",
    "a warning": ">>> warn_of('old')\n>>> x\n4\n",
    "a warning of the example itself": ">>> warnings.warn('old'); x\n4\n",
    "unicode": ">>> 'Grüße 🎉'\n'Grüße 🎉!'\n",
    "a lone surrogate": ">>> print('a\\ud800')\nb\n",
    "an exit": ">>> sys.exit(3)\n",
    "an exit without a number": ">>> raise SystemExit\n",
    "a wanted exit": ">>> sys.exit(3)\nTraceback (most recent call last):\nSystemExit: 3\n",
    "a generator's end": ">>> next(iter([]))\n",
    "a repr that raises": ">>> Broken()\n'x'\n",
    "an exception whose text raises": ">>> raise Strange()\n",
    "an exception with notes": ">>> raise ExceptionGroup('g', [ValueError(1), KeyError(2)])\n",
    "an exception over lines": (
        ">>> raise ValueError('a\\nb')\nTraceback (most recent call last):\nValueError: a\nb\n"
    ),
    "endless recursion": ">>> deep(0)\n",
    "an array": ">>> np.arange(30).reshape(3, 10)\narray([])\n",
    "a frame": ">>> frame\n   a    b\n0  1  1.5\n1  2  NaN\n",
    "a comparison of arrays": ">>> assert np.arange(3) == np.arange(3)\n",
    "a failing numpy test": ">>> np.testing.assert_allclose([1.0, 2.0], [1.0, 2.5])\n",
    "a name bound between examples": ">>> calls.append(1)\n>>> len(calls)\n1\n>>> len(calls)\n2\n",
    "the last value": ">>> 5\n5\n>>> _ + 1\n7\n",
    "a function of an earlier example that raises": ">>> def f():\n...     1 / 0\n>>> x\n3\n>>> f()\n1\n",
    "a future import": ">>> from __future__ import annotations\n>>> def f(a: y): pass\n",
    "prose between examples": "Some words.\n\n>>> x\n3\n\nMore words.\n>>> x\n4\n",
    "an indented case": "    >>> x\n    4\n",
    "no examples": "nothing here",
    "an empty case": "",
}


def make_names() -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(NOTEBOOK, "/tmp/ipykernel_1/2.py", "exec"), names)
    return names


def execute_apart(names: dict[str, Any]) -> Any:
    """Returns what asks a runner as a snapshot is asked: by JSON there and back."""
    runner = CaseRunner(names.copy())

    def ask(question: Question) -> Answer:
        sent = json.loads(json.dumps(question.write()))
        return Answer.read(json.loads(json.dumps(runner.execute(Question.read(sent)).write(), allow_nan=False)))

    return ask


def without_depth(verdict: tuple[bool, str]) -> tuple[bool, str]:
    """Takes out how deep the stack already was when an endless recursion began."""
    return verdict[0], re.sub(r"repeated \d+ more times", "repeated", verdict[1])


class DoctestVerdictTest(unittest.TestCase):
    maxDiff = None

    def test_every_shape_is_judged_as_otter_judges_it(self) -> None:
        self.assertGreaterEqual(len(SHAPES), 32)
        for title, body in SHAPES.items():
            with self.subTest(title):
                expected = run_doctest("q1 0", body, make_names())
                judged = judge_case("q1 0", body, execute_apart(make_names()))
                self.assertEqual(without_depth(judged), without_depth(expected))

    def test_a_flag_that_does_not_exist_is_refused_like_doctest_refuses_it(self) -> None:
        body = ">>> x # doctest: +NO_SUCH_FLAG\n3\n"
        with self.assertRaises(ValueError):
            run_doctest("q1 0", body, {})
        with self.assertRaises(ValueError):
            parse_examples("q1 0", body)

    def test_what_is_wanted_is_not_in_the_question(self) -> None:
        asked: list[Question] = []

        def ask(question: Question) -> Answer:
            asked.append(question)
            return Answer("4\n")

        self.assertEqual(judge_case("q1 3", ">>> x\n4\n", ask), (True, ""))
        self.assertEqual(asked, [Question("q1 3", 0, "x\n")])
        self.assertEqual(asked[0].filename, "<doctest q1 3[0]>")

    def test_an_answer_that_claims_nothing_passes_only_what_wants_nothing(self) -> None:
        self.assertFalse(judge_case("q", ">>> x\n4\n", lambda question: Answer())[0])
        self.assertTrue(judge_case("q", ">>> f()\n", lambda question: Answer())[0])
