"""Checks what a snapshot answers and what the judge accepts as an answer."""

import builtins
import doctest
import json
import sys
import unittest
from typing import Any

from .example import CAP, Answer, ExceptionText, Question
from .run_example import NOT_RUN, execute_example


def execute(source: str, names: dict[str, Any] | None = None, number: int = 0) -> Answer:
    return execute_example(Question("q1 0", number, source), {} if names is None else names)


class RunExampleTest(unittest.TestCase):
    def test_output_and_errors_are_told_apart(self) -> None:
        answer = execute("import sys; print('a'); print('b', file=sys.stderr)\n")
        self.assertEqual(answer, Answer("a\n", "b\n", None))

    def test_standard_streams_are_as_they_were_afterwards(self) -> None:
        before = sys.stdout, sys.stderr, sys.displayhook
        execute("raise SystemExit\n")
        self.assertEqual((sys.stdout, sys.stderr, sys.displayhook), before)

    def test_calls_with_one_namespace_share_what_was_written(self) -> None:
        names: dict[str, Any] = {}
        execute("import sys; kept = sys.stderr\n", names)
        self.assertEqual(execute("print('late', file=kept)\n", names, 1).errors, "late\n")

    def test_an_exception_is_told_though_print_is_the_notebooks_own(self) -> None:
        def silent(*_: object, **__: object) -> None:
            pass

        real, builtins.print = builtins.print, silent
        try:
            answer = execute("assert False, 'why'\n")
        finally:
            builtins.print = real
        assert answer.exception is not None
        self.assertIn("AssertionError: why", answer.exception.only)

    def test_an_example_that_doctest_never_looked_at_did_not_pass(self) -> None:
        real = doctest.DocTestRunner.run
        doctest.DocTestRunner.run = lambda *_, **__: doctest.TestResults(0, 1)  # type: ignore[method-assign]
        try:
            answer = execute("1\n")
        finally:
            doctest.DocTestRunner.run = real  # type: ignore[method-assign]
        self.assertEqual(answer.exception, ExceptionText(NOT_RUN, NOT_RUN))

    def test_a_long_output_is_cut_on_its_way(self) -> None:
        answer = Answer.read(json.loads(json.dumps(execute("print('a' * 10**6)\n").write())))
        self.assertLess(len(answer.got), CAP + 20)
        self.assertTrue(answer.got.endswith("\n... (cut)\n"))

    def test_a_long_message_is_cut_on_its_way(self) -> None:
        answer = Answer.read(json.loads(json.dumps(execute("raise ValueError('a' * 10**6)\n").write())))
        assert answer.exception is not None
        self.assertLess(len(answer.exception.only), CAP + 20)

    def test_a_long_text_of_lone_surrogates_arrives(self) -> None:
        answer = execute("print('\\ud800' * 10**6)\n")
        self.assertEqual(Answer.read(answer.write()).got[:3], "\ud800" * 3)

    def test_an_interrupt_is_not_an_answer(self) -> None:
        with self.assertRaises(KeyboardInterrupt):
            execute("raise KeyboardInterrupt\n")

    def test_an_exception_is_text(self) -> None:
        answer = execute("1 / 0\n")
        assert answer.exception is not None
        self.assertEqual(answer.exception.only, "ZeroDivisionError: division by zero\n")
        self.assertIn('File "<doctest q1 0[0]>", line 1, in <module>', answer.exception.traceback)

    def test_questions_and_answers_survive_json(self) -> None:
        question = Question("q\ud800", 3, "x\n")
        self.assertEqual(Question.read(json.loads(json.dumps(question.write()))), question)
        answer = Answer("\udfff", "b", ExceptionText("c", "d"))
        self.assertEqual(Answer.read(json.loads(json.dumps(answer.write()))), answer)

    def test_what_has_not_the_shape_of_an_answer_is_refused(self) -> None:
        good: dict[str, object] = {"got": "", "errors": "", "exception": None}
        bad: list[object] = [
            None,
            [],
            {},
            {**good, "passed": True},
            {**good, "got": 1},
            {**good, "got": {"escaped": 1}},
            {**good, "got": {"escaped": "\\ud8"}},
            {**good, "errors": "a" * (CAP + 100)},
            {**good, "exception": "a"},
            {**good, "exception": ["a"]},
            {**good, "exception": ["a", None]},
        ]
        for data in bad:
            with self.subTest(repr(data)[:60]), self.assertRaises(ValueError):
                Answer.read(data)

    def test_what_has_not_the_shape_of_a_question_is_refused(self) -> None:
        for data in (None, {}, {"name": "a", "number": True, "source": ""}, {"name": "a", "number": -1, "source": ""}):
            with self.subTest(repr(data)), self.assertRaises(ValueError):
                Question.read(data)
