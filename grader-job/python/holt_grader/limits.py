"""Limits what a submission may use, and measures what its processes use together."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable

#: Address space is not memory: every thread reserves 72 MiB that it hardly touches. The memory itself is summed.
ADDRESS_SLACK = 4 * 2**30
OPEN_FILES = 256
MOST_OPEN_FILES = 65_536
#: What a socket may hold in its two buffers (net.core.wmem_default), and how many sockets are nothing to speak of.
SOCKET_BYTES, FEW_SOCKETS = 2 * 212_992, 64
PAGE = resource.getpagesize()
#: The kernel's first choice where memory runs out; and what it spares while there is any other of a submission.
OOM_FIRST, OOM_LATER = 1000, 500


def set_limits(
    *, cpu_seconds: int, processes: int, file_bytes: int, memory_bytes: int, open_files: int = OPEN_FILES
) -> None:
    """Limits this process and all that it starts, for good, and offers them first where memory runs out.

    It comes before the change of the user, after which a process may not write to its own files in /proc.
    """
    offer_to_oom("self", OOM_FIRST)
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


def raise_open_files() -> None:
    """Lets this process open as many files as it may. The kernel counts sockets on their way for a user, who can be the
    sandboxes' too; who may open more than those can go on.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def offer_to_oom(pid: int | str, score: int) -> None:
    """Says how soon the kernel ends a process, and what that starts from then on, where memory runs out."""
    _write(f"/proc/{pid}/oom_score_adj", str(score))


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


def bound_sockets() -> int:
    """Bounds the bytes that wait in this network namespace's sockets: no process holds those either."""
    try:
        with open("/proc/self/net/sockstat", encoding="ascii") as file:
            used = int(file.readline().split()[2])
    except (OSError, ValueError, IndexError):
        return 0
    return max(used - FEW_SOCKETS, 0) * SOCKET_BYTES


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


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _read_numbers(path: str) -> list[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return [int(word) for word in os.read(descriptor, 4096).split()]
    finally:
        os.close(descriptor)
