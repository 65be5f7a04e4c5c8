"""Judges a doctest case as otter does, while every example is executed somewhere else."""

import doctest
import io
from collections.abc import Callable
from functools import lru_cache

from .example import Answer, ExceptionText, Question

__all__ = ["Answer", "ExceptionText", "Question", "judge_case", "parse_examples"]


class _Reporter(doctest.DocTestRunner):
    """Doctest's own reports; nothing is ever run by it."""

    def __init__(self) -> None:
        super().__init__(verbose=True)
        self.transcript = io.StringIO()

    def _failure_header(self, test: doctest.DocTest, example: doctest.Example) -> str:
        # From 3.13 on the divider is coloured where there is a terminal.
        header: str = super()._failure_header(test, example)  # type: ignore[misc]
        return self.DIVIDER + header[header.index("\n") :]

    def report_exception(self, test: doctest.DocTest, example: doctest.Example, text: str) -> None:
        """Writes what `report_unexpected_exception` would have written of an exception that is here only as text."""
        shown = doctest._indent(text)  # type: ignore[attr-defined]
        self.transcript.write(f"{self._failure_header(test, example)}Exception raised:\n{shown}")


@lru_cache(maxsize=4096)
def parse_examples(name: str, body: str) -> tuple[doctest.Example, ...]:
    """Returns the examples of a case; raises ValueError where it is not in doctest's form."""
    parts = doctest.DocTestParser().parse(body, name)
    return tuple(part for part in parts if isinstance(part, doctest.Example))


def judge_case(name: str, body: str, ask: Callable[[Question], Answer]) -> tuple[bool, str]:
    """Returns whether a case passes and, where it fails, the transcript that otter would show."""
    test = doctest.DocTest(list(parse_examples(name, body)), {}, name, None, None, body)
    reporter = _Reporter()
    failures = 0
    flags = reporter.optionflags
    for number, example in enumerate(test.examples):
        # The flags are those of the example before: doctest looks before it merges.
        quiet = bool(flags & doctest.REPORT_ONLY_FIRST_FAILURE) and failures > 0
        flags = reporter.optionflags = _merge(example)
        if flags & doctest.SKIP:
            continue
        passed = _judge_example(reporter, test, example, number, ask, quiet)
        failures += not passed
        if failures and flags & doctest.FAIL_FAST:
            break
    return (True, "") if failures == 0 else (False, reporter.transcript.getvalue())


def _merge(example: doctest.Example) -> int:
    flags = 0
    for flag, wanted in example.options.items():
        flags = flags | flag if wanted else flags & ~flag
    return flags


def _judge_example(
    reporter: _Reporter,
    test: doctest.DocTest,
    example: doctest.Example,
    number: int,
    ask: Callable[[Question], Answer],
    quiet: bool,
) -> bool:
    out = reporter.transcript.write
    if not quiet:
        reporter.report_start(out, test, example)
    answer = ask(Question(test.name, number, example.source))
    out(answer.errors)
    passed = _matches(example, answer, reporter.optionflags)
    if quiet:
        return passed
    raised = answer.exception
    if raised is not None and example.exc_msg is None:
        reporter.report_exception(test, example, raised.traceback)
        return False
    got = answer.got if raised is None else answer.got + raised.traceback
    if passed:
        reporter.report_success(out, test, example, got)
    else:
        reporter.report_failure(out, test, example, got)
    return passed


def _matches(example: doctest.Example, answer: Answer, flags: int) -> bool:
    check = doctest.OutputChecker().check_output
    if answer.exception is None:
        return check(example.want, answer.got, flags)
    if example.exc_msg is None:
        return False
    if check(example.exc_msg, answer.exception.only, flags):
        return True
    if not flags & doctest.IGNORE_EXCEPTION_DETAIL:
        return False
    strip: Callable[[str], str] = doctest._strip_exception_details  # type: ignore[attr-defined]
    return check(strip(example.exc_msg), strip(answer.exception.only), flags)
