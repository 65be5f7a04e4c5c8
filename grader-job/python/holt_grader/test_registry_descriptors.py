import os
import signal
import socket
import time
import unittest

from holt_grader.test_registry import STUDENT, Case


class Descriptors(Case):
    def test_what_is_no_connected_socket_of_this_machine_is_refused_and_closed(self) -> None:
        before = len(os.listdir("/proc/self/fd"))
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with open(os.devnull) as file, socket.socket(socket.AF_INET) as inet, pair[0], pair[1]:
            for descriptor in (file.fileno(), inet.fileno(), pair[0].fileno(), os.pidfd_open(os.getpid())):
                self.send(b"snapshot x", descriptor)
            self.send(b"snapshot x", *[self.other.fileno()] * 2)
            self.send(b"snapshot x", *[self.other.fileno()] * 250)
            self.send(b"snapshot x")
            os.close(descriptor)
        self.expect(0, 7)
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

    def test_an_empty_message_is_not_the_end_and_leaves_nothing_open(self) -> None:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(40):
            self.send(b"", self.other.fileno(), self.other.fileno())
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        self.assertFalse(self.registry.is_over)
        self.send(b"snapshot x", self.other.fileno())
        self.expect(1, 0)

    def test_the_end_of_all_who_could_speak_is_the_end(self) -> None:
        self.theirs.close()
        self.registry.read_all(STUDENT)
        self.assertTrue(self.registry.is_over)

    def test_a_channel_that_takes_nothing_is_not_waited_for(self) -> None:
        try:
            while True:
                self.other.send(bytes(2**16), socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
        began = time.monotonic()
        self.send(b"snapshot x", self.other.fileno())
        self.assertLess(time.monotonic() - began, 1)
        self.expect(1, 1)

    def test_the_registry_itself_as_a_channel_says_nothing_to_it(self) -> None:
        own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.send(b"snapshot x", self.theirs.fileno())
        self.expect(0, 1)
        own.close()
        theirs.close()


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
