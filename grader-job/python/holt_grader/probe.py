"""Finds out from the inside whether a sandbox made here keeps its promises. What is not shown to hold does not hold."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import limits, seccomp, syscalls
from .memory_limit import find_memory_limit
from .namespaces import Kind, RootPlan, build_root, choose_kind, enter_namespaces, hide_from_student, restore_signals
from .privileges import drop_privileges
from .probe_checks import CHECKS, SPACES, Outside

SECONDS = 10.0
UID = 20_001
MEBIBYTE = 2**20
PLAN = RootPlan(uid=UID, work_bytes=MEBIBYTE, tmp_bytes=MEBIBYTE, shm_bytes=MEBIBYTE, inodes=100)
SANDBOX = "sandbox"


@dataclass(frozen=True)
class Finding:
    """Says whether one promise holds here, and what was seen."""

    name: str
    ok: bool
    detail: str


def probe(seconds: float = SECONDS, uid: int = UID) -> list[Finding]:
    """Makes a sandbox to throw away, with the functions that make every other, and tries to leave it.

    Every check has a finding, whatever happens; one without an answer is not ok. It never takes longer than `seconds`.
    """
    outside = Outside(os.getuid(), os.getpid(), {space: os.readlink(f"/proc/self/ns/{space}") for space in SPACES})
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _run(lambda: _start(outside, uid, write), write)
    os.close(write)
    try:
        lines = _read_lines(read, time.monotonic() + seconds)
    finally:
        # All that is in the sandbox ends with this one.
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(read)
    name, detail = find_memory_limit()
    # Either is enough: what is taken too fast to be seen is ended by the kernel, the sandbox first of all.
    return [*_collect(lines, choose_kind(uid)), Finding(name, True, detail)]


def _start(outside: Outside, uid: int, write: int) -> None:
    syscalls.die_with_parent()
    restore_signals()
    signal.alarm(int(SECONDS) + 1)
    kind = enter_namespaces(uid)
    first = syscalls.fork_tied()
    if first == 0:
        _run(lambda: _be_first(outside, kind, uid, write), write)
    os.waitpid(first, 0)


def _be_first(outside: Outside, kind: Kind, uid: int, write: int) -> None:
    plan = RootPlan(**{**PLAN.__dict__, "uid": uid})
    build_root(plan)
    student = os.fork()
    if student == 0:
        _run(lambda: _be_student(outside, kind, plan, write), write)
    os.waitpid(student, 0)


def _be_student(outside: Outside, kind: Kind, plan: RootPlan, write: int) -> None:
    os.setsid()
    limits.set_limits(cpu_seconds=int(SECONDS), processes=16, file_bytes=8 * MEBIBYTE, memory_bytes=64 * MEBIBYTE)
    hide_from_student(plan.store)
    drop_privileges(plan.uid, plan.uid, keep_ids=kind == "user")
    seccomp.install()
    os.chdir(plan.work)
    _say(write, SANDBOX, "")
    for name, check in CHECKS.items():
        try:
            fault = check(outside)
        except BaseException as error:
            fault = f"could not be checked: {type(error).__name__}: {error}"
        _say(write, name, fault)


def _run(act: Callable[[], None], write: int) -> None:
    try:
        act()
    except BaseException as error:
        _say(write, SANDBOX, f"{type(error).__name__}: {error}")
    finally:
        os._exit(0)


def _say(write: int, name: str, fault: str) -> None:
    # One write of less than a pipe's page arrives whole.
    os.write(write, json.dumps([name, fault[:500]]).encode() + b"\n")


def _read_lines(read: int, deadline: float) -> list[tuple[str, str]]:
    text = b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([read], [], [], left)[0]:
            break
        part = os.read(read, 2**16)
        if not part:
            break
        text += part
    return [(name, fault) for name, fault in map(json.loads, text.split(b"\n")[:-1])]


def _collect(lines: list[tuple[str, str]], kind: Kind) -> list[Finding]:
    faults: dict[str, str] = {}
    for name, fault in lines:
        # The first fault of a name stays: nothing that is said later takes it back.
        faults[name] = faults.get(name) or fault
    way = "by root" if kind == "root" else "in a user namespace with a single user"
    whole = faults.get(SANDBOX, "no sandbox came up in time")
    findings = [Finding(SANDBOX, not whole, whole or f"made {way}")]
    for name in CHECKS:
        fault = faults.get(name, "no answer")
        findings.append(Finding(name, not fault, fault or "holds"))
    return findings
