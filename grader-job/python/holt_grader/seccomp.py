"""Refuses the system calls that lead out of a sandbox, or that its limits do not count."""

from __future__ import annotations

import ctypes
import errno
import socket
import struct

from . import syscalls

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
#: Where the kernel's struct seccomp_data has the call's number, its machine and the low half of each argument.
NUMBER, MACHINE, ARGUMENTS = 0, 4, (16, 24, 32)
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000
SET_MODE_FILTER, ALL_THREADS = 1, 1
NEW_NAMESPACES = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWCGROUP
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
)
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)

#: Numbers from the kernel's tables: name -> (x86_64, aarch64). None: the machine has no such call.
_FORBIDDEN: dict[str, tuple[int | None, int | None]] = {
    # Other processes' memory and files.
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
    **{"pidfd_getfd": (438, 438), "kcmp": (312, 272), "process_madvise": (440, 440), "process_mrelease": (448, 448)},
    # Parts of the kernel that notebooks do not need and attackers do.
    **{"io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427)},
    **{"bpf": (321, 280), "userfaultfd": (323, 282), "perf_event_open": (298, 241), "fanotify_init": (300, 262)},
    **{"add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219)},
    **{"modify_ldt": (154, None), "syslog": (103, 116)},
    # What tells of files that other sandboxes are shown, too.
    **{"inotify_init": (253, None), "inotify_init1": (294, 26)},
    # Mounts, roots and namespaces.
    **{"mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51)},
    **{"open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431)},
    **{"fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "open_tree_attr": (467, 467)},
    **{"unshare": (272, 97), "setns": (308, 268)},
    **{"name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265)},
    # The kernel itself.
    **{"kexec_load": (246, 104), "kexec_file_load": (320, 294)},
    **{"init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106)},
}
#: Memory that belongs to no process, so that no sum over processes counts it.
_ABSENT: dict[str, tuple[int | None, int | None]] = {
    **{"memfd_create": (319, 279), "memfd_secret": (447, 447)},
    **{"shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190)},
    # A lock on a file that others are shown is a word to them.
    "flock": (73, 32),
    # glibc falls back to clone, whose flags a filter can read.
    "clone3": (435, 435),
}
#: Every call that is refused whatever its arguments are.
REFUSED_NAMES = (*_FORBIDDEN, *_ABSENT)
_CLONE, _SOCKET, _SOCKETPAIR, _PRLIMIT, _FCNTL = (56, 220), (41, 198), (53, 199), (302, 261), (72, 25)
_SETSOCKOPT = (54, 208)
#: Options that change how much waits in a socket, which is bounded by the machine's usual size.
SIZES = (socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33)
#: Commands of fcntl by which whoever may read a file keeps others from opening it, or hears of it.
F_SETLEASE, F_NOTIFY = 1024, 1026


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _refuse(error: int) -> bytes:
    return _step(RETURN, REFUSE | error)


def _when(number: int, *block: bytes) -> list[bytes]:
    """Runs a block of steps, which must end the program, for one call."""
    return [_step(EQUAL, number, 0, len(block)), *block]


def _allow_families(argument: int, families: tuple[int, ...]) -> list[bytes]:
    tests = [_step(EQUAL, family, len(families) - place) for place, family in enumerate(families)]
    return [_step(LOAD, ARGUMENTS[argument]), *tests, _refuse(errno.EAFNOSUPPORT), _step(RETURN, ALLOW)]


def build_program(machine: str) -> bytes:
    """Builds the filter, in the kernel's BPF, for x86_64 or aarch64."""
    if machine not in MACHINES:
        raise OSError(f"The system call filter knows x86_64 and aarch64, and this is {machine}.")
    column = list(MACHINES).index(machine)
    steps = [_step(LOAD, MACHINE), _step(EQUAL, MACHINES[machine], 1), _step(RETURN, KILL), _step(LOAD, NUMBER)]
    if machine == "x86_64":
        # The x32 calls are the same calls by other numbers.
        steps += [_step(AT_LEAST, X32_BIT, 0, 1), _refuse(errno.EPERM)]
    for table, error in ((_FORBIDDEN, errno.EPERM), (_ABSENT, errno.ENOSYS)):
        for numbers in table.values():
            number = numbers[column]
            if number is not None:
                steps += _when(number, _refuse(error))
    namespaces = [_step(LOAD, ARGUMENTS[0]), _step(ANY_BIT, NEW_NAMESPACES, 0, 1), _refuse(errno.EPERM)]
    steps += _when(_CLONE[column], *namespaces, _step(RETURN, ALLOW))
    steps += _when(_SOCKET[column], *_allow_families(0, FAMILIES))
    steps += _when(_SOCKETPAIR[column], *_allow_families(0, (socket.AF_UNIX,)))
    # In a user namespace the sandbox's first process is the same user, and its limits are not for others to set.
    own = [_step(LOAD, ARGUMENTS[0]), _step(EQUAL, 0, 1), _refuse(errno.EPERM), _step(RETURN, ALLOW)]
    steps += _when(_PRLIMIT[column], *own)
    commands = [_step(LOAD, ARGUMENTS[1]), _step(EQUAL, F_SETLEASE, 2), _step(EQUAL, F_NOTIFY, 1), _step(RETURN, ALLOW)]
    steps += _when(_FCNTL[column], *commands, _refuse(errno.EPERM))
    # Without an error, as the kernel itself gives less than it is asked for.
    sizes = [_step(EQUAL, size, len(SIZES) - place) for place, size in enumerate(SIZES)]
    of_sockets = [_step(LOAD, ARGUMENTS[1]), _step(EQUAL, socket.SOL_SOCKET, 0, len(SIZES) + 1), _step(LOAD, ARGUMENTS[2])]
    steps += _when(_SETSOCKOPT[column], *of_sockets, *sizes, _step(RETURN, ALLOW), _refuse(0))
    return b"".join([*steps, _step(RETURN, ALLOW)])


def find_refusal(name: str, machine: str) -> tuple[int | None, int]:
    """Answers a refused call's number on a machine, if it has one, and the error that it gets."""
    error = errno.EPERM if name in _FORBIDDEN else errno.ENOSYS
    return (_FORBIDDEN | _ABSENT)[name][list(MACHINES).index(machine)], error


def install() -> None:
    """Puts the filter on this process and all that it starts. It needs no_new_privs and cannot be taken off."""
    program = build_program(syscalls.machine())
    buffer = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer)))
    if syscalls.seccomp(SET_MODE_FILTER, ALL_THREADS, ctypes.addressof(head)):
        raise OSError("seccomp: a thread has a filter of its own, so the sandbox's cannot be put on all of them.")
