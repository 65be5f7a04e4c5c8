"""Finds what each case of each test is worth believing, from snapshots that can only make claims."""

import doctest
from dataclasses import dataclass, field
from textwrap import dedent

from .doctest_verdict import judge_case, parse_examples
from .example import Question
from .literals import Comparison, find_comparison
from .plain_data import decode
from .results import CaseVerdict, CheckVerdict
from .submission import Sealed, Submission
from .read_tests import TestSource

#: What an example may want that a notebook could say without knowing anything.
GUESSED = ("", "True", "False")
FORGED = "The value that was compared is not the one that the test names: this case was not passed honestly.\n"
UNTOLD = "The value that was compared is of a kind that cannot be told apart from a false one: answer with plain data.\n"


@dataclass
class Verdicts:
    """Every verdict of a submission, in the order of the checks, and signs of tampering."""

    checks: list[CheckVerdict] = field(default_factory=list)
    review: list[str] = field(default_factory=list)


def list_cases(test: TestSource) -> list[dict[str, object]]:
    """Lists a test's cases as its author wrote them."""
    assert test.spec is not None
    cases: list[dict[str, object]] = test.spec["suites"][0]["cases"]
    return cases


def read_body(case: dict[str, object]) -> str:
    return dedent(str(case["code"]))


def find_comparisons(name: str, case: dict[str, object]) -> dict[int, Comparison]:
    """Finds in a hidden case the examples whose verdict does not depend on the student's memory alone, by number."""
    if not case.get("hidden", True):
        return {}
    examples = parse_examples(name, read_body(case))
    if any(doctest.SKIP in example.options for example in examples):
        return {}
    found = {number: find_comparison(example.source, example.want) for number, example in enumerate(examples)}
    return {number: comparison for number, comparison in found.items() if comparison}


def list_forgeable(test: TestSource) -> list[int]:
    """Lists the hidden cases, by number, that a notebook could pass by claiming so.

    A case is safe when some example of it wants a text, or compares with a literal that the judge holds.
    """
    forgeable = []
    for number, case in enumerate(list_cases(test)):
        name = f"{test.name} {number}"
        wants = any(example.want.strip() not in GUESSED for example in parse_examples(name, read_body(case)))
        if case.get("hidden", True) and not wants and not find_comparisons(name, case):
            forgeable.append(number)
    return forgeable


def find_verdicts(tests: dict[str, TestSource], sealed: Sealed, submission: Submission, why: str) -> Verdicts:
    """Judges every case. Values are asked of all tests before any case enters whole: what comes first tells no literal."""
    verdicts = Verdicts()
    held = {
        path: hold_values(test, snapshot, submission)
        for path, snapshot in sealed.snapshots.items()
        if (test := tests.get(path))
    }
    ordered = [*sealed.snapshots, *(path for path in sorted(tests) if path not in sealed.snapshots)]
    for path in ordered:
        test = tests.get(path)
        if test is None:
            continue
        if path not in sealed.snapshots:
            cases = tuple(CaseVerdict(False, why) for _ in list_cases(test))
        else:
            cases = judge_test(test, sealed.snapshots[path], submission, held.get(path, {}), verdicts.review)
        verdicts.checks.append(CheckVerdict(path, cases))
    return verdicts


def hold_values(test: TestSource, snapshot: int, submission: Submission) -> dict[int, bool | None]:
    """Asks for the student's side of every comparison; answers for each case that has some whether all hold."""
    held: dict[int, bool | None] = {}
    for number, case in enumerate(list_cases(test)):
        name = f"{test.name} {number}"
        comparisons = find_comparisons(name, case)
        if not comparisons:
            continue
        if not held:
            submission.ask(snapshot, {"do": "values"}, answers=False)
        ask = submission.make_asker(snapshot)
        held[number] = True
        for place, example in enumerate(parse_examples(name, read_body(case))):
            comparison = comparisons.get(place)
            if comparison is None:
                ask(Question(name, place, example.source))
            else:
                told = submission.ask(snapshot, {"do": "value", "source": comparison.source})
                holds = compare(comparison, told)
                # A value that differs is the end of it; one that cannot be told only keeps the case from passing.
                held[number] = False if held[number] is False else holds if holds is not True else held[number]
    if held:
        submission.ask(snapshot, {"do": "enough"}, answers=False)
        submission.pause(snapshot)
    return held


def compare(comparison: Comparison, told: object) -> bool | None:
    """Compares a claimed value with the author's; None where the value does not say enough."""
    if not isinstance(told, dict) or "value" not in told:
        return None
    try:
        return comparison.compare(decode(told["value"]))
    except ValueError:
        return None


def judge_test(
    test: TestSource, snapshot: int, submission: Submission, held: dict[int, bool | None], review: list[str]
) -> tuple[CaseVerdict, ...]:
    """Judges the cases of one test in one snapshot, each with names of its own, as otter runs them."""
    verdicts = []
    for number, case in enumerate(list_cases(test)):
        passed, message = judge_case(f"{test.name} {number}", read_body(case), submission.make_asker(snapshot))
        holds = held.get(number, True)
        if passed and holds is None:
            passed, message = False, UNTOLD
        elif passed and not holds:
            passed, message = False, FORGED
            review.append(f"{test.name}, case {number + 1}: passes, but the value it compares is another one.")
        verdicts.append(CaseVerdict(passed, message))
    return tuple(verdicts)
