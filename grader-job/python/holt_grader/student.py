"""Runs a notebook's cells. Everything after the first cell is the student's: nothing that this process says is believed."""

import asyncio
import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any

import nbformat
from otter.check.notebook import Notebook
from otter.execute.preprocessor import GradingPreprocessor
from traitlets.config import Config

from . import check_hook
from .kernel import GradingShell, run_cell

TESTS = "./tests"


@dataclass(frozen=True)
class Job:
    """What a notebook's run needs to know. `tests` are paths from the work folder, in otter's order."""

    notebook: str
    tests: list[str]
    seed: int | None
    seed_variable: str | None
    cell_seconds: int

    @classmethod
    def read(cls, value: Any) -> "Job":
        """Reads a job from a frame."""
        return cls(**{name: value[name] for name in cls.__dataclass_fields__})


class CellTimeout(BaseException):
    """Ends a cell that has run too long. Not an Exception, so that an ordinary handler does not swallow it."""


def prepare(job: Job) -> list[str]:
    """Makes of a notebook the cells that otter would run, in otter's order, without its log server and its pickle."""
    notebook = nbformat.reads(job.notebook, as_version=4)
    config = Config()
    options = config.GradingPreprocessor
    options.cwd = os.getcwd()
    options.test_dir = TESTS
    options.tests_glob = [os.path.join(TESTS, os.path.basename(path)) for path in job.tests]
    options.results_path = ""
    options.seed = job.seed
    options.seed_variable = job.seed_variable
    options.otter_log = None
    options.variables = None
    options.logging_server_host = ""
    options.logging_server_port = 0
    options.force_python3_kernel = True
    prepared, _ = GradingPreprocessor(config=config).preprocess(notebook)
    cells = [cell.source for cell in prepared.cells if cell.cell_type == "code"]
    first, *middle, last = cells
    return [first.split("\n\n")[0], *middle, last.split("\n\n")[0]]


def rehearse(shell: GradingShell) -> None:
    """Does what every notebook begins with: what a fork copies when it is first written to is copied before there is one."""
    notebook = nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")]))
    prepare(Job(notebook, [], None, None, 1))
    Notebook.init_grading_mode(TESTS)
    # An empty cell is not counted, and not kept in the history.
    asyncio.run(run_cell(shell, ""))


def say_cell(progress: socket.socket, number: int) -> None:
    """Says which cell begins. Only the sentence about a limit depends on it."""
    try:
        progress.send(b"cell %d" % number)
    except OSError:
        pass


def stop_cell(*_: object) -> None:
    raise CellTimeout("this cell ran too long")


async def run_all(shell: GradingShell, cells: list[str], job: Job, progress: socket.socket) -> None:
    """Runs the cells one after the other; one that fails or takes too long does not keep the next from running."""
    signal.signal(signal.SIGALRM, stop_cell)
    for number, source in enumerate(cells):
        say_cell(progress, number)
        signal.alarm(job.cell_seconds)
        try:
            await run_cell(shell, source)
        except (CellTimeout, asyncio.CancelledError):
            pass
        finally:
            signal.alarm(0)


def run_notebook(shell: GradingShell, job: Job, registry: socket.socket, calls: bytes) -> None:
    """Runs a whole notebook in this process, with snapshots at its checks."""
    Notebook.init_grading_mode(TESTS)
    check_hook.install(check_hook.Registrar(registry, calls))
    cells = prepare(job)
    with asyncio.Runner() if sys.version_info >= (3, 11) else _Runner() as runner:
        runner.run(run_all(shell, cells, job, registry))


class _Runner:
    """`asyncio.Runner` for Python 3.10."""

    def __enter__(self) -> "_Runner":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, work: Any) -> None:
        asyncio.run(work)
