"""The checks of the probe that look at limits. Each runs as the student in a sandbox, and answers what is wrong, or nothing."""

from __future__ import annotations

import errno
import os
import resource

from .limits import sum_memory

#: More than the folders in memory may hold.
TOO_MUCH = 2 * 2**20
MOST_PROCESSES = 64
LIMITED = ("CPU", "NPROC", "FSIZE", "NOFILE", "CORE", "AS")


def check_disk(_: object) -> str:
    wrong = []
    for folder in (os.getcwd(), "/tmp", "/dev/shm"):
        name = f"{folder}/holt-probe"
        try:
            with open(name, "wb", buffering=0) as file:
                written = 0
                while written < TOO_MUCH:
                    written += file.write(bytes(2**16))
            wrong.append(f"{folder} takes more than it may")
        except OSError as error:
            if error.errno != errno.ENOSPC:
                wrong.append(f"{folder}: {error.strerror}")
        os.unlink(name)
    return ", ".join(wrong)


def check_limits(_: object) -> str:
    limits = {kind: resource.getrlimit(getattr(resource, f"RLIMIT_{kind}")) for kind in LIMITED}
    endless = [kind for kind, limit in limits.items() if resource.RLIM_INFINITY in limit]
    return f"no limit on {', '.join(endless)}" if endless else ""


def check_number(_: object) -> str:
    # The kernel does not count for root, who can have another number in a user namespace.
    limit = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if not 0 < limit <= MOST_PROCESSES:
        return "has no limit that could be tried"
    ready, go = os.pipe()
    children: list[int] = []
    try:
        while len(children) <= limit:
            child = os.fork()
            if child == 0:
                os.close(go)
                os.read(ready, 1)
                os._exit(0)
            children.append(child)
        return f"more than {limit} can be started: run the grader as another user than root, or as root with its rights"
    except OSError:
        return ""
    finally:
        os.close(ready)
        os.close(go)
        for child in children:
            os.waitpid(child, 0)


def check_memory(_: object) -> str:
    return "" if sum_memory([os.getpid()]) > 2**20 else "the memory of a process cannot be read"


def check_oom(_: object) -> str:
    with open("/proc/self/oom_score_adj", "rb") as file:
        return "" if file.read().strip() == b"1000" else "the kernel may end others first"
