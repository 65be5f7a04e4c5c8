"""Limits a submission's memory and processes by the kernel's control groups, where this process may make some.

Who makes a group holds a lock on its folder. The kernel lets go of it with the process, so a group without one is left
over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from . import cgroup_v1, cgroup_v2

PREFIX = "holt-sandbox-"
REMOVE_SECONDS = 2.0
LOOK_SECONDS = 0.005
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Version(Protocol):
    """What a version of control groups can do."""

    EVENTS: str

    def find_parents(self) -> tuple[Path, ...] | None: ...

    def set_limits(self, folders: tuple[Path, ...], memory_bytes: int, processes: int) -> None: ...


VERSIONS: tuple[Version, ...] = (cgroup_v2, cgroup_v1)


@dataclass(frozen=True)
class Cgroup:
    """A group, and what of it was opened while its folders were in sight."""

    #: The one for memory first, as the lock is on that.
    folders: tuple[Path, ...]
    lock: int
    entries: tuple[int, ...]
    events: int

    def add(self, pid: int) -> None:
        """Moves a process into the group; what it starts from then on is in it."""
        for entry in self.entries:
            os.write(entry, str(pid).encode())

    def oom_kills(self) -> int:
        """Answers how many processes were ended for want of memory."""
        try:
            words = os.pread(self.events, 4096, 0).split()
        except OSError:
            return 0
        return int(dict(zip(words[::2], words[1::2], strict=False)).get(b"oom_kill", 0))

    def close(self) -> None:
        """Lets go of what was opened, the lock too."""
        for descriptor in (*self.entries, self.events, self.lock):
            os.close(descriptor)

    def remove(self) -> None:
        """Ends what is left in the group and takes it away; what cannot be is left for the next judge."""
        with contextlib.suppress(OSError):
            remove_folders(self.folders)
        self.close()


def make_cgroup(name: str, memory_bytes: int, processes: int) -> Cgroup | None:
    """Makes a group below this process's own; None where memory cannot be limited so, and is only watched."""
    for version in VERSIONS:
        parents = version.find_parents()
        if parents:
            try:
                return _make(version, tuple(parent / f"{PREFIX}{name}" for parent in parents), memory_bytes, processes)
            except OSError:
                # Groups may be there to be looked at only.
                continue
    return None


def _make(version: Version, folders: tuple[Path, ...], memory_bytes: int, processes: int) -> Cgroup:
    with contextlib.ExitStack() as undo:

        def open_file(place: Path, flags: int) -> int:
            descriptor = os.open(place, flags | os.O_CLOEXEC)
            undo.callback(os.close, descriptor)
            return descriptor

        for folder in folders:
            folder.mkdir()
            undo.callback(_remove, folder)
        lock = open_file(folders[0], FOLDER)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        version.set_limits(folders, memory_bytes, processes)
        entries = tuple(open_file(folder / "cgroup.procs", os.O_WRONLY) for folder in folders)
        events = open_file(folders[0] / version.EVENTS, os.O_RDONLY)
        undo.pop_all()
    return Cgroup(folders, lock, entries, events)


def remove_groups(owner: str) -> None:
    """Removes the groups whose names begin so, which must have been made by processes that have ended."""
    for folders in _list_groups(f"{PREFIX}{owner}-*"):
        with contextlib.suppress(OSError):
            remove_folders(folders)


def remove_leftovers() -> None:
    """Removes the groups of everybody who has ended without doing so."""
    for folders in _list_groups(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folders[0], FOLDER)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_folders(folders)
            finally:
                os.close(lock)


def _list_groups(pattern: str) -> list[tuple[Path, ...]]:
    found = [parents for version in VERSIONS if (parents := version.find_parents())]
    return [
        tuple(parent / folder.name for parent in parents) for parents in found for folder in parents[0].glob(pattern)
    ]


def remove_folders(folders: tuple[Path, ...]) -> None:
    """Ends what is left in a group and takes it away, what tells that it is there last."""
    for folder in reversed(folders):
        _remove(folder)


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + REMOVE_SECONDS
    while True:
        try:
            return folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            # The dead are members until the kernel has buried them.
            if time.monotonic() > deadline:
                raise
        with contextlib.suppress(FileNotFoundError):
            _kill_members(folder)
        time.sleep(LOOK_SECONDS)


def _kill_members(folder: Path) -> None:
    for pid in map(int, (folder / "cgroup.procs").read_text().split()):
        # Members that this process cannot see have the number 0.
        if pid > 0:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
