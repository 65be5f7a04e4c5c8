"""The processes of a sandbox, as its first process sees and ends them."""

import os
import signal
import time

#: How long a killed process is given between two looks at it: at first, and at most.
FIRST_LOOK_SECONDS, LOOK_SECONDS = 0.00005, 0.001
#: Longer than it takes to end anything that can be ended.
MOST_SEAL_SECONDS = 20.0
MOST_FREE_SECONDS = 5.0
#: How long a snapshot may take to stop.
MOST_STILL_SECONDS = 3.0
#: The kernel's mark of a thread that is on its way out. Source: PF_EXITING in include/linux/sched.h.
EXITING = 0x4


def find_start(pid: int) -> int:
    """Finds when a process began, in the kernel's ticks; 0 where there is none."""
    try:
        return int(read_stat(f"/proc/{pid}/stat")[19])
    except OSError:
        return 0


def list_pids() -> list[int]:
    """Lists every process of this pid namespace but the first."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def is_dead(pid: int) -> bool:
    """Tells whether no thread of a process will ever run its own code again.

    It may still be there: the kernel takes milliseconds to take a big one down, and a stopped parent does not bury it.
    """
    return all(state in b"ZX" or flags & EXITING for state, flags in read_threads(pid))


def has_exited(pid: int, code: int) -> bool:
    """Tells whether a process has ended with this code, before the kernel has taken it down."""
    try:
        # Source: proc(5), exit_code.
        return is_dead(pid) and os.waitstatus_to_exitcode(int(read_stat(f"/proc/{pid}/stat")[49])) == code
    except (OSError, ValueError):
        return False


def is_still(pid: int) -> bool:
    """Tells whether no thread of a process runs: it is stopped, or dead."""
    return all(state in b"TtZX" or flags & EXITING for state, flags in read_threads(pid))


def read_threads(pid: int) -> list[tuple[bytes, int]]:
    """Reads the state and the kernel's marks of each thread of a process; who is gone has none."""
    found = []
    try:
        fields = read_stat(f"/proc/{pid}/stat")
        if int(fields[17]) <= 1:
            return [(fields[0], int(fields[6]))]
        for thread in os.listdir(f"/proc/{pid}/task"):
            fields = read_stat(f"/proc/{pid}/task/{thread}/stat")
            found.append((fields[0], int(fields[6])))
    except OSError:
        # A thread that ends while it is looked at may have started another.
        return [(b"R", 0)] if os.path.exists(f"/proc/{pid}") else []
    return found


def read_stat(place: str) -> list[bytes]:
    """Reads what the kernel tells of a process or a thread, from its state on: its name can hold anything."""
    # Not `open`: this is done hundreds of times for a notebook.
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 4096).rpartition(b") ")[2].split()
    finally:
        os.close(descriptor)


def reap() -> None:
    """Buries the dead, so that they are not counted."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def reap_all_but(student: int) -> None:
    """Buries orphans; the student's own process is waited for where its status is read."""
    for pid in list_pids():
        if pid != student:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def tell(pid: int, number: int) -> None:
    """Sends a signal; who is gone needs none."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def leave_only(kept: set[int]) -> None:
    """Stops everything and ends whatever is not kept; returns when nothing else is left and nothing runs."""
    patience = time.monotonic() + MOST_STILL_SECONDS
    deadline = time.monotonic() + MOST_SEAL_SECONDS
    pause = FIRST_LOOK_SECONDS
    while True:
        stop_all()
        strangers = [pid for pid in list_pids() if pid not in kept and not is_dead(pid)]
        if not strangers and time.monotonic() > patience:
            # It waits for somebody whom it has chosen itself, and cannot be stopped until that ends.
            strangers = [pid for pid in kept if not is_still(pid)]
        for pid in strangers:
            tell(pid, signal.SIGKILL)
        reap()
        if not strangers and all(is_still(pid) for pid in kept):
            return
        if time.monotonic() > deadline:
            raise TimeoutError("what the notebook has started could not be stopped")
        time.sleep(pause)
        pause = min(pause * 2, LOOK_SECONDS)


def wait_until_freed(kept: set[int]) -> None:
    """Waits until the ended hold no memory any more, which is later than their last step; gives up after a while."""
    deadline = time.monotonic() + MOST_FREE_SECONDS
    while time.monotonic() < deadline:
        others = [pid for pid in list_pids() if pid not in kept]
        if all(state in b"ZX" for pid in others for state, _ in read_threads(pid)):
            return
        reap()
        time.sleep(LOOK_SECONDS)


def stop_all() -> None:
    """Stops every process of this pid namespace but the first, at once.

    A list of them is wrong before it is read, when each forks the next and ends; the kernel holds forks up meanwhile.
    """
    if os.getpid() != 1:
        raise RuntimeError("Only the first process of a pid namespace may stop everything in it.")
    tell(-1, signal.SIGSTOP)
