"""Enters a sandbox's namespaces: as root directly, as anybody else through a user namespace with a single user."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
from typing import Literal

from . import syscalls
from .privileges import read_capabilities
from .root import RootPlan as RootPlan
from .root import build_root as build_root
from .root import hide_from_student as hide_from_student

Kind = Literal["root", "user"]

SPACES = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
)
HOST_NAME = "grader"
USUAL_UID = 20_001
#: CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_NET_ADMIN and CAP_SYS_ADMIN.
NEEDED = sum(1 << capability for capability in (6, 7, 8, 12, 21))
CAP_SETUID = 7
SET_FLAGS, UP_AND_RUNNING = 0x8914, 1 | 64


def choose_kind(inner_uid: int = USUAL_UID) -> Kind:
    """Says which way is open to this process."""
    return "root" if os.geteuid() == 0 and _holds(NEEDED) and _is_there(inner_uid) else "user"


def enter_namespaces(inner_uid: int) -> Kind:
    """Moves this process into new namespaces; its next fork is the first process of the new pid namespace.

    This process must have a single thread. In a user namespace it is `inner_uid` afterwards, with every capability
    there; as root it stays root.
    """
    kind = choose_kind(inner_uid)
    if kind == "user":
        _enter_user_namespace(inner_uid)
    syscalls.unshare(SPACES)
    try:
        syscalls.unshare(syscalls.CLONE_NEWCGROUP)
    except OSError:
        # It hides names only: without cgroup file systems in the new root there is nothing to see.
        pass
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    socket.sethostname(HOST_NAME)
    _raise_loopback()
    return kind


def restore_signals() -> None:
    """Gives every signal its default, which for a first process is to ignore what its namespace sends it.

    In a user namespace the student's processes are the same user: whatever has a handler, they can trigger.
    """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except OSError:
            # The C library keeps some to itself.
            continue
    # As in every Python: a write that cannot be done is an error and not the end.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)


def _holds(mask: int) -> bool:
    return read_capabilities("self")["CapEff"] & mask == mask


def _is_there(uid: int) -> bool:
    """Tells whether there is such a user and group here: a user namespace may have root alone."""
    for name in ("uid_map", "gid_map"):
        with open(f"/proc/self/{name}", encoding="utf-8") as file:
            ranges = [tuple(map(int, line.split())) for line in file]
        if not any(first <= uid < first + count for first, _, count in ranges):
            return False
    return True


def _enter_user_namespace(inner_uid: int) -> None:
    if os.geteuid() == 0 and _holds(1 << CAP_SETUID) and _is_there(inner_uid):
        # Root without its rights would still own root's files.
        os.setgroups([])
        os.setresgid(inner_uid, inner_uid, inner_uid)
        os.setresuid(inner_uid, inner_uid, inner_uid)
        # The change hid this process from itself, and the maps below are its own files.
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    # The kernel takes a map of groups from an ordinary user only after setgroups is given up.
    maps = (("setgroups", "deny"), ("uid_map", f"{inner_uid} {uid} 1"), ("gid_map", f"{inner_uid} {gid} 1"))
    for name, text in maps:
        with open(f"/proc/self/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SET_FLAGS, struct.pack("16sh14x", b"lo", UP_AND_RUNNING))
