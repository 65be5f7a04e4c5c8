"""Limits a submission's memory and processes by the kernel's control groups, version 2, where they may be made."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

CONTROLLERS = ("memory", "pids")
REMOVE_SECONDS = 2.0
#: Where the processes of a container's own group go, as a group with members may not limit its children.
REST = "holt-rest"


@dataclass(frozen=True)
class Cgroup:
    """One submission's group."""

    folder: Path

    def add(self, pid: int) -> None:
        """Moves a process into the group; what it starts from then on is in it."""
        _write(self.folder / "cgroup.procs", str(pid))

    def peak(self) -> int:
        """Answers the most bytes held at once; 0 where the kernel does not say."""
        for name in ("memory.peak", "memory.current"):
            try:
                return int((self.folder / name).read_text())
            except OSError:
                continue
        return 0

    def oom_kills(self) -> int:
        """Answers how many processes were ended for want of memory."""
        try:
            words = (self.folder / "memory.events").read_text().split()
        except OSError:
            return 0
        return int(dict(zip(words[::2], words[1::2], strict=False)).get("oom_kill", "0"))

    def kill(self) -> None:
        """Ends every process in the group."""
        try:
            _write(self.folder / "cgroup.kill", "1")
        except OSError:
            self._kill_one_by_one()

    def _kill_one_by_one(self) -> None:
        deadline = time.monotonic() + REMOVE_SECONDS
        while time.monotonic() < deadline:
            try:
                pids = (self.folder / "cgroup.procs").read_text().split()
            except FileNotFoundError:
                return
            if not pids:
                return
            for pid in map(int, pids):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.01)

    def remove(self) -> None:
        """Ends what is left and takes the group away."""
        self.kill()
        deadline = time.monotonic() + REMOVE_SECONDS
        while True:
            try:
                return self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                # The dead are members until the kernel has buried them.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def make_cgroup(memory_bytes: int, pids: int, name: str | None = None) -> Cgroup | None:
    """Makes a group below this process's own; None where memory cannot be limited so, and has to be watched instead."""
    parent = find_own_group()
    if parent is None or not _offer_controllers(parent):
        return None
    group = Cgroup(parent / (name or f"holt-{os.getpid()}-{time.monotonic_ns()}"))
    try:
        group.folder.mkdir()
    except OSError:
        return None
    try:
        _write(group.folder / "memory.max", str(memory_bytes))
        _write(group.folder / "pids.max", str(pids))
        for optional, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            if (group.folder / optional).exists():
                _write(group.folder / optional, value)
    except OSError:
        group.remove()
        return None
    return group


def find_own_group() -> Path | None:
    """Finds the folder of this process's group, or None without version 2."""
    try:
        own = [line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")]
        mounts = [line.split(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    except OSError:
        return None
    tops = [left.split()[4] for left, right in mounts if right.split()[0] == "cgroup2"]
    if not own or not tops:
        return None
    place = Path(tops[0]) / own[0].lstrip("/")
    # A process that was moved aside below is in REST; its siblings are made beside that.
    return place.parent if place.name == REST else place


def _offer_controllers(parent: Path) -> bool:
    try:
        if not set(CONTROLLERS) <= set((parent / "cgroup.controllers").read_text().split()):
            return False
        if set(CONTROLLERS) <= set((parent / "cgroup.subtree_control").read_text().split()):
            return True
        try:
            _offer(parent)
        except OSError:
            # Only in a container, whose group is a root to itself: elsewhere the members are somebody else's.
            if Path("/proc/self/cgroup").read_text().strip() != "0::/":
                return False
            (parent / REST).mkdir(exist_ok=True)
            for pid in (parent / "cgroup.procs").read_text().split():
                _write(parent / REST / "cgroup.procs", pid)
            _offer(parent)
    except OSError:
        return False
    return True


def _offer(parent: Path) -> None:
    _write(parent / "cgroup.subtree_control", " ".join(f"+{name}" for name in CONTROLLERS))


def _write(path: Path, text: str) -> None:
    # Not write_text, which would create a file that is missing where the folder is no group.
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
