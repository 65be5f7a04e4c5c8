"""Compares what a submission uses with what it may use, as the first process of its sandbox sees it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from .cgroup import Cgroup
from .limits import bound_memory, bound_sockets, sum_folders, sum_memory
from .processes import list_pids


@dataclass(frozen=True)
class Allowance:
    """What one submission may use, all its processes together."""

    seconds: float
    memory_bytes: int
    cell_seconds: float
    processes: int


@dataclass(frozen=True)
class Usage:
    """Watches one submission's memory. Its folders are in memory, its group is there where one can be made."""

    allowance: Allowance
    folders: tuple[str, ...]
    group: Cgroup | None
    #: What this process holds, everything below it has begun with.
    shared: int = field(default_factory=lambda: sum_memory([os.getpid()]))

    def is_over(self) -> bool:
        """Tells whether everything together, files in memory and full sockets included, is more than the submission may have."""
        pids, files = list_pids(), sum_folders(self.folders) + bound_sockets()
        if bound_memory(pids, self.shared) + files <= self.allowance.memory_bytes:
            return False
        return sum_memory(pids) + files > self.allowance.memory_bytes

    def was_over(self) -> bool:
        """Tells whether the kernel has ended a process for want of memory."""
        return self.group is not None and self.group.oom_kills() > 0
