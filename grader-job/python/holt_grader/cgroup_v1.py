"""Control groups of version 1, where each controller has groups of its own."""

from __future__ import annotations

import os
from pathlib import Path

from .cgroup_places import find_group, write, write_where_there

#: Where the kernel counts the processes that it has ended for want of memory.
EVENTS = "memory.oom_control"


def find_parents() -> tuple[Path, ...] | None:
    """Finds the groups below which others may be made, the one for memory first; None without that."""
    memory, pids = find_group("memory"), find_group("pids")
    if memory is None or not os.access(memory, os.W_OK):
        return None
    return (memory, pids) if pids is not None and os.access(pids, os.W_OK) else (memory,)


def set_limits(folders: tuple[Path, ...], memory_bytes: int, processes: int) -> None:
    """Limits a new group."""
    memory, *pids = folders
    write(memory / "memory.limit_in_bytes", str(memory_bytes))
    # Memory and swap together: never less than memory alone, so it comes second.
    write_where_there(memory / "memory.memsw.limit_in_bytes", str(memory_bytes))
    write_where_there(memory / "memory.swappiness", "0")
    for folder in pids:
        write(folder / "pids.max", str(processes))
