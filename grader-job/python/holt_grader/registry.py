"""The snapshots of one submission, as the sandbox's first process knows them: by what the kernel says who they are."""

import array
import os
import select
import signal
import socket
import struct
from dataclasses import dataclass

from .check_hook import WORD
from .work_copies import WorkCopies

#: More than this many checks of one notebook are not looked at.
MOST_SNAPSHOTS = 600
MESSAGE_BYTES = 600
END_MILLISECONDS = 20
CREDENTIALS = struct.Struct("3i")


@dataclass
class Snapshot:
    """A frozen process. `copy` is the work folder as it was when this was taken, `cell` the cell that took it."""

    pid: int
    path: str
    channel: socket.socket
    copy: int
    cell: int


class Registry:
    """Takes registrations from a socket that the student's processes write to.

    A message can say which test it is about and nothing else: who speaks is in the kernel's words.
    """

    def __init__(self, own: socket.socket, copies: WorkCopies) -> None:
        self.socket = own
        own.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        own.setblocking(False)
        self._copies = copies
        self.snapshots: list[Snapshot] = []
        self.cell = -1
        self.refused = 0

    def read_all(self, student: int) -> None:
        """Reads every message that waits."""
        while True:
            try:
                message, ancillary, _, _ = self.socket.recvmsg(
                    MESSAGE_BYTES, socket.CMSG_SPACE(CREDENTIALS.size) + socket.CMSG_SPACE(16 * 4)
                )
            except (BlockingIOError, InterruptedError):
                return
            if not message:
                return
            pid, descriptors = read_ancillary(ancillary)
            try:
                self._take(message, pid, descriptors, student)
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)

    def _take(self, message: bytes, pid: int, descriptors: list[int], student: int) -> None:
        words = message.decode("utf-8", "replace").split(" ", 1)
        if len(words) != 2:
            return
        if words[0] == "cell" and pid == student and words[1].isdigit() and len(words[1]) < 9:
            self.cell = max(self.cell, int(words[1]))
            return
        known = {snapshot.pid for snapshot in self.snapshots}
        is_new = pid > 1 and pid != student and pid not in known
        if words[0] != WORD or len(descriptors) != 1 or not is_new or len(self.snapshots) >= MOST_SNAPSHOTS:
            self.refused += 1
            return
        channel = socket.socket(fileno=os.dup(descriptors[0]))
        if channel.family != socket.AF_UNIX:
            channel.close()
            self.refused += 1
            return
        self.snapshots.append(Snapshot(pid, words[1], channel, self._copies.take(), self.cell))
        try:
            channel.setblocking(False)
            channel.send(b"+")
        except OSError:
            self.refused += 1

    def restore(self, snapshot: Snapshot) -> None:
        """Makes the work folder what it was when a snapshot was taken."""
        self._copies.restore(snapshot.copy)


def read_ancillary(ancillary: list[tuple[int, int, bytes]]) -> tuple[int, list[int]]:
    """Finds in a message's side data who sent it, and the descriptors that came with it."""
    pid = -1
    descriptors: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            pid = CREDENTIALS.unpack(data[: CREDENTIALS.size])[0]
        elif level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
            descriptors.extend(numbers)
    return pid, descriptors


def list_pids() -> list[int]:
    """Lists every process of this pid namespace but the first."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def is_dead(pid: int) -> bool:
    """Tells whether a process is gone, or would be if its parent were not stopped."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] in (b"Z", b"X")
    except OSError:
        return True


def reap() -> None:
    """Buries the dead, so that they are not counted."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def tell(pid: int, number: int) -> None:
    """Sends a signal; who is gone needs none."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_for_end(pids: list[int]) -> None:
    """Waits a little for the end of processes that were killed: taking a big one down takes milliseconds."""
    poll = select.poll()
    opened = []
    for pid in pids:
        try:
            opened.append(os.pidfd_open(pid))
        except OSError:
            continue
        poll.register(opened[-1], select.POLLIN)
    waited = set()
    while len(waited) < len(opened) and (ready := poll.poll(END_MILLISECONDS)):
        for descriptor, _ in ready:
            poll.unregister(descriptor)
            waited.add(descriptor)
    for descriptor in opened:
        os.close(descriptor)


def leave_only(kept: set[int]) -> None:
    """Stops everything and ends whatever is not kept; returns when nothing else is left."""
    for pid in kept:
        tell(pid, signal.SIGSTOP)
    while strangers := [pid for pid in list_pids() if pid not in kept and not is_dead(pid)]:
        # Stopped first, all of them: what runs could fork faster than it is ended.
        for _ in range(3):
            for pid in list_pids():
                tell(pid, signal.SIGSTOP)
        for pid in strangers:
            tell(pid, signal.SIGKILL)
        wait_for_end(strangers)
        reap()
