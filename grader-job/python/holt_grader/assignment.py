"""One assignment, open for grading: its tests, the folder that its students see, and what a run of it answers."""

import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from checks import Problem, find_name, read_notebook
from otter.test_files.abstract_test import TestFile

from . import own_folder
from .archive import Archive
from .doctest_turn import list_forgeable
from .exception_listing import ExceptionTest
from .exception_survey import EMPTY_NOTEBOOK, LIMITS, PLACEHOLDER, survey
from .questions import list_questions, read_points_possible
from .results import make_results
from .read_tests import TestSource, public_source
from .sandboxes import Sandboxes, read_allowance
from .submission import Broken, Sealed
from .verdicts import find_verdicts
from .warm_client import Warm

NOT_REACHED = {
    "done": "This question was not checked: the notebook has no such cell any more, or it ended before it.",
    "time": "The notebook reached its time limit before this question was checked.",
    "memory": "The notebook used more memory than the assignment allows, before this question was checked.",
    "cell": "A cell before this question ran too long and could not be stopped.",
}


class Assignment:
    """Grades notebooks of one archive with one warm process."""

    def __init__(self, archive: Archive, warm: Warm) -> None:
        self._archive = archive
        self._warm = warm
        self._folder = write_public(archive)
        self._sandboxes = Sandboxes(warm, str(self._folder))
        self._surveyed: tuple[dict[str, ExceptionTest], list[str]] | None = None

    def close(self) -> None:
        """Ends the warm process and removes what was unpacked."""
        self._warm.close()
        self._sandboxes.close()
        own_folder.remove_folder(self._folder)

    def describe(self) -> dict[str, Any]:
        """Tells what there is to grade, and what of it this grader cannot; raises `ArchiveProblem`."""
        exceptions, problems = self._survey()
        tests = self._archive.tests.values()
        forgeable = {test.name: list_forgeable(test) for test in tests if test.spec}
        forgeable |= {test.name: test.forgeable for test in exceptions.values()}
        unread = [test.unsupported for test in tests if test.unsupported]
        unsupported = [*self._archive.unsupported, *unread, *problems]
        points_possible = read_points_possible(self._archive.config)
        return {
            "otter": version("otter-grader"),
            "unsupported": unsupported,
            "notes": list(self._archive.notes),
            # What cannot be read cannot be counted.
            "questions": [] if unsupported else list_questions(self._archive, self._list_tests(), self._describe_files()),
            "pointsPossible": points_possible,
            "forgeable": {name: numbers for name, numbers in forgeable.items() if numbers},
        }

    def grade(self, notebook: bytes, limits: dict[str, Any], slot: int, name: str | None = None) -> dict[str, Any]:
        """Grades one notebook, under its file's name where that is known. Every ending is an answer."""
        try:
            text = read_notebook(notebook, self._archive.config)
        except Problem as problem:
            return {"problem": problem.about, "message": str(problem)}
        try:
            return self._grade(text, limits, slot, name)
        except Broken:
            # One that waited may have ended meanwhile; the next is new.
            self._sandboxes.forget(slot)
        try:
            return self._grade(text, limits, slot, name)
        except Broken as broken:
            return {"problem": "infrastructure", "message": str(broken)}

    def _grade(self, notebook: str, limits: dict[str, Any], slot: int, name: str | None) -> dict[str, Any]:
        started = time.monotonic()
        tests, files = self._list_tests(), self._describe_files()
        with self._sandboxes.take(limits, slot) as submission:
            submission.begin(self._make_job(notebook, limits, name))
            sealed = submission.wait_until_sealed(is_named=name is not None)
            ran = time.monotonic()
            # Not before: it would take a core from the notebook. Checks are judged one at a time.
            self._sandboxes.prepare(limits, slot)
            why = NOT_REACHED.get(sealed.ended) or f"The notebook's Python process ended ({sealed.ended})."
            verdicts = find_verdicts(tests, sealed, submission, why)
        return {
            "results": make_results(self._archive, verdicts.checks, files),
            "pointsPossible": self._archive.config.get("points_possible"),
            "ended": sealed.ended,
            "cell": sealed.cell,
            "log": sealed.log,
            "review": [*verdicts.review, *list_signs(sealed)],
            "seconds": {"cells": round(ran - started, 4), "checks": round(time.monotonic() - ran, 4)},
        }

    def _survey(self) -> tuple[dict[str, ExceptionTest], list[str]]:
        """Reads the files in the exception format, once, and writes what students may see of them."""
        if self._surveyed is None:
            taken = {test.name for test in self._archive.tests.values() if test.name}
            job = self._make_job(EMPTY_NOTEBOOK, LIMITS, None)
            self._surveyed = survey(self._archive.tests.values(), self._sandboxes, job, taken)
            for test in self._surveyed[0].values():
                write(self._folder / test.path, test.source.public.encode())
        return self._surveyed

    def _list_tests(self) -> dict[str, TestSource | ExceptionTest]:
        return {**{path: test for path, test in self._archive.tests.items() if test.spec}, **self._survey()[0]}

    def _describe_files(self) -> dict[str, TestFile]:
        return {path: test.file for path, test in self._survey()[0].items()}

    def _make_job(self, notebook: str, limits: dict[str, Any], name: str | None) -> dict[str, Any]:
        config = self._archive.config
        return {
            "notebook": notebook,
            "name": name or find_name(notebook, config.get("assignment_name")),
            "tests": sorted(self._archive.tests),
            "seed": config.get("seed"),
            "seed_variable": config.get("seed_variable"),
            "cell_seconds": read_allowance(limits)["allowance"]["cell_seconds"],
        }


def list_signs(sealed: Sealed) -> list[str]:
    """Lists what an honest notebook does not do."""
    return [f"{sealed.refused} registrations of snapshots were refused."] if sealed.refused else []


def write_public(archive: Archive) -> Path:
    """Writes what students may see: the assignment's files, and the tests with their public cases."""
    folder = own_folder.make_folder()
    # Otter makes the folder a package, so that files in it can import one another.
    for name, content in {"__init__.py": b"", **archive.files}.items():
        write(folder / name, content)
    for test in archive.tests.values():
        if test.spec or test.format == "exception":
            write(folder / test.path, (public_source(test) if test.spec else PLACEHOLDER).encode())
    return folder


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    path.write_bytes(content)
    path.chmod(0o644)
