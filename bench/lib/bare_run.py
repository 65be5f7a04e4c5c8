"""Runs a notebook's cells and otter's own checks in children forked from a warm process, without any sandbox.

What the judge is measured against. Usage: bare_run.py ARCHIVE NOTEBOOK TIMES; prints the seconds of each run.
"""

import asyncio
import io
import json
import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "grader-job/python"))

from holt_grader import kernel, student, warm  # noqa: E402


def run(archive: bytes, notebook: str) -> None:
    from otter.check.notebook import Notebook

    os.chdir(tempfile.mkdtemp())
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for name in opened.namelist():
            if name.startswith(("tests/", "files/")) and not name.endswith("/"):
                place = Path(name.removeprefix("files/"))
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(opened.read(name))
    Path("lab-demo.ipynb").write_text(notebook)
    config = json.loads(zipfile.ZipFile(io.BytesIO(archive)).read("otter_config.json"))
    tests = sorted(str(path) for path in Path("tests").glob("*.py"))
    job = student.Job(notebook, tests, config.get("seed"), config.get("seed_variable"), 60)
    Notebook.init_grading_mode(student.TESTS)

    async def run_cells() -> None:
        for source in student.prepare(job):
            await kernel.run_cell(shell, source)

    asyncio.run(run_cells())


archive, notebook = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_text()
shell = warm.preload()
for _ in range(int(sys.argv[3])):
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        run(archive, notebook)
        os._exit(0)
    os.waitpid(child, 0)
    print(time.monotonic() - started, flush=True)
