import os
import shutil
import signal
import socket
import struct
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from holt_grader import registry
from holt_grader.registry import Registry, Snapshot, listen
from holt_grader.sandbox_case import in_child
from holt_grader.work_copies import WorkCopies

STUDENT = 2**22 + 1


class Case(unittest.TestCase):
    def setUp(self) -> None:
        top = Path(tempfile.mkdtemp(prefix="holt-registry-"))
        self.addCleanup(shutil.rmtree, top, ignore_errors=True)
        for name in ("work", "store"):
            (top / name).mkdir()
        own, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        copies = WorkCopies(str(top / "work"), str(top / "store"), (os.getuid(), os.getgid()))
        calls = listen()
        self.place = calls.getsockname()
        self.registry = Registry(own, calls, copies)
        for one in (own, calls, self.theirs):
            self.addCleanup(one.close)
        self.addCleanup(self.close_channels)

    def close_channels(self) -> None:
        for channel in (*self.registry._callers.values(), *(each.channel for each in self.registry.snapshots)):
            channel.close()

    def call(self) -> socket.socket:
        """Calls as a snapshot does."""
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        caller.connect(self.place)
        return caller

    def speak(self, act: Callable[[], object]) -> int:
        """Has a process of its own act, and live until that is read; answers its number."""
        done, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                act()
                os.write(tell, b"x")
                signal.pause()
            finally:
                os._exit(0)
        os.close(tell)
        os.read(done, 1)
        os.close(done)
        self.registry.read_all(STUDENT)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return pid

    def send(self, message: bytes, *, calls: bool = True) -> int:
        """Has a process of its own call, where it does, and send a message; answers its number."""

        def act() -> None:
            if calls:
                self.caller = self.call()
            self.theirs.send(message)

        return self.speak(act)

    def expect(self, count: int, refused: int) -> list[Snapshot]:
        self.assertEqual((len(self.registry.snapshots), self.registry.refused), (count, refused))
        return self.registry.snapshots


class Register(Case):
    def test_who_speaks_is_what_the_kernel_says_and_the_message_names_the_test(self) -> None:
        pid = self.send(b"snapshot tests/q1.py")
        (snapshot,) = self.expect(1, 0)
        self.assertEqual((snapshot.pid, snapshot.path, snapshot.cell), (pid, "tests/q1.py", -1))

    def test_a_snapshot_hears_that_it_is_written_down(self) -> None:
        go, wait = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                caller = self.call()
                self.theirs.send(b"snapshot tests/q1.py")
                go.send(b"x")
                go.send(caller.recv(10))
            finally:
                os._exit(0)
        wait.recv(1)
        self.registry.read_all(STUDENT)
        self.assertEqual(wait.recv(10), b"+")
        os.waitpid(pid, 0)
        go.close()
        wait.close()

    def test_the_notebook_hears_it_too_and_of_what_is_refused_it_does_not(self) -> None:
        self.theirs.setblocking(False)
        self.send(b"snapshot tests/q1.py", calls=False)
        self.expect(0, 1)
        with self.assertRaises(BlockingIOError):
            self.theirs.recv(1)
        self.send(b"snapshot tests/q1.py")
        self.expect(1, 1)
        self.assertEqual(self.theirs.recv(1), b"+")

    def test_a_notebook_that_reads_nothing_holds_nobody_up(self) -> None:
        self.registry.source.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                self.registry.source.send(b"+")
        self.send(b"snapshot tests/q1.py")
        self.expect(1, 0)

    def test_a_notebook_that_ends_without_having_read_it_is_heard_to_the_end(self) -> None:
        self.send(b"snapshot tests/q1.py")
        self.expect(1, 0)
        self.theirs.send(b"cell 3")
        self.theirs.close()
        self.registry.read_all(STUDENT)
        self.registry.read_all(STUDENT)
        self.assertTrue(self.registry.is_over)

    def test_a_message_that_claims_to_be_another_process_is_not_sent_by_the_kernel(self) -> None:
        def act() -> object:
            own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            claim = struct.pack("3i", 1, os.getuid(), os.getgid())
            with own, theirs:
                try:
                    theirs.sendmsg([b"snapshot x"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, claim)])
                except PermissionError:
                    return "refused"
            return "sent"

        self.assertEqual(in_child(act, ordinary=True), "refused")

    def test_the_student_process_and_the_first_are_no_snapshots(self) -> None:
        with self.call():
            self.theirs.send(b"snapshot x")
            self.registry.read_all(os.getpid())
        self.expect(0, 1)

    def test_a_process_is_registered_once(self) -> None:
        def act() -> None:
            for path in (b"a", b"b", b"c"):
                self.caller = self.call()
                self.theirs.send(b"snapshot " + path)

        self.speak(act)
        self.assertEqual(self.expect(1, 2)[0].path, "a")

    def test_no_more_than_a_number_are_taken(self) -> None:
        most, registry.MOST_SNAPSHOTS = registry.MOST_SNAPSHOTS, 3
        try:
            for _ in range(5):
                self.send(b"snapshot x")
        finally:
            registry.MOST_SNAPSHOTS = most
        self.expect(3, 2)

    def test_what_is_no_registration_is_refused(self) -> None:
        for message in (b"register x", b"snapshot", b"snapshots x", b"done 15", b'{"score": 15}', b"\0\0\0\2{}"):
            self.send(message)
        self.expect(0, 4)

    def test_a_path_that_is_no_text_is_taken_as_a_name_of_no_test(self) -> None:
        self.send(b"snapshot \xff\xfe")
        self.assertEqual(self.expect(1, 0)[0].path, "\ufffd\ufffd")


class Cells(Case):
    def say(self, *messages: bytes) -> int:
        for message in messages:
            self.theirs.send(message)
        self.registry.read_all(os.getpid())
        return self.registry.cell

    def test_the_student_process_says_which_cell_begins_and_never_goes_back(self) -> None:
        self.assertEqual(self.say(b"cell 3"), 3)
        self.assertEqual(self.say(b"cell 1"), 3)

    def test_odd_numbers_of_cells_are_not_taken(self) -> None:
        odd = ("cell \u00b2".encode(), "cell \u0664".encode(), b"cell -1", b"cell 999999999999", b"cell 1 2", b"cell ")
        self.assertEqual(self.say(*odd), -1)

    def test_another_process_says_nothing_about_cells(self) -> None:
        self.send(b"cell 9", calls=False)
        self.assertEqual(self.registry.cell, -1)


class Kept(Case):
    def test_a_snapshot_is_kept_while_it_is_the_process_that_was_registered(self) -> None:
        go, wait = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            self.caller = self.call()
            self.theirs.send(b"snapshot x")
            wait.recv(1)
            os._exit(0)
        time.sleep(0.1)
        self.registry.read_all(STUDENT)
        self.assertEqual(self.registry.list_kept(), {pid})
        snapshot = self.registry.snapshots[0]
        # As if the number had been given to another process since.
        snapshot.start -= 1
        self.assertEqual(self.registry.list_kept(), set())
        snapshot.start += 1
        go.send(b"x")
        os.waitpid(pid, 0)
        self.assertEqual(self.registry.list_kept(), set())
        go.close()
        wait.close()


if __name__ == "__main__":
    unittest.main()
