"""The first process of a submission's sandbox: it starts the student's process, seals what is left, and serves the judge.

It never runs student code. When it ends, the kernel ends everything else in the sandbox.
"""

import os
import select
import signal
import socket
import time
from dataclasses import dataclass
from typing import Any

from . import frames
from .limits import bound_memory, sum_folders, sum_memory
from .processes import leave_only, list_pids, tell
from .registry import Registry, Snapshot
from .tail import Tail

LOOK_SECONDS = 0.1
ANSWER_BYTES = 2**20
#: How a notebook's process ends that ran to its end. Any notebook can end so: it only chooses a sentence.
DONE = 17


@dataclass(frozen=True)
class Allowance:
    """What one submission may use, all its processes together."""

    seconds: float
    memory_bytes: int
    cell_seconds: float


class Overseer:
    """Watches one student process and what it starts."""

    def __init__(self, control: socket.socket, registry: Registry, allowance: Allowance, output: int, folders: tuple[str, ...]) -> None:
        self._control = control
        self._folders = folders
        # What this process holds, everything below it has begun with.
        self._shared = sum_memory([os.getpid()])
        self._registry = registry
        self._allowance = allowance
        self._output = Tail(output)
        self._current: Snapshot | None = None
        self._lost: list[Snapshot] = []

    def watch(self, student: int) -> str:
        """Waits for the end of the student's process, within its limits; answers how it ended."""
        deadline = time.monotonic() + self._allowance.seconds
        ended = os.pidfd_open(student)
        poll = select.poll()
        waiting: list[socket.socket | int] = [ended, self._registry.source, self._output.source]
        for source in waiting:
            poll.register(source, select.POLLIN)
        cell, since, looked = -1, time.monotonic(), 0.0
        while True:
            ready = dict(poll.poll(int(LOOK_SECONDS * 1000)))
            self._registry.read_all(student)
            self._output.read()
            for part in (self._registry, self._output):
                if part.is_over and part.source in waiting:
                    # It would be ready for ever.
                    waiting.remove(part.source)
                    poll.unregister(part.source)
            if ended in ready:
                status = os.waitpid(student, 0)[1]
                return describe_exit(status)
            now = time.monotonic()
            if now > deadline:
                return "time"
            if now - looked > LOOK_SECONDS:
                looked = now
                reap_all_but(student)
                if self._is_over():
                    return "memory"
            if self._registry.cell != cell:
                cell, since = self._registry.cell, now
            elif now - since > self._allowance.cell_seconds * 1.5 + 2:
                # Its own alarm did not stop it.
                return "cell"

    def seal(self, student: int, ended: str) -> None:
        """Ends everything but the snapshots, and tells the judge what there is."""
        leave_only(self._registry.list_kept())
        frames.send(
            self._control,
            {
                "sealed": [
                    {"id": number, "path": snapshot.path, "cell": snapshot.cell}
                    for number, snapshot in enumerate(self._registry.snapshots)
                ],
                "ended": ended,
                "cell": self._registry.cell,
                "refused": self._registry.refused,
                "log": self._output.text(),
            },
        )

    def serve(self) -> None:
        """Carries the judge's questions to one snapshot at a time, until the judge hangs up."""
        while True:
            try:
                request = frames.receive(self._control, frames.CAP)
            except (EOFError, OSError):
                return
            assert isinstance(request, dict)
            if "pause" in request:
                self._pause_current()
                frames.send(self._control, {"paused": request["pause"]})
            else:
                frames.send(self._control, self._ask(request))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        snapshot = self._registry.snapshots[request["id"]]
        if snapshot in self._lost:
            return {"lost": "before"}
        if snapshot is not self._current:
            self._end_current()
            self._start(snapshot)
        answer = self._exchange(snapshot.channel, request)
        if "lost" in answer:
            # Whatever it says from now on could be the answer to an earlier question.
            self._lost.append(snapshot)
            self._end_current()
        return answer

    def _exchange(self, channel: socket.socket, request: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + request["seconds"]
        poll = select.poll()
        poll.register(channel, select.POLLIN)
        try:
            channel.settimeout(1)
            for frame in (*request["before"], request["frame"]):
                frames.send(channel, frame)
            while not poll.poll(int(LOOK_SECONDS * 1000)):
                if time.monotonic() > deadline:
                    return {"lost": "time"}
                if self._is_over():
                    return {"lost": "memory"}
            channel.settimeout(max(deadline - time.monotonic(), 0.1))
            return {"answer": frames.receive(channel, ANSWER_BYTES)}
        except (OSError, EOFError, ValueError) as error:
            return {"lost": type(error).__name__}

    def _is_over(self) -> bool:
        """Tells whether everything together, files in memory included, is more than the submission may have."""
        pids, files = list_pids(), sum_folders(self._folders)
        if bound_memory(pids, self._shared) + files <= self._allowance.memory_bytes:
            return False
        return sum_memory(pids) + files > self._allowance.memory_bytes

    def _start(self, snapshot: Snapshot) -> None:
        self._registry.restore(snapshot)
        self._current = snapshot
        tell(snapshot.pid, signal.SIGCONT)

    def _pause_current(self) -> None:
        """Stops the one whose turn it is, and ends what it has forked."""
        self._current = None
        leave_only(self._registry.list_kept())

    def _end_current(self) -> None:
        if not self._current:
            return
        dead, self._current = self._current, None
        dead.channel.close()
        leave_only(self._registry.list_kept() - {dead.pid})


def describe_exit(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return "done" if code == DONE else f"signal {-code}" if code < 0 else f"exit {code}"


def reap_all_but(student: int) -> None:
    """Buries orphans; the student's own process is waited for where its status is read."""
    for pid in list_pids():
        if pid != student:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue
