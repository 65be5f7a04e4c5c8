"""Limits what a submission may use, and measures what its processes use together."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable

from .cgroup import Cgroup as Cgroup
from .cgroup import make_cgroup as make_cgroup

#: Address space is not memory: every thread reserves 72 MiB that it hardly touches. The memory itself is summed.
ADDRESS_SLACK = 4 * 2**30
OPEN_FILES = 256
PAGE = resource.getpagesize()


def set_limits(
    *, cpu_seconds: int, processes: int, file_bytes: int, memory_bytes: int, open_files: int = OPEN_FILES
) -> None:
    """Limits this process and all that it starts, for good, and offers them first where memory runs out.

    It comes before the change of the user, after which a process may not write to its own files in /proc.
    """
    volunteer_for_oom()
    mapped = _read_numbers("/proc/self/statm")[0] * PAGE
    wanted = {
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_NPROC: processes,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: open_files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: mapped + memory_bytes + ADDRESS_SLACK,
        # A queue's messages belong to no process.
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lower, lower))


def volunteer_for_oom() -> None:
    """Makes this process and its children the kernel's first choice where memory runs out."""
    with open("/proc/self/oom_score_adj", "w", encoding="utf-8") as file:
        file.write("1000")


def sum_memory(pids: Iterable[int]) -> int:
    """Sums the bytes that processes hold, each shared page counted once. Who is gone holds nothing."""
    return sum(_measure(pid) for pid in pids)


def bound_memory(pids: Iterable[int], shared: int) -> int:
    """Bounds the bytes that processes hold from above, where each began with so many that are shared with its parent.

    A thousand times cheaper than the sum, for which the kernel walks through every page of every process.
    """
    total = shared
    for pid in pids:
        try:
            total += max(_read_numbers(f"/proc/{pid}/statm")[1] * PAGE - shared, 0)
        except OSError:
            continue
    return total


def sum_folders(places: Iterable[str]) -> int:
    """Sums the bytes that folders in memory hold: no process holds them, but the machine does."""
    total = 0
    for place in places:
        try:
            space = os.statvfs(place)
        except OSError:
            continue
        total += (space.f_blocks - space.f_bfree) * space.f_frsize
    return total


def _measure(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            pairs = (line.split() for line in file)
            held = sum(int(words[1]) for words in pairs if words[0] in (b"Pss:", b"SwapPss:"))
        if held:
            return held * 1024
    except OSError:
        pass
    # A process may hide its maps from the same user, but not its size; shared pages then count in full.
    try:
        return _read_numbers(f"/proc/{pid}/statm")[1] * PAGE
    except OSError:
        return 0


def _read_numbers(path: str) -> list[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return [int(word) for word in os.read(descriptor, 4096).split()]
    finally:
        os.close(descriptor)
