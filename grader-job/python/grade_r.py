"""Grades R notebooks as otter does, with a runner that asks R by Rscript.

Otter's own runner needs rpy2, which is compiled for one R and holds it in otter's process: a notebook that ends R would
end otter. Started in the sandbox like all of otter's grading; only R notebooks load this.
"""

import json
import shutil
import subprocess
import tempfile
from glob import glob
from pathlib import Path
from typing import Any

import nbformat
from checks import Problem
from otter.run import run_autograder
from otter.run.run_autograder.autograder_config import AutograderConfig
from otter.run.run_autograder.runners.abstract_runner import AbstractLanguageRunner
from otter.test_files import GradingResults
from otter.utils import chdir

SCRIPT = Path(__file__).with_name("grade.R")
MISSING = (
    "The assignment's language is R, and this grader has no R with the package ottr: "
    "build its image on a base that has both, as the grader's documentation says."
)


def use_rscript() -> None:
    """Makes otter grade R by Rscript, or raises `Problem` where R or ottr is missing."""
    if not has_ottr():
        raise Problem("archive", MISSING)
    run_autograder.create_runner = lambda config, **more: RscriptRunner(AutograderConfig({**config, **more}))


def has_ottr() -> bool:
    """Tells whether there is an Rscript that finds ottr."""
    rscript = shutil.which("Rscript")
    return rscript is not None and _start(rscript, "-e", "invisible(loadNamespace('ottr'))") == 0


def list_questions(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Lists names and maxima out of a result: only R reads R's test files."""
    return [
        {"name": test["name"], "possible": test["max_score"]} for test in results["tests"] if "max_score" in test
    ]


class RscriptRunner(AbstractLanguageRunner):  # type: ignore[misc]
    """Grades one R notebook with ottr."""

    def resolve_submission_path(self) -> str:
        """Returns the only notebook."""
        return glob("*.ipynb")[0]

    def validate_submission(self, submission_path: str) -> None:
        """Leaves the assignment's name to what has looked at it before."""

    def write_pdf(self, submission_path: str) -> str:
        """Refuses: no PDF is made here."""
        raise NotImplementedError("PDFs are not made")

    def run(self) -> GradingResults:
        """Grades what is in the submission's folder."""
        with chdir("submission"):
            self.sanitize_tokens()
            notebook = nbformat.read(self.resolve_submission_path(), as_version=4)
            cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
            return GradingResults.from_ottr_json(run_ottr(cells))


def run_ottr(cells: list[str]) -> str:
    """Runs the cells and the tests of this folder, and returns ottr's answer."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        Path(folder, "cells.json").write_text(json.dumps(cells))
        _start("Rscript", str(SCRIPT), folder)
        if not answer.exists():
            raise Problem(
                "kernel",
                "The notebook's R process ended before the notebook did (a crash, quit(), or too little memory): "
                "restart the kernel, run all cells, mend what fails and submit again.",
            )
        said = json.loads(answer.read_bytes())
    if "error" in said:
        raise RuntimeError(f"ottr: {said['error']}")
    return str(said["results"])


def _start(rscript: str, *arguments: str) -> int:
    # What a profile in the folder says is no part of grading; R's settings for the machine are.
    command = [rscript, "--no-init-file", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
