"""Finds out by which means memory is limited here, by taking too much of it."""

from __future__ import annotations

import os
import signal
import time

from .cgroup import Cgroup, make_cgroup

MEBIBYTE = 2**20
LIMIT_BYTES, TAKEN_BYTES = 16 * MEBIBYTE, 48 * MEBIBYTE
BY_GROUPS = "memory is limited by the kernel"
BY_WATCHING = "memory is watched"


def find_memory_limit() -> tuple[str, str]:
    """Answers the name of the means, and what was seen of it."""
    group = make_cgroup(f"probe-{os.getpid()}-{time.monotonic_ns()}", LIMIT_BYTES, 2)
    if group is None:
        return BY_WATCHING, "no control group that limits memory can be made"
    try:
        holds = _is_ended_in(group)
    finally:
        group.remove()
    if holds:
        return BY_GROUPS, "a process that took too much was ended in its control group"
    return BY_WATCHING, "control groups can be made, and do not limit memory"


def _is_ended_in(group: Cgroup) -> bool:
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        # Ends by itself when nobody says anything any more.
        if os.read(ready, 1):
            b"x" * TAKEN_BYTES
        os._exit(0)
    os.close(ready)
    try:
        group.add(child)
        os.write(go, b"+")
    except OSError:
        pass
    finally:
        os.close(go)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return ended == -signal.SIGKILL and group.oom_kills() == 1
