import array
import os
import signal
import socket
import time
import unittest

from holt_grader import registry
from holt_grader.syscalls import die_with_parent
from holt_grader.test_registry import STUDENT, Case


def count_open() -> int:
    return len(os.listdir("/proc/self/fd"))


class Calls(Case):
    def test_who_has_not_called_is_refused(self) -> None:
        self.send(b"snapshot x", calls=False)
        self.expect(0, 1)

    def test_another_processs_call_is_not_taken_for_ones_own(self) -> None:
        with self.call():
            self.send(b"snapshot x", calls=False)
            self.expect(0, 1)

    def test_a_process_that_calls_twice_has_its_last_call(self) -> None:
        def act() -> None:
            self.callers = [self.call(), self.call()]
            self.theirs.send(b"snapshot x")

        self.speak(act)
        self.expect(1, 0)

    def test_what_comes_along_with_a_message_is_closed(self) -> None:
        def act() -> None:
            self.caller = self.call()
            with open(os.devnull) as file:
                attached = array.array("i", [file.fileno()] * 200).tobytes()
                self.theirs.sendmsg([b"snapshot x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, attached)])

        before = count_open()
        self.speak(act)
        self.expect(1, 0)
        self.assertEqual(count_open(), before + 1)

    def test_no_more_callers_are_held_than_a_number(self) -> None:
        def act() -> None:
            for _ in range(8):
                if os.fork() == 0:
                    die_with_parent()
                    self.caller = self.call()
                    signal.pause()
            time.sleep(0.1)
            self.theirs.send(b"snapshot x")

        most, registry.MOST_CALLERS = registry.MOST_CALLERS, 3
        before = count_open()
        try:
            self.speak(act)
        finally:
            registry.MOST_CALLERS = most
        self.assertEqual(count_open(), before + 3)
        self.expect(0, 1)

    def test_an_empty_message_is_not_the_end_and_leaves_nothing_open(self) -> None:
        before = count_open()
        for _ in range(40):
            self.send(b"", calls=False)
        self.assertEqual(count_open(), before)
        self.assertFalse(self.registry.is_over)
        self.send(b"snapshot x")
        self.expect(1, 0)

    def test_the_end_of_all_who_could_speak_is_the_end(self) -> None:
        self.theirs.close()
        self.registry.read_all(STUDENT)
        self.assertTrue(self.registry.is_over)


class Flood(Case):
    def test_somebody_who_writes_without_end_does_not_keep_the_reader(self) -> None:
        def write() -> None:
            while True:
                self.theirs.send(b"noise")

        pid = os.fork()
        if pid == 0:
            try:
                write()
            finally:
                os._exit(0)
        try:
            time.sleep(0.05)
            began = time.monotonic()
            self.registry.read_all(STUDENT)
            self.assertLess(time.monotonic() - began, 2)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


if __name__ == "__main__":
    unittest.main()
