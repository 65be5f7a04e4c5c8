"""The judge: it holds the autograder, runs no student's and no author's code, and compares.

Started by the grading task (`start.py`) with an empty environment and one socket. Frames come in and go out there:

    {"archive": base64, "workers": n, "layers": folder}  the first, once; layers of packages are beside Python otherwise
    {"ready": ...} or {"problem": ...}                   its answer
    {"id", "notebook": text in base64, "limits": {...}}  a submission
    {"id", "answer": {...}}                              its result, as soon as it is there
"""

import base64
import json
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from . import frames
from .archive import ArchiveProblem, read_archive
from .assignment import Assignment
from .cgroup import remove_leftovers
from .layers import LayerMissing, default_layers, find_layer, load_layer
from .probe import probe
from .submission import Broken
from .warm_client import Warm

CHANNEL = 3
FRAME_BYTES = 128 * 2**20


class Judge:
    """Grades submissions of one assignment, some at a time."""

    def __init__(self, channel: socket.socket, opening: dict[str, Any]) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._opening = opening
        self._layers = Path(opening.get("layers") or default_layers())
        self._slots: SimpleQueue[int] = SimpleQueue()
        for slot in range(opening["workers"]):
            self._slots.put(slot)

    def open(self, warm: Warm) -> Assignment | None:
        """Makes everything ready; answers None after telling a problem."""
        started = time.monotonic()
        try:
            archive = read_archive(base64.b64decode(self._opening.pop("archive")))
            asked, layer = find_layer(archive.requirements, self._layers)
            assignment = Assignment(archive, warm)
        except ArchiveProblem as problem:
            self._tell({"problem": "archive", "message": problem.sentence})
            return None
        except LayerMissing as missing:
            self._tell({"problem": "layer", "message": missing.sentence})
            return None
        remove_leftovers()
        findings = probe()
        wrong = [f"{finding.name}: {finding.detail}" for finding in findings if not finding.ok]
        if wrong:
            self._refuse(assignment, "sandbox", "; ".join(wrong))
            return None
        warm.wait()
        try:
            failed = load_layer(layer, warm.load) if layer else []
            description = assignment.describe()
        except ArchiveProblem as problem:
            self._refuse(assignment, "archive", problem.sentence)
            return None
        except LayerMissing as missing:
            self._refuse(assignment, "layer", missing.sentence)
            return None
        except Broken as broken:
            self._refuse(assignment, "sandbox", str(broken))
            return None
        held = [finding.name for finding in findings]
        description["notes"] += [*asked.notes, *failed]
        description["packages"] = layer.made.packages if layer else []
        self._tell({"ready": {**description, "probed": held, "seconds": round(time.monotonic() - started, 3)}})
        return assignment

    def serve(self, assignment: Assignment) -> None:
        """Grades what is asked for until the task hangs up."""
        workers = ThreadPoolExecutor(self._opening["workers"])
        while True:
            try:
                request = frames.receive(self._channel, FRAME_BYTES)
            except (EOFError, OSError):
                return
            workers.submit(self._grade, assignment, request)

    def _refuse(self, assignment: Assignment, problem: str, message: str) -> None:
        assignment.close()
        self._tell({"problem": problem, "message": message})

    def _grade(self, assignment: Assignment, request: Any) -> None:
        slot = self._slots.get()
        try:
            notebook = base64.b64decode(request["notebook"])
            answer = assignment.grade(notebook, request["limits"], slot, request.get("name"))
        except Exception as error:
            answer = {"problem": "infrastructure", "message": f"{type(error).__name__}: {error}"[:2000]}
        finally:
            self._slots.put(slot)
        self._tell({"id": request["id"], "answer": answer})

    def _tell(self, value: object) -> None:
        with self._lock:
            # Otter's numbers and texts may be what no frame holds; they are the task's to look at.
            frames.send(self._channel, {"json": json.dumps(value)}, FRAME_BYTES)


def run(warm: Warm) -> None:
    """Opens the archive that the task sends and grades with it, until the task hangs up."""
    channel = socket.socket(fileno=CHANNEL)
    opening = frames.receive(channel, FRAME_BYTES)
    assert isinstance(opening, dict)
    judge = Judge(channel, opening)
    assignment = judge.open(warm)
    if assignment:
        judge.serve(assignment)
        # The task is gone, however it ended: what still runs has nobody to tell, and nothing of it stays.
        assignment.close()
    os._exit(0)
