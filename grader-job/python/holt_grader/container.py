"""Starts one submission in a sandbox of its own, in a process forked from the warm one."""

import contextlib
import fcntl
import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any

from . import first_process, frames, limits, loaded_layer, namespaces, privileges, seccomp, student, syscalls
from .cgroup import Cgroup, make_cgroup
from .kernel import GradingShell
from .registry import Registry, listen
from .usage import Allowance
from .work_copies import WorkCopies, copy_tree

WORK = "/submission"
STORE = "/copies"
ASSIGNMENT = "/assignment"
MEMORY_FOLDERS = ("/tmp", "/dev/shm")
OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclass(frozen=True)
class Order:
    """What a sandbox is made for: what its submission may use, and where things are on this machine."""

    allowance: Allowance
    disk_bytes: int
    uid: int
    group: str
    assignment: str

    @classmethod
    def read(cls, value: Any) -> "Order":
        """Reads an order from a frame."""
        plain = {name: value[name] for name in ("disk_bytes", "uid", "group", "assignment")}
        allowance = Allowance(**value["allowance"])
        return cls(allowance=allowance, **plain)


def start(control: socket.socket, shell: GradingShell) -> None:
    """Becomes the parent of a new sandbox, and ends with it. Never returns."""
    group = None
    try:
        os.setsid()
        syscalls.die_with_parent()
        order = Order.read(frames.receive(control, frames.CAP))
        # Made while its folder is in sight, and by whoever outlives the sandbox.
        group = make_cgroup(order.group, order.allowance.memory_bytes, order.allowance.processes)
        kind = namespaces.enter_namespaces(order.uid)
        first = syscalls.fork_tied()
        if first == 0:
            run_first_process(control, order, kind, shell, group)
            os._exit(0)
        control.close()
        os.waitpid(first, 0)
    except BaseException as error:
        report(control, error)
    if group:
        group.remove()
    os._exit(0)


def run_first_process(
    control: socket.socket, order: Order, kind: namespaces.Kind, shell: GradingShell, group: Cgroup | None
) -> None:
    """Builds the sandbox, starts the student's process in it, and serves the judge to the end."""
    try:
        # A handler would be something that the student's process can make this one do.
        namespaces.restore_signals()
        namespaces.build_root(make_plan(order))
        owner = (order.uid, order.uid)
        copy_tree(ASSIGNMENT, WORK, owner)
        own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        begin, begins = socket.socketpair()
        calls = listen()
        registry = Registry(own, calls, WorkCopies(WORK, STORE, owner))
        output, printed = os.pipe()
        child = os.fork()
        if child == 0:
            run_student(order, kind, shell, (theirs, begins, calls.getsockname()), printed)
        if group:
            # Not this process, which could be ended by what the student's take.
            group.add(child)
        theirs.close()
        begins.close()
        os.close(printed)
        # All is ready, and may be long before there is a notebook.
        job = frames.receive(control, frames.JOB_BYTES)
        write_notebook(job, owner)
        frames.send(begin, job, frames.JOB_BYTES)
        begin.close()
        overseer = first_process.Overseer(
            control, registry, order.allowance, output, (WORK, *MEMORY_FOLDERS), group
        )
        overseer.seal(child, overseer.watch(child))
        overseer.serve()
    except BaseException as error:
        report(control, error)


def write_notebook(job: Any, owner: tuple[int, int]) -> None:
    """Puts the notebook where its own cells look for it: otter reads it when a check's object is made."""
    for name in (os.path.basename(job["name"]), "notebook.ipynb"):
        place = os.path.join(WORK, name)
        try:
            with open(place, "w", encoding="utf-8") as file:
                file.write(job["notebook"])
            os.chown(place, *owner)
            return
        except (OSError, ValueError):
            # A name can be a folder's, or none that a file can have.
            continue


def run_student(
    order: Order,
    kind: namespaces.Kind,
    shell: GradingShell,
    ways: tuple[socket.socket, socket.socket, bytes],
    printed: int,
) -> None:
    """Gives up every right, and runs the notebook when there is one. Never returns.

    `ways` lead to the sandbox's first process: for words, for the notebook, and for calls.
    """
    registry, begins, calls = ways
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        # Moved up first, out of the way of their places.
        moved = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, 10) for one in (registry, begins)]
        kept, source = (os.dup2(number, place) for number, place in zip(moved, (3, 4), strict=True))
        os.closerange(5, 65_536)
        limits.set_limits(
            cpu_seconds=int(order.allowance.seconds) + 1,
            processes=order.allowance.processes,
            file_bytes=order.disk_bytes,
            memory_bytes=order.allowance.memory_bytes,
        )
        namespaces.hide_from_student(STORE)
        privileges.drop_privileges(order.uid, order.uid, keep_ids=kind == "user")
        seccomp.install()
        registry.detach()
        begins.detach()
        os.chdir(WORK)
        student.rehearse(shell)
        with socket.socket(fileno=source) as beginning:
            job = student.Job.read(frames.receive(beginning, frames.JOB_BYTES))
        for name in ("stdout", "stderr"):
            number = 1 if name == "stdout" else 2
            setattr(sys, name, open(number, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False))
        os.environ.pop("PYTHONPATH", None)
        # As a kernel has it: the work folder first, and nothing of the grader.
        sys.path[:] = ["", *(place for place in sys.path if place not in ("", OWN))]
        os.chdir(WORK)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        way = socket.socket(fileno=kept)
        student.run_notebook(shell, job, way, calls)
        sys.stdout.flush()
        sys.stderr.flush()
        with contextlib.suppress(OSError):
            # The last word, said before the kernel takes this process's memory down. A notebook can have closed its way.
            way.shutdown(socket.SHUT_RDWR)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
        os._exit(99)
    os._exit(first_process.DONE)


def make_plan(order: Order) -> namespaces.RootPlan:
    """Shows of this machine what Python needs, and of the assignment what students may see."""
    pythons = {os.path.realpath(place) for place in (sys.prefix, sys.base_prefix)} | {sys.prefix}
    pythons.update(loaded_layer.list_places())
    outside = sorted(place for place in pythons if not f"{place}/".startswith("/usr/"))
    return namespaces.RootPlan(
        binds=(*((place, place) for place in outside), (order.assignment, ASSIGNMENT)),
        work=WORK,
        work_bytes=order.disk_bytes,
        store=STORE,
        uid=order.uid,
    )


def report(control: socket.socket, error: BaseException) -> None:
    """Tells the judge that the sandbox could not be made."""
    try:
        frames.send(control, {"broken": f"{type(error).__name__}: {error}"[:2000]})
    except OSError:
        pass
