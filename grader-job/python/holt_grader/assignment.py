"""One assignment, open for grading: its tests, the folder that its students see, and what a run of it answers."""

import re
import shutil
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from checks import Problem, read_notebook

from .archive import Archive
from .results import make_results
from .submission import Broken, Sealed, Submission
from .read_tests import public_source
from .verdicts import find_verdicts, list_forgeable
from .warm_client import Warm

FIRST_UID = 20_001

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

    def close(self) -> None:
        """Ends the warm process and removes what was unpacked."""
        self._warm.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def describe(self) -> dict[str, Any]:
        """Tells what there is to grade, and what of it this grader cannot."""
        tests = self._archive.tests.values()
        unsupported = [test.unsupported or f"{test.path} is in the exception format." for test in tests if not test.spec]
        return {
            "otter": version("otter-grader"),
            "unsupported": unsupported,
            "forgeable": {test.name: list_forgeable(test) for test in tests if test.spec and list_forgeable(test)},
        }

    def grade(self, notebook: bytes, limits: dict[str, Any], slot: int, name: str | None = None) -> dict[str, Any]:
        """Grades one notebook, under its file's name where that is known. Every ending is an answer."""
        started = time.monotonic()
        try:
            text = read_notebook(notebook, self._archive.config)
        except Problem as problem:
            return {"problem": problem.about, "message": str(problem)}
        try:
            with Submission(self._warm, self._make_order(text, limits, slot, name), limits["notebookSeconds"]) as submission:
                sealed = submission.wait_until_sealed(is_named=name is not None)
                ran = time.monotonic()
                why = NOT_REACHED.get(sealed.ended) or f"The notebook's Python process ended ({sealed.ended})."
                verdicts = find_verdicts(self._archive.tests, sealed, submission, why)
        except Broken as broken:
            return {"problem": "infrastructure", "message": str(broken)}
        return {
            "results": make_results(self._archive, verdicts.checks),
            "pointsPossible": self._archive.config.get("points_possible"),
            "ended": sealed.ended,
            "cell": sealed.cell,
            "log": sealed.log,
            "review": [*verdicts.review, *list_signs(sealed)],
            "seconds": {"cells": round(ran - started, 4), "checks": round(time.monotonic() - ran, 4)},
        }

    def _make_order(
        self, notebook: str, limits: dict[str, Any], slot: int, name: str | None
    ) -> dict[str, Any]:
        config = self._archive.config
        seconds = limits["notebookSeconds"]
        cell_seconds = limits.get("cellSeconds") or max(seconds * 2 // 3, 1)
        return {
            "job": {
                "notebook": notebook,
                "tests": sorted(self._archive.tests),
                "seed": config.get("seed"),
                "seed_variable": config.get("seed_variable"),
                "cell_seconds": cell_seconds,
            },
            "allowance": {
                "seconds": seconds,
                "memory_bytes": limits["memoryBytes"],
                "cell_seconds": cell_seconds,
            },
            "processes": limits["processes"],
            "disk_bytes": limits["diskBytes"],
            "uid": FIRST_UID + slot,
            "assignment": str(self._folder),
            "notebook_name": name or find_name(notebook, config.get("assignment_name")),
        }


def find_name(notebook: str, assignment: object) -> str:
    """Finds the file name that a notebook calls itself by."""
    named = re.search(r"Notebook\(\\?[\"']([\w][\w .-]{0,100}\.ipynb)\\?[\"']", notebook)
    if named:
        return named[1]
    return f"{assignment}.ipynb" if isinstance(assignment, str) and re.fullmatch(r"\w[\w .-]{0,100}", assignment) else "notebook.ipynb"


def list_signs(sealed: Sealed) -> list[str]:
    """Lists what an honest notebook does not do."""
    return [f"{sealed.refused} registrations of snapshots were refused."] if sealed.refused else []


def write_public(archive: Archive) -> Path:
    """Writes what students may see: the assignment's files, and the tests with their public cases."""
    folder = Path(tempfile.mkdtemp(prefix="holt-assignment-"))
    folder.chmod(0o755)
    # Otter makes the folder a package, so that files in it can import one another.
    for name, content in {"__init__.py": b"", **archive.files}.items():
        write(folder / name, content)
    for test in archive.tests.values():
        if test.spec:
            write(folder / test.path, public_source(test).encode())
    return folder


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    path.write_bytes(content)
    path.chmod(0o644)
