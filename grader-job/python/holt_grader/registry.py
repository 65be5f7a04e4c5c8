"""The snapshots of one submission, as the sandbox's first process knows them: by what the kernel says who they are."""

import array
import os
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
    """Takes registrations from a socket that the student's processes write to.

    A message can say which test it is about and nothing else: who speaks is in the kernel's words.
    """

    def __init__(self, own: socket.socket, copies: WorkCopies) -> None:
        self.source = own
        own.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        own.setblocking(False)
        self._copies = copies
        self.snapshots: list[Snapshot] = []
        self.cell = -1
        self.refused = 0
        self.is_over = False

    def read_all(self, student: int) -> None:
        """Reads what waits, but not for ever: somebody may write faster than this reads."""
        for _ in range(MOST_MESSAGES):
            try:
                message, ancillary, _, _ = self.source.recvmsg(
                    MESSAGE_BYTES, socket.CMSG_SPACE(CREDENTIALS.size) + socket.CMSG_SPACE(16 * 4)
                )
            except (BlockingIOError, InterruptedError):
                return
            pid, descriptors = read_ancillary(ancillary)
            if not message and pid < 0:
                # An empty message has a sender; the end of all has none.
                self.is_over = True
                return
            try:
                self._take(message, pid, descriptors, student)
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)

    def _take(self, message: bytes, pid: int, descriptors: list[int], student: int) -> None:
        words = message.decode("utf-8", "replace").split(" ", 1)
        if len(words) != 2:
            return
        if words[0] == "cell" and pid == student and words[1].isascii() and words[1].isdigit() and len(words[1]) < 9:
            self.cell = max(self.cell, int(words[1]))
            return
        known = {snapshot.pid for snapshot in self.snapshots}
        is_new = pid > 1 and pid != student and pid not in known
        if words[0] != WORD or len(descriptors) != 1 or not is_new or len(self.snapshots) >= MOST_SNAPSHOTS:
            self.refused += 1
            return
        channel = take_channel(descriptors[0])
        if channel is None:
            self.refused += 1
            return
        self.snapshots.append(Snapshot(pid, find_start(pid), words[1], channel, self._copies.take(), self.cell))
        try:
            channel.setblocking(False)
            channel.send(b"+")
        except OSError:
            self.refused += 1

    def list_kept(self) -> set[int]:
        """Lists the snapshots that are still the processes that were registered."""
        return {one.pid for one in self.snapshots if one.start and find_start(one.pid) == one.start}

    def restore(self, snapshot: Snapshot) -> None:
        """Makes the work folder what it was when a snapshot was taken."""
        self._copies.restore(snapshot.copy)


def take_channel(descriptor: int) -> socket.socket | None:
    """Makes of what came with a message the socket to a snapshot; anything can come."""
    own = os.dup(descriptor)
    try:
        channel = socket.socket(fileno=own)
    except OSError:
        os.close(own)
        return None
    if channel.family == socket.AF_UNIX and channel.type == socket.SOCK_STREAM:
        return channel
    channel.close()
    return None


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
