"""Sandboxes of one assignment, each made before its notebook comes: making one takes as long as many a notebook."""

import secrets
import threading
from typing import Any

from .cgroup import remove_groups
from .submission import Submission
from .warm_client import Warm

#: Users that no machine has otherwise, and that a container with few users has too. Each judge begins somewhere else
#: among them: the kernel counts a user's processes, so one who is shared could use up a neighbour's.
FIRST_UID, MOST_UIDS = 20_001, 40_000


class Sandboxes:
    """Keeps one sandbox ready for each place where notebooks are graded."""

    def __init__(self, warm: Warm, assignment: str) -> None:
        self._warm = warm
        self._assignment = assignment
        self._lock = threading.Lock()
        self._ready: dict[int, Submission] = {}
        self._made = secrets.randbelow(MOST_UIDS)
        self._owner = secrets.token_hex(4)

    def take(self, limits: dict[str, Any], slot: int) -> Submission:
        """Hands out the sandbox of a place, or a new one where its limits are others."""
        allowance = read_allowance(limits)
        with self._lock:
            ready = self._ready.pop(slot, None)
        if ready and all(ready.order[name] == value for name, value in allowance.items()):
            return ready
        if ready:
            ready.close()
        return self.make(limits)

    def prepare(self, limits: dict[str, Any], slot: int) -> None:
        """Has the next sandbox of a place made, while this one is busy."""
        made = self.make(limits)
        with self._lock:
            self._ready[slot] = made

    def forget(self, slot: int) -> None:
        """Lets go of the sandbox that is ready for a place."""
        with self._lock:
            ready = self._ready.pop(slot, None)
        if ready:
            ready.close()

    def make(self, limits: dict[str, Any]) -> Submission:
        """Has a sandbox made. Its user is nobody else's at this time."""
        with self._lock:
            self._made += 1
            uid = FIRST_UID + self._made % MOST_UIDS
            group = f"{self._owner}-{self._made}"
        own = {"uid": uid, "group": group, "assignment": self._assignment}
        return Submission(self._warm, {**read_allowance(limits), **own})

    def close(self) -> None:
        """Removes what sandboxes have left that ended with the warm process, which is gone."""
        remove_groups(self._owner)


def read_allowance(limits: dict[str, Any]) -> dict[str, Any]:
    """Reads what a submission may use from the limits that a task gives."""
    seconds = limits["notebookSeconds"]
    return {
        "allowance": {
            "seconds": seconds,
            "memory_bytes": limits["memoryBytes"],
            "cell_seconds": limits.get("cellSeconds") or max(seconds * 2 // 3, 1),
            "processes": limits["processes"],
        },
        "disk_bytes": limits["diskBytes"],
    }
