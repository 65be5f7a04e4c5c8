"""Turns verdicts into otter's results.json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from otter.run import AutograderConfig
from otter.test_files import GradingResults
from otter.test_files.abstract_test import TestCaseResult, TestFile
from otter.test_files.ok_test import OKTestFile

from .archive import Archive, ArchiveProblem

MESSAGE_CHARACTERS = 20_000


@dataclass(frozen=True)
class CaseVerdict:
    """Whether one case passed and, where it failed, what is told about it."""

    passed: bool
    transcript: str = ""


@dataclass(frozen=True)
class CheckVerdict:
    """One recorded check: the test file's path and a verdict for each of its cases, in the file's order."""

    path: str
    cases: tuple[CaseVerdict, ...]


def read_settings(config: dict[str, Any]) -> Any:
    """Returns otter's own view of otter_config.json, or says why otter refuses it."""
    return _read_settings(json.dumps(config))


@lru_cache(maxsize=16)
def _read_settings(config: str) -> Any:
    try:
        return AutograderConfig(json.loads(config))
    except Exception as error:
        raise ArchiveProblem(f"otter refuses otter_config.json or the archive's files: {error}"[:1500]) from None


def make_results(
    archive: Archive,
    verdicts: Sequence[CheckVerdict],
    described: Mapping[str, TestFile] | None = None,
) -> dict[str, Any]:
    """Returns what otter would write for these checks, which are in the order in which they were recorded.

    `described` has a test file, as otter builds it, for each path that is not of the doctest format.
    """
    files = [_make_file(archive, verdict, described or {}) for verdict in verdicts]
    # Otter keeps the last check of a name, at the place of the first.
    results: dict[str, Any] = GradingResults(files).to_gradescope_dict(read_settings(archive.config))
    return results


def _make_file(archive: Archive, verdict: CheckVerdict, described: Mapping[str, TestFile]) -> TestFile:
    test = archive.tests[verdict.path]
    if test.spec is not None:
        file = OKTestFile.from_spec(test.spec, path=verdict.path)
    elif verdict.path in described:
        known = described[verdict.path]
        # A copy, as results are written into it. The summary of either format is the same.
        file = OKTestFile(known.name, known.path, list(known.test_cases), known.all_or_nothing)
    else:
        raise ValueError(f"{verdict.path} has no specification and is not described.")
    if len(verdict.cases) != len(file.test_cases):
        raise ValueError(f"{verdict.path} has {len(file.test_cases)} cases, not {len(verdict.cases)}.")
    file.test_case_results = [
        TestCaseResult(test_case=case, message=_write_message(given), passed=given.passed)
        for case, given in zip(file.test_cases, verdict.cases, strict=True)
    ]
    return file


def _write_message(verdict: CaseVerdict) -> str:
    if verdict.passed:
        return "✅ Test case passed"
    message = "❌ Test case failed\n" + verdict.transcript
    # A failing comparison of large arrays prints tens of megabytes.
    return message if len(message) <= MESSAGE_CHARACTERS else message[:MESSAGE_CHARACTERS] + "\n... (cut)"
