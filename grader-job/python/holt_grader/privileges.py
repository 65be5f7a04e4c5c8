"""Takes every privilege away from a process, for good."""

from __future__ import annotations

import os

from .syscalls import (
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAPBSET_DROP,
    PR_CAPBSET_READ,
    PR_SET_NO_NEW_PRIVS,
    capset,
    prctl,
)

#: The names in /proc/PID/status of a process's capability sets.
CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
#: No kernel has as many capabilities: a mask has 64 bits.
MOST_CAPABILITIES = 64


def drop_privileges(uid: int, gid: int, *, keep_ids: bool) -> None:
    """Becomes an ordinary user without groups, without capabilities and without a way to get any.

    `keep_ids` is for a user namespace with a single user, who this process must be already. Raises PermissionError
    when anything is left.
    """
    # The bounding set first: only a process with CAP_SETPCAP can shrink it, and a change of the user takes that away.
    _clear_bounding_set()
    try:
        os.setgroups([])
    except PermissionError:
        # A user namespace with setgroups=deny: its groups are its owner's, and nothing of theirs is mounted.
        if not keep_ids:
            raise
    if not keep_ids:
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    capset()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    _check_dropped(uid, gid)


def _clear_bounding_set() -> None:
    for capability in range(MOST_CAPABILITIES):
        try:
            held = prctl(PR_CAPBSET_READ, capability)
        except OSError:
            # The kernel knows no capability of this number or a higher one.
            break
        if held:
            prctl(PR_CAPBSET_DROP, capability)


def _check_dropped(uid: int, gid: int) -> None:
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid):
        raise PermissionError(f"This process must be user {uid} and group {gid}: {os.getresuid()}, {os.getresgid()}.")
    left = {name: mask for name, mask in read_capabilities("self").items() if mask}
    if left or read_status("self").get("NoNewPrivs") != "1":
        raise PermissionError(f"This process must have no privileges left, and it has {left or 'a way to get some'}.")


def read_status(pid: int | str) -> dict[str, str]:
    """Reads /proc/PID/status; `self` is this process."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        pairs = (line.partition(":") for line in file)
        return {name: value.strip() for name, _, value in pairs}


def read_capabilities(pid: int | str) -> dict[str, int]:
    """Reads the five capability sets of a process, each a mask."""
    status = read_status(pid)
    return {name: int(status[name], 16) for name in CAPABILITY_SETS}
