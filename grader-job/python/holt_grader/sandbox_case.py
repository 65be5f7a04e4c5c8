"""Runs a test's function in a process of its own and answers what it says, so that a test can give privileges up."""

from __future__ import annotations

import json
import os
import select
import signal
import traceback
import unittest
from collections.abc import Callable
from typing import Any, NoReturn

from . import seccomp
from .namespaces import Kind, RootPlan, build_root, enter_namespaces, hide_from_student, restore_signals
from .privileges import drop_privileges
from .syscalls import CLONE_NEWNS, MS_PRIVATE, MS_REC, PR_SET_DUMPABLE, fork_tied, mount, prctl, unshare

ORDINARY = 20_001
#: As an ordinary user, and as root where the tests are root: what `ordinary` may be.
WAYS = [True] + ([False] if os.geteuid() == 0 else [])
SECONDS = 30.0


class ChildError(Exception):
    """Carries what went wrong in the child."""


def in_child(function: Callable[[], object], *, ordinary: bool = False) -> Any:
    """Runs `function` in a fork and returns its value, which must be JSON; `ordinary` gives root up before."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        _answer(write, function, become_ordinary if ordinary else None)
    os.close(write)
    try:
        return _unpack(read_all(read))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(read)


def _answer(write: int, function: Callable[[], object], first: Callable[[], None] | None = None) -> NoReturn:
    try:
        if first:
            first()
        answer: dict[str, object] = {"value": function()}
    except BaseException as error:
        try:
            answer = {"error": traceback.format_exc()}
        except ImportError:
            # Python's library may be out of sight.
            answer = {"error": f"{type(error).__name__}: {error}"}
    try:
        os.write(write, json.dumps(answer).encode())
    finally:
        os._exit(0)


def _unpack(text: str) -> Any:
    if not text:
        raise ChildError("The child ended without an answer.")
    got = json.loads(text)
    if "error" in got:
        raise ChildError(got["error"])
    return got["value"]


def read_all(descriptor: int) -> str:
    """Reads until the end, or gives up."""
    text = b""
    while select.select([descriptor], [], [], SECONDS)[0]:
        part = os.read(descriptor, 2**16)
        if not part:
            return text.decode()
        text += part
    raise ChildError("The child did not answer in time.")


def become_ordinary() -> None:
    """Becomes an ordinary user, as the grading container's is."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(ORDINARY, ORDINARY, ORDINARY)
        os.setresuid(ORDINARY, ORDINARY, ORDINARY)
        # A change of the user hides a process from itself; one that was started as that user is not hidden.
        prctl(PR_SET_DUMPABLE, 1)


def hide_groups() -> None:
    """Takes control groups out of sight of this process and what it starts; only root can."""
    unshare(CLONE_NEWNS)
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", "/sys/fs/cgroup", "tmpfs")


def in_first_process(
    function: Callable[[Kind], object], *, ordinary: bool, plan: RootPlan | None = None
) -> Any:
    """Runs `function` as the first process of a sandbox of its own."""
    chosen = plan or make_plan()

    def outer() -> object:
        kind = enter_namespaces(chosen.uid)
        read, write = os.pipe()
        first = fork_tied()
        if first == 0:
            _answer(write, lambda: inner(kind))
        os.close(write)
        text = read_all(read)
        os.waitpid(first, 0)
        return _unpack(text)

    def inner(kind: Kind) -> object:
        restore_signals()
        build_root(chosen)
        return function(kind)

    return in_child(outer, ordinary=ordinary)


def in_sandbox(
    function: Callable[[], object],
    *,
    ordinary: bool,
    prepare: Callable[[], object] | None = None,
    plan: RootPlan | None = None,
) -> Any:
    """Runs `function` as the student in a sandbox of its own. `prepare` runs just before the rights are given up."""
    chosen = plan or make_plan()

    def student(kind: Kind) -> object:
        if prepare:
            prepare()
        hide_from_student(chosen.store)
        drop_privileges(chosen.uid, chosen.uid, keep_ids=kind == "user")
        seccomp.install()
        os.chdir(chosen.work)
        return function()

    return in_first_process(lambda kind: in_child(lambda: student(kind)), ordinary=ordinary, plan=chosen)


def make_plan() -> RootPlan:
    return RootPlan(uid=ORDINARY, work_bytes=2**20, work="/home/student")


class SandboxCase(unittest.TestCase):
    """A test that looks into sandboxes made in every way that is open here."""

    def each(self, function: Callable[[], object], plan: RootPlan | None = None) -> list[Any]:
        """Runs `function` in a sandbox of each way and lists the answers."""
        return [in_sandbox(function, ordinary=ordinary, plan=plan) for ordinary in WAYS]


def attempt_all(attempts: dict[str, Callable[[], object]]) -> dict[str, str]:
    """Makes attempts and says of each whether it was done, or what refused it."""
    found = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            found[name] = "done"
        except OSError as error:
            found[name] = type(error).__name__ if type(error) is not OSError else str(error.errno)
    return found
