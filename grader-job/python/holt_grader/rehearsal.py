"""Does in the warm process what every sandbox will do.

Python writes into code when that is first run: found attributes, faster instructions. Done here, it is written once; done
in a fork, every page of it is copied for each sandbox and each snapshot.
"""

import builtins
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from . import frames, processes
from .check_hook import WORD
from .example import Question
from .limits import bound_memory, sum_folders
from .registry import Registry, listen
from .run_example import execute_example, forget_case
from .snapshot import read_value
from .work_copies import WorkCopies, copy_tree

#: Python makes code faster when it has run some eight times.
TIMES = 12
SOURCES = ("value == 5\n", "print(value)\n", "assert isinstance(value, int)\n", "items[0] / 0\n")
VALUES = ("value", "items", "len(items)", "table")


def rehearse() -> None:
    """Runs the ways of a snapshot and of a sandbox's first process, and leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="holt-rehearsal-"))
    try:
        rehearse_questions()
        rehearse_oversight(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rehearse_questions() -> None:
    """Asks and answers as the judge and a snapshot do."""
    own, other = socket.socketpair()
    environment: dict[str, Any] = {"value": 5, "items": [1, 2.5, "three", None, True], "table": {"one": (1, 2)}}
    with own, other:
        for _ in range(TIMES):
            names = environment.copy()
            for number, source in enumerate(SOURCES):
                frames.send(own, {"do": "example", "question": Question("rehearsal", number, source).write()})
                request = frames.receive(other)
                assert isinstance(request, dict)
                frames.send(other, execute_example(Question.read(request["question"]), names).write())
                frames.receive(own)
            for source in VALUES:
                read_value(source, names)
    forget_case()
    # An example that shows a value leaves it there, and IPython keeps its own `_` only where there is none.
    vars(builtins).pop("_", None)


def rehearse_oversight(folder: Path) -> None:
    """Looks at processes, takes registrations and copies folders as a sandbox's first process does."""
    work, store, other = (folder / name for name in ("work", "store", "other"))
    for place in (work, work / "tests", store):
        place.mkdir(parents=True)
    for name in ("notebook.ipynb", "tests/q1.py", "tests/q2.py"):
        (work / name).write_text("rehearsal")
    owner = (os.getuid(), os.getgid())
    copies = WorkCopies(str(work), str(store), owner)
    source, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    calls = listen()
    registry = Registry(source, calls, copies)
    pid = os.getpid()
    with source, sender, calls:
        for number in range(TIMES):
            copy_tree(str(work), str(make_empty(other)), owner)
            (work / "notebook.ipynb").write_text(f"rehearsal {number}")
            taken = copies.take()
            (work / "notebook.ipynb").write_text("changed")
            copies.restore(taken)
            sender.send(b"cell %d" % number)
            # Refused, because it has not called.
            sender.send(f"{WORD} tests/q1.py".encode())
            registry.read_all(pid)
            registry.list_kept()
            processes.find_start(pid)
            processes.is_still(pid)
            processes.is_dead(pid)
            bound_memory([pid], 0)
            sum_folders((str(work),))


def make_empty(folder: Path) -> Path:
    """Makes a folder anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
