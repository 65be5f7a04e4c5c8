"""The snapshots of one submission, as the sandbox's first process knows them: by what the kernel says who they are."""

import contextlib
import socket
import struct
from dataclasses import dataclass

from .check_hook import WORD
from .processes import find_start
from .work_copies import WorkCopies

#: More than this many checks of one notebook are not looked at.
MOST_SNAPSHOTS = 600
MESSAGE_BYTES = 600
#: How many messages are read before something else is looked at.
MOST_MESSAGES = 16
CREDENTIALS = struct.Struct("3i")
#: How many may have called and not said yet what they are.
MOST_CALLERS = 64


@dataclass
class Snapshot:
    """A frozen process, by its number and when it began: a number is given again when a process is gone.

    `copy` is the work folder as it was when this was taken, `cell` the cell that took it.
    """

    pid: int
    start: int
    path: str
    channel: socket.socket
    copy: int | None
    cell: int


class Registry:
    """Takes registrations: a snapshot calls at a listening socket, and then says in a message which test it is about.

    A message can say that and nothing else: who calls and who speaks is in the kernel's words. No descriptor is passed,
    because the kernel counts those on their way for a user, who can be other sandboxes' too.
    """

    def __init__(self, own: socket.socket, calls: socket.socket, copies: WorkCopies) -> None:
        self.source = own
        own.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        own.setblocking(False)
        self.calls = calls
        calls.setblocking(False)
        self._callers: dict[int, socket.socket] = {}
        self._copies = copies
        self.snapshots: list[Snapshot] = []
        self.cell = -1
        self.refused = 0
        self.is_over = False

    def read_all(self, student: int) -> None:
        """Reads what waits, but not for ever: somebody may write faster than this reads."""
        self._answer_calls()
        for _ in range(MOST_MESSAGES):
            try:
                # Room for the sender and nothing else: what comes along is closed by the kernel.
                message, ancillary, _, _ = self.source.recvmsg(MESSAGE_BYTES, socket.CMSG_SPACE(CREDENTIALS.size))
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionResetError:
                # The notebook's end was closed before it had read all. What it has said is still there.
                continue
            pid = read_sender(ancillary)
            if not message and pid < 0:
                # An empty message has a sender; the end of all has none.
                self.is_over = True
                return
            self._take(message, pid, student)

    def _take(self, message: bytes, pid: int, student: int) -> None:
        words = message.decode("utf-8", "replace").split(" ", 1)
        if len(words) != 2:
            return
        if words[0] == "cell" and pid == student and words[1].isascii() and words[1].isdigit() and len(words[1]) < 9:
            self.cell = max(self.cell, int(words[1]))
            return
        known = {snapshot.pid for snapshot in self.snapshots}
        is_new = pid > 1 and pid != student and pid not in known
        self._answer_calls()
        channel = self._callers.pop(pid, None)
        if channel is None or words[0] != WORD or not is_new or len(self.snapshots) >= MOST_SNAPSHOTS:
            self.refused += 1
            if channel:
                channel.close()
            return
        self.snapshots.append(Snapshot(pid, find_start(pid), words[1], channel, self._copies.take(), self.cell))
        with contextlib.suppress(OSError):
            # The notebook goes on at once. Who does not read this is told by the snapshot.
            self.source.send(b"+")
        try:
            channel.setblocking(False)
            channel.send(b"+")
        except OSError:
            self.refused += 1

    def _answer_calls(self) -> None:
        """Takes the calls that wait, each with the process that made it."""
        for _ in range(MOST_CALLERS):
            try:
                channel, _ = self.calls.accept()
            except OSError:
                return
            pid = CREDENTIALS.unpack(channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))[0]
            if pid not in self._callers and len(self._callers) >= MOST_CALLERS:
                channel.close()
                continue
            if pid in self._callers:
                self._callers[pid].close()
            self._callers[pid] = channel

    def list_kept(self) -> set[int]:
        """Lists the snapshots that are still the processes that were registered."""
        return {one.pid for one in self.snapshots if one.start and find_start(one.pid) == one.start}

    def restore(self, snapshot: Snapshot) -> None:
        """Makes the work folder what it was when a snapshot was taken."""
        self._copies.restore(snapshot.copy)


def read_sender(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Finds in a message's side data who sent it."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            return int(CREDENTIALS.unpack(data[: CREDENTIALS.size])[0])
    return -1


def listen() -> socket.socket:
    """Makes a socket for calls, under a name of the kernel's choice that is known in this network namespace only."""
    calls = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    calls.bind("")
    calls.listen(MOST_CALLERS)
    return calls
