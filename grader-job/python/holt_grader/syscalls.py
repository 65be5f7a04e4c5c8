"""Wraps the system calls that Python's os module lacks, or lacks in some releases. Linux only."""

from __future__ import annotations

import ctypes
import os
import platform
import select
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

#: Numbers of calls that are made by number, for each machine.
NUMBERS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "seccomp": 317},
    "aarch64": {"pivot_root": 41, "capset": 91, "seccomp": 277},
}
CAPABILITY_VERSION = 0x20080522

# Looked up when imported: after a fork from a process with threads, nothing may wait for the loader's lock.
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
_libc.umount2.argtypes = [ctypes.c_char_p, ctypes.c_int]
_libc.unshare.argtypes = [ctypes.c_int]
_libc.setns.argtypes = [ctypes.c_int, ctypes.c_int]
_libc.prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong]
_libc.syscall.restype = ctypes.c_long
_MACHINE = platform.machine()


def _check(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _encode(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def machine() -> str:
    """Names this processor's architecture as the kernel does."""
    return _MACHINE


def syscall(name: str, number: int, *arguments: int | bytes | None) -> int:
    """Makes a system call by number. Integers are passed as 64 bits; bytes as a pointer to them."""
    passed = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    return _check(int(_libc.syscall(ctypes.c_long(number), *passed)), name)


def _number(name: str) -> int:
    if _MACHINE not in NUMBERS:
        raise OSError(f"{name}: the sandbox runs on x86_64 and aarch64, and this is {_MACHINE}.")
    return NUMBERS[_MACHINE][name]


def unshare(flags: int) -> None:
    """Moves this process into new namespaces; a pid namespace begins with its next child."""
    _check(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Moves this process into the namespace that a descriptor stands for."""
    _check(_libc.setns(descriptor, kind), "setns")


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    """Mounts a file system, binds a folder or changes a mount's flags."""
    result = _libc.mount(_encode(source), _encode(target), _encode(kind), flags, _encode(options))
    _check(result, f"mount {target}")


def umount(target: str, flags: int = 0) -> None:
    """Takes a mount away."""
    _check(_libc.umount2(_encode(target), flags), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Makes a mount the root, and puts the old root below it."""
    syscall("pivot_root", _number("pivot_root"), os.fsencode(new), os.fsencode(old))


def prctl(option: int, *arguments: int) -> int:
    """Reads or sets an attribute of this process."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return _check(_libc.prctl(option, *padded), f"prctl {option}")


def capset(effective: int = 0, permitted: int = 0, inheritable: int = 0) -> None:
    """Sets this process's capability sets, each a mask."""
    header = CAPABILITY_VERSION.to_bytes(4, "little") + bytes(4)
    low, high = ([(mask >> shift) & 0xFFFFFFFF for mask in (effective, permitted, inheritable)] for shift in (0, 32))
    data = b"".join(word.to_bytes(4, "little") for word in low + high)
    syscall("capset", _number("capset"), header, data)


def seccomp(operation: int, flags: int, program: int) -> int:
    """Calls seccomp; `program` is the address of what the operation wants."""
    return syscall("seccomp", _number("seccomp"), operation, flags, program)


def die_with_parent() -> None:
    """Ends this process with the thread that forked it. A change of the user undoes this."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def fork_tied() -> int:
    """Forks; the child ends with this process, even one that ends before the child can ask for it."""
    parent = os.pidfd_open(os.getpid())
    child = os.fork()
    if child == 0:
        die_with_parent()
        # In a new pid namespace the parent has no number to compare.
        if select.select([parent], [], [], 0)[0]:
            os._exit(1)
    os.close(parent)
    return child
