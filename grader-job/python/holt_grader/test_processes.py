import os
import signal
import threading
import time
import unittest
from collections.abc import Callable

from holt_grader.processes import has_exited, is_dead, is_still, leave_only, list_pids, stop_all
from holt_grader.sandbox_case import ORDINARY, WAYS, in_first_process


def start(act: Callable[[], object], uid: int | None = ORDINARY) -> int:
    """Forks a process that acts, and says when it is about to."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if uid and os.geteuid() == 0:
                os.setresuid(uid, uid, uid)
            os.write(told, b"x")
            act()
        finally:
            os._exit(0)
    os.read(ready, 1)
    os.close(ready)
    os.close(told)
    return pid


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.001)


def sleep() -> None:
    time.sleep(60)


def hide() -> None:
    """Becomes a daemon that is deaf to every signal that can be."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            continue
    os.setsid()
    if os.fork() == 0:
        sleep()


def chain() -> None:
    """Forks the next and ends, for ever: any list of processes names the dead."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)


def chain_threads() -> None:
    """Goes on in a new thread and ends the old one, for ever."""
    end = time.monotonic() + 30

    def go_on() -> None:
        if time.monotonic() < end:
            threading.Thread(target=go_on).start()

    go_on()
    sleep()


def wake_everybody() -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            os.kill(-1, signal.SIGCONT)
        except OSError:
            continue


def fork_and_wake() -> None:
    os.fork()
    wake_everybody()


def fork_much() -> None:
    for _ in range(6):
        os.fork()
    sleep()


class LeaveOnly(unittest.TestCase):
    def seal(self, *strangers: Callable[[], object]) -> None:
        """Expects that kept processes are stopped and strangers are gone, in a sandbox of each kind."""

        def act(_: object) -> object:
            kept = [start(sleep), start(sleep)]
            for stranger in strangers:
                start(stranger)
            time.sleep(0.1)
            began = time.monotonic()
            leave_only(set(kept))
            seconds = time.monotonic() - began
            time.sleep(0.1)
            left = [pid for pid in list_pids() if not is_dead(pid)]
            return [sorted(left) == kept, all(is_still(pid) and not is_dead(pid) for pid in kept), seconds < 5]

        for ordinary in WAYS:
            with self.subTest(ordinary=ordinary):
                self.assertEqual(in_first_process(act, ordinary=ordinary), [True, True, True])

    def test_strangers_daemons_and_the_deaf_are_ended_and_the_kept_are_stopped(self) -> None:
        self.seal(sleep, hide, fork_much)

    def test_a_stopped_stranger_is_ended(self) -> None:
        self.seal(lambda: os.kill(os.getpid(), signal.SIGSTOP))

    def test_a_chain_of_processes_is_ended(self) -> None:
        self.seal(chain, chain)

    def test_a_chain_of_threads_is_ended(self) -> None:
        self.seal(chain_threads)

    def test_a_stranger_that_wakes_everybody_is_ended_and_the_kept_stay_stopped(self) -> None:
        self.seal(wake_everybody, wake_everybody, fork_much)

    def test_a_kept_process_that_forks_and_wakes_is_stopped_and_what_it_forks_is_ended(self) -> None:
        def act(_: object) -> object:
            kept = start(fork_and_wake)
            time.sleep(0.1)
            leave_only({kept})
            return [[pid for pid in list_pids() if not is_dead(pid)] == [kept], is_still(kept)]

        for ordinary in WAYS:
            self.assertEqual(in_first_process(act, ordinary=ordinary), [True, True])

    def test_outside_a_sandbox_nothing_is_stopped(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "first process"):
            stop_all()



class Exited(unittest.TestCase):
    def test_an_end_is_known_by_its_code_before_anybody_has_waited_for_it(self) -> None:
        pid = start(lambda: os._exit(17))
        until(lambda: has_exited(pid, 17))
        self.assertFalse(has_exited(pid, 0))
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 17)
        self.assertFalse(has_exited(pid, 17), "it is gone")

    def test_who_goes_on_or_was_killed_has_not_exited(self) -> None:
        pid = start(sleep)
        self.assertFalse(has_exited(pid, 0))
        os.kill(pid, signal.SIGKILL)
        until(lambda: is_dead(pid))
        self.assertFalse(has_exited(pid, 17))
        os.waitpid(pid, 0)


if __name__ == "__main__":
    unittest.main()
