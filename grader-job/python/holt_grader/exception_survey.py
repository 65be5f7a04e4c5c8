"""Finds out what cases test files in otter's exception format have: they are executed where no student's code is."""

import json
from collections.abc import Iterable
from typing import Any

from .exception_listing import ExceptionTest, read_listing
from .exception_source import Unsupported
from .read_tests import TestSource
from .sandboxes import Sandboxes
from .submission import Submission

#: A sandbox like a submission's; the files may load data and libraries.
LIMITS = {
    "notebookSeconds": 60,
    "memoryBytes": 2 * 2**30,
    "processes": 64,
    "diskBytes": 2**30,
}
EMPTY_NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
#: Stands in a file's place until it is known which of it students may see.
PLACEHOLDER = "OK_FORMAT = False\nname = 'unknown'\n"


def survey(
    tests: Iterable[TestSource], sandboxes: Sandboxes, job: dict[str, Any], taken: set[str]
) -> tuple[dict[str, ExceptionTest], list[str]]:
    """Returns the files that can be used, and sentences about the others. `taken` has the names of other questions."""
    chosen = [test for test in tests if test.format == "exception"]
    found: dict[str, ExceptionTest] = {}
    problems: list[str] = []
    if not chosen:
        return found, problems
    with sandboxes.make(LIMITS) as submission:
        # The check of each gives a snapshot of a notebook that has done nothing.
        submission.begin({**job, "tests": [test.path for test in chosen]})
        sealed = submission.wait_until_sealed()
        for test in chosen:
            try:
                found[test.path] = read_listing(test, list_cases(test, sealed.snapshots.get(test.path), submission))
                refuse_equal_name(found[test.path].name, taken)
            except Unsupported as problem:
                found.pop(test.path, None)
                problems.append(f"{test.path} {problem}")
    return found, problems


def list_cases(test: TestSource, snapshot: int | None, submission: Submission) -> object:
    """Has a file executed and its cases listed; answers None where it did not end."""
    if snapshot is None:
        return None
    return submission.ask(snapshot, {"do": "exception-list", "source": test.source, "path": test.path})


def refuse_equal_name(name: str, taken: set[str]) -> None:
    if name in taken:
        raise Unsupported(f"has no question name of its own (it says {name!r:.200}).")
    taken.add(name)
