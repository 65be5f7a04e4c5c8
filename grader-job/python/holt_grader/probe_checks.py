"""The checks of the probe. Each runs as the student in a sandbox, and answers what is wrong, or nothing."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import probe_limits, seccomp, syscalls
from .privileges import read_capabilities, read_status

SPACES = ("pid", "mnt", "net", "ipc", "uts")
DEVICES = {"full", "null", "random", "urandom", "zero", "fd", "stdin", "stdout", "stderr", "shm"}
#: Addresses for documentation. A datagram socket that is connected sends nothing.
ELSEWHERE = ((socket.AF_INET, ("192.0.2.1", 9)), (socket.AF_INET6, ("2001:db8::1", 9)))


@dataclass(frozen=True)
class Outside:
    """What the probe's caller is, to compare with."""

    uid: int
    pid: int
    spaces: dict[str, str]


def _refused(names: Iterable[str], *arguments: int) -> Callable[[Outside], str]:
    def check(_: Outside) -> str:
        # Nothing that these arguments ask for does harm where it is let through.
        answers = {name: _attempt(name, *(*arguments, 0, 0, 0, 0, 0, 0)[:6]) for name in names}
        return ", ".join(f"{name}: {answer}" for name, answer in answers.items() if answer)

    return check


def _attempt(name: str, *arguments: int) -> str:
    number, wanted = seccomp.find_refusal(name, syscalls.machine())
    if number is None:
        return ""
    try:
        syscalls.syscall(name, number, *arguments)
    except OSError as error:
        return "" if error.errno == wanted else errno.errorcode.get(error.errno or 0, "unknown error")
    return "let through"


def _own_space(space: str) -> Callable[[Outside], str]:
    def check(outside: Outside) -> str:
        return "" if os.readlink(f"/proc/self/ns/{space}") != outside.spaces[space] else "is the same as outside"

    return check


def _check_user(outside: Outside) -> str:
    with open("/proc/self/uid_map", "rb") as file:
        lines = [line.split() for line in file]
    single = len(lines) == 1 and lines[0][2] == b"1"
    if os.getuid() == 0:
        return "runs as root"
    return "" if single or os.getuid() != outside.uid else "is the same user as outside"


def _check_new_privileges(_: Outside) -> str:
    return "" if read_status("self").get("NoNewPrivs") == "1" else "a program that is started may gain rights"


def _check_capabilities(_: Outside) -> str:
    return ", ".join(f"{name} is {mask:x}" for name, mask in read_capabilities("self").items() if mask)


def _check_filter(_: Outside) -> str:
    return "" if read_status("self").get("Seccomp") == "2" else "no filter is on"


def _check_sockets(_: Outside) -> str:
    made = []
    for family in (socket.AF_VSOCK, socket.AF_NETLINK, socket.AF_PACKET):
        try:
            socket.socket(family, socket.SOCK_DGRAM).close()
            made.append(family.name)
        except OSError as error:
            if error.errno != errno.EAFNOSUPPORT:
                made.append(f"{family.name} answers {error.strerror}")
    return ", ".join(made)


def _check_root(_: Outside) -> str:
    wrong = []
    for place in ("/", "/usr", "/etc", "/dev", "/home"):
        name = f"{place}/holt-probe"
        try:
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_EXCL))
            wrong.append(f"{place} can be written")
            os.unlink(name)
        except OSError:
            continue
    with open("/proc/self/mountinfo", "rb") as file:
        mounts = [(line.split()[4].decode(errors="replace"), line.split()[5].split(b",")) for line in file]
    free = {"/tmp", "/dev/shm", os.getcwd()}
    wrong += [f"{place} is mounted for writing" for place, flags in mounts if b"ro" not in flags and place not in free]
    return ", ".join(wrong)


def _check_devices(_: Outside) -> str:
    return ", ".join(sorted(set(os.listdir("/dev")) - DEVICES))


def _check_network(_: Outside) -> str:
    with open("/proc/net/dev", "rb") as file:
        names = [line.split(b":")[0].strip().decode(errors="replace") for line in file.readlines()[2:]]
    wrong = [f"has {name}" for name in names if name != "lo"]
    for family, address in ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as datagram:
                datagram.connect(address)
            wrong.append(f"has a way to {address[0]}")
        except OSError:
            continue
    return ", ".join(wrong)


def _check_processes(_: Outside) -> str:
    numbers = {int(name) for name in os.listdir("/proc") if name.isdigit()}
    strangers = numbers - {1, os.getpid()}
    return f"sees {len(strangers)} processes" if strangers else ""


CHECKS: dict[str, Callable[[Outside], str]] = {
    **{f"own {space} namespace": _own_space(space) for space in SPACES},
    "own user": _check_user,
    "no new privileges": _check_new_privileges,
    "no capabilities": _check_capabilities,
    "system call filter": _check_filter,
    "no ptrace": _refused(["ptrace"]),
    # Leaving shared file settings is allowed to everybody where no filter is on.
    "no new namespaces": _refused(["unshare", "setns"], 0x200),
    "no clone3": _refused(["clone3"]),
    "no mounts": _refused(["mount", "umount2", "move_mount", "open_tree", "fsopen"]),
    "no other refused call": _refused(seccomp.REFUSED_NAMES),
    "few socket families": _check_sockets,
    "read-only root": _check_root,
    "few devices": _check_devices,
    "limited disk": probe_limits.check_disk,
    "no network": _check_network,
    "own processes only": _check_processes,
    "limits": probe_limits.check_limits,
    "few processes": probe_limits.check_number,
    "memory is measured": probe_limits.check_memory,
    "first to end without memory": probe_limits.check_oom,
}
