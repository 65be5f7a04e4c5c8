"""Checks what a test file in otter's exception format says of itself, which was found out by executing it elsewhere."""

import math
from dataclasses import dataclass, field
from typing import Any

from otter.test_files.abstract_test import TestCase
from otter.test_files.exception_test import ExceptionTestFile

from .exception_constants import find_file_constants
from .exception_source import ExceptionSource, Unsupported
from .exception_state import find_unstable
from .exception_steps import Step, find_steps
from .read_tests import LONGEST_NAME, MOST_POINTS, TestSource
from .told_literals import gives_away

MOST_CASES = 1000
MOST_CHARACTERS = 200_000
LONGEST_TEXT = 20_000
FIELDS = {"key", "name", "points", "hidden", "success_message", "failure_message"}


@dataclass(frozen=True)
class ExceptionTest:
    """A test file whose cases are known. `file` is otter's own, without the functions."""

    path: str
    file: ExceptionTestFile
    #: The names of the cases' functions.
    keys: list[str]
    source: ExceptionSource
    #: By the case's number: how the judge compares for itself.
    steps: dict[int, list[Step]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Returns the question's name."""
        return str(self.file.name)

    @property
    def public_numbers(self) -> list[int]:
        """Returns the numbers of the cases that students see."""
        return [number for number, case in enumerate(self.file.test_cases) if not case.hidden]

    @property
    def hidden_numbers(self) -> list[int]:
        """Returns the numbers of the cases that students do not see."""
        return [number for number, case in enumerate(self.file.test_cases) if case.hidden]

    @property
    def forgeable(self) -> list[int]:
        """Returns the numbers of the hidden cases that a notebook could pass by claiming so."""
        return [number for number in self.hidden_numbers if not self._is_safe(number)]

    def _is_safe(self, number: int) -> bool:
        steps = self.steps.get(number, [])
        comparisons = {place: step.comparison for place, step in enumerate(steps) if step.comparison}
        return bool(comparisons) and not gives_away([step.source for step in steps], comparisons)


def read_listing(test: TestSource, told: object) -> ExceptionTest:
    """Makes a test of a listing; raises `Unsupported` where the file cannot be used."""
    if not isinstance(told, dict):
        raise Unsupported("did not end when it was executed, or took too much memory.")
    if "failed" in told:
        raise Unsupported(f"cannot be loaded: {told['failed']!s:.1500}")
    name, points, cases = told.get("name"), told.get("points"), told.get("cases")
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME:
        raise Unsupported(f"has no question name of its own (it says {name!r:.200}).")
    if not isinstance(cases, list) or not 0 < len(cases) <= MOST_CASES:
        raise Unsupported(f"has no cases, or more than {MOST_CASES}.")
    if len(test.source) > MOST_CHARACTERS:
        raise Unsupported(f"is longer than {MOST_CHARACTERS} characters: move data that it holds to a file.")
    for case in cases:
        check_case(case)
    for value in points if isinstance(points, list) else [points]:
        check_points(value)
    raw = [make_case(name, number, case) for number, case in enumerate(cases, 1)]
    try:
        resolved = ExceptionTestFile.resolve_test_file_points(points, raw)
        file = ExceptionTestFile(name, test.path, resolved, all_or_nothing=told.get("all_or_nothing") is True)
        possible = float(file.possible)
    except Exception as error:
        raise Unsupported(f"cannot be loaded: {type(error).__name__}: {error}"[:1500]) from None
    if not (math.isfinite(possible) and 0 <= possible <= MOST_POINTS):
        raise Unsupported(f"gives {possible} points, which cannot be.")
    keys = [case["key"] for case in cases]
    pairs = zip(cases, raw, strict=True)
    hidden = {case["key"]: (known.name, known.points) for case, known in pairs if case["hidden"]}
    source = ExceptionSource(test.source, keys, hidden)
    unstable = find_unstable(source.body)
    shared = find_file_constants(source.body, [source.function(key) for key in keys])
    found = {
        number: find_steps(source.function(key), unstable, shared) for number, key in enumerate(keys) if key in hidden
    }
    return ExceptionTest(test.path, file, keys, source, {number: steps for number, steps in found.items() if steps})


def make_case(name: str, number: int, case: dict[str, Any]) -> TestCase:
    """Makes otter's own description of a case, without its function."""
    told = {key: case[key] for key in ("hidden", "points", "success_message", "failure_message")}
    return TestCase(name=f"{name} - {number}" if case["name"] is None else case["name"], body=None, **told)


def check_case(case: object) -> None:
    """Refuses a case that otter could not have."""
    if not isinstance(case, dict) or set(case) != FIELDS:
        raise Unsupported("was not listed as cases are.")
    key = case["key"]
    is_name = isinstance(key, str) and key.isidentifier() and len(key) <= LONGEST_NAME
    if not is_name or type(case["hidden"]) is not bool:
        raise Unsupported("has a case without a function's name.")
    for field_name in ("name", "success_message", "failure_message"):
        text = case[field_name]
        if text is not None and (not isinstance(text, str) or len(text) > LONGEST_TEXT):
            raise Unsupported(f"has in case {key} a {field_name} that is no text, or longer than {LONGEST_TEXT}.")
    check_points(case["points"])


def check_points(points: object) -> None:
    """Refuses points that are no number."""
    is_number = isinstance(points, int | float) and type(points) is not bool and 0 <= points <= MOST_POINTS
    if points is not None and not is_number:
        raise Unsupported(f"gives {points!r:.100} points, which cannot be.")
