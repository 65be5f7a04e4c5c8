"""Lists an assignment's questions and what each is worth, as otter's results have them."""

import math
from collections.abc import Mapping
from typing import Any

from otter.test_files.abstract_test import TestFile

from .archive import Archive, ArchiveProblem
from .exception_listing import ExceptionTest
from .read_tests import LONGEST_NAME, MOST_POINTS, TestSource
from .results import CaseVerdict, CheckVerdict, make_results
from .verdicts import count_cases

MOST_QUESTIONS = 1000


def list_questions(
    archive: Archive, tests: Mapping[str, TestSource | ExceptionTest], described: Mapping[str, TestFile]
) -> list[dict[str, Any]]:
    """Returns names and maxima out of the results of a notebook that passes nothing, or raises `ArchiveProblem`."""
    verdicts = [CheckVerdict(path, (CaseVerdict(False),) * count_cases(tests[path])) for path in sorted(archive.tests)]
    entries = _make_results(archive, verdicts, described)["tests"]
    questions = [{"name": entry["name"], "possible": entry["max_score"]} for entry in entries if "max_score" in entry]
    if len(questions) > MOST_QUESTIONS:
        raise ArchiveProblem(f"The autograder archive has {len(questions)} questions; {MOST_QUESTIONS} are the most.")
    for question in questions:
        _check_name(question["name"])
    return questions


def read_points_possible(config: Mapping[str, Any]) -> float | None:
    """Returns the total that otter scales results to, or raises `ArchiveProblem`."""
    points = config.get("points_possible")
    if points is None:
        return None
    is_number = isinstance(points, int | float) and type(points) is not bool
    if not (is_number and math.isfinite(points) and 0 < points <= MOST_POINTS):
        raise ArchiveProblem(
            f"otter_config.json gives {points!r:.100} as points_possible: write a number above 0, at most {MOST_POINTS:,.0f}."
        )
    return float(points)


def _make_results(
    archive: Archive, verdicts: list[CheckVerdict], described: Mapping[str, TestFile]
) -> dict[str, Any]:
    try:
        return make_results(archive, verdicts, described)
    except ArchiveProblem:
        raise
    except Exception as error:
        # Otter looks at some settings only here.
        raise ArchiveProblem(f"otter cannot grade with otter_config.json: {error}"[:1500]) from None


def _check_name(name: str) -> None:
    """Refuses a name that the readers of results refuse: they count UTF-16 units."""
    try:
        units = len(name.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise ArchiveProblem(f"The question name {name!a:.200} is no well-formed text: rename the question.") from None
    if units > LONGEST_NAME:
        raise ArchiveProblem(f"The question name {name!a:.200} is longer than {LONGEST_NAME}: shorten it.")
