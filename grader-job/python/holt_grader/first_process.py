"""The first process of a submission's sandbox: it starts the student's process, seals what is left, and serves the judge.

It never runs student code. When it ends, the kernel ends everything else in the sandbox.
"""

import contextlib
import os
import select
import signal
import socket
import time

from . import frames
from .cgroup import Cgroup
from .limits import OOM_FIRST, OOM_LATER, offer_to_oom
from .processes import has_exited, leave_only, reap_all_but, tell, wait_until_freed
from .registry import Registry, Snapshot
from .tail import Tail
from .usage import Allowance, Usage

LOOK_SECONDS = 0.1
#: How a notebook's process ends that ran to its end. Any notebook can end so: it only chooses a sentence.
DONE = 17
#: How often a process is looked at that has said its last word: one that says so and goes on is waited for as any other.
MOST_LOOKS = 10


class Overseer:
    """Watches one student process and what it starts."""

    def __init__(
        self,
        control: socket.socket,
        registry: Registry,
        allowance: Allowance,
        output: int,
        folders: tuple[str, ...],
        group: Cgroup | None,
    ) -> None:
        self._control = control
        self._usage = Usage(allowance, folders, group)
        self._registry = registry
        self._allowance = allowance
        self._output = Tail(output)
        self._current: Snapshot | None = None
        self._lost: list[Snapshot] = []
        self._group = group
        self._spared = 0

    def watch(self, student: int) -> str:
        """Waits for the end of the student's process, within its limits; answers how it ended."""
        deadline = time.monotonic() + self._allowance.seconds
        ended = os.pidfd_open(student)
        poll = select.poll()
        waiting: list[socket.socket | int] = [ended, self._registry.source, self._output.source]
        # Whoever calls and says nothing must not keep others from calling.
        for source in (*waiting, self._registry.calls):
            poll.register(source, select.POLLIN)
        cell, since, looked = -1, time.monotonic(), 0.0
        looks = 0
        while True:
            ready = dict(poll.poll(1 if 0 < looks < MOST_LOOKS else int(LOOK_SECONDS * 1000)))
            self._registry.read_all(student)
            self._spare_new()
            self._output.read()
            for part in (self._registry, self._output):
                if part.is_over and part.source in waiting:
                    # It would be ready for ever.
                    waiting.remove(part.source)
                    poll.unregister(part.source)
            if ended in ready:
                status = os.waitpid(student, 0)[1]
                return "memory" if self._usage.was_over() else describe_exit(status)
            if self._registry.is_over and looks < MOST_LOOKS:
                looks += 1
                if has_exited(student, DONE):
                    return "memory" if self._usage.was_over() else "done"
            now = time.monotonic()
            if now > deadline:
                return "time"
            if now - looked > LOOK_SECONDS:
                looked = now
                reap_all_but(student)
                if self._usage.was_over() or self._usage.is_over():
                    return "memory"
            if self._registry.cell != cell:
                cell, since = self._registry.cell, now
            elif now - since > self._allowance.cell_seconds * 1.5 + 2:
                # Its own alarm did not stop it.
                return "cell"

    def seal(self, student: int, ended: str) -> None:
        """Ends everything but the snapshots, and tells the judge what there is."""
        self._leave_only(self._registry.list_kept())
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
        """Gives one snapshot at a time its turn, in which the judge asks it directly, until the judge hangs up."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        while True:
            if not poll.poll(int(LOOK_SECONDS * 1000) if self._current else None):
                if self._usage.is_over():
                    self._end_current()
                continue
            try:
                request = frames.receive(self._control, frames.CAP)
            except (EOFError, OSError):
                return
            assert isinstance(request, dict)
            if "turn" in request:
                if request["pause"]:
                    self._pause_current()
                self._give_turn(self._registry.snapshots[request["turn"]])
            else:
                self._end_current()

    def _give_turn(self, snapshot: Snapshot) -> None:
        """Has a snapshot go on, and hands the judge the way to it."""
        if snapshot is not self._current:
            self._end_current()
        if snapshot in self._lost:
            frames.send(self._control, {"lost": True})
            return
        # A question may wait there before there is somebody to answer.
        frames.send(self._control, {"turn": True})
        socket.send_fds(self._control, [b"+"], [snapshot.channel.fileno()])
        if not self._current:
            self._registry.restore(snapshot)
            self._current = snapshot
            self._offer(snapshot, OOM_FIRST)
            tell(snapshot.pid, signal.SIGCONT)

    def _leave_only(self, kept: set[int]) -> None:
        leave_only(kept)
        if self._usage.was_over():
            # Whoever goes on would be ended for what the dead still hold.
            wait_until_freed(kept)

    def _spare_new(self) -> None:
        """Has the kernel end the notebook's own processes before its snapshots, which are what is graded.

        Only in a group of their own: elsewhere they would be spared before a neighbour's notebook.
        """
        snapshots = self._registry.snapshots
        for snapshot in snapshots[self._spared :]:
            self._offer(snapshot, OOM_LATER)
        self._spared = len(snapshots)

    def _offer(self, snapshot: Snapshot, score: int) -> None:
        if self._group:
            with contextlib.suppress(OSError):
                offer_to_oom(snapshot.pid, score)

    def _pause_current(self) -> None:
        """Stops the one whose turn it is, and ends what it has forked; one that holds too much is ended itself."""
        if self._usage.is_over():
            self._end_current()
        paused, self._current = self._current, None
        self._leave_only(self._registry.list_kept())
        if paused:
            self._offer(paused, OOM_LATER)

    def _end_current(self) -> None:
        """Ends the one whose turn it is, for good: whatever it would say could be the answer to an earlier question."""
        if not self._current:
            return
        dead, self._current = self._current, None
        self._lost.append(dead)
        # Whoever holds the other end as well, the judge hears that it is over.
        with contextlib.suppress(OSError):
            dead.channel.shutdown(socket.SHUT_RDWR)
        dead.channel.close()
        self._leave_only(self._registry.list_kept() - {dead.pid})


def describe_exit(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return "done" if code == DONE else f"signal {-code}" if code < 0 else f"exit {code}"
