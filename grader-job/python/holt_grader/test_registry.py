import array
import os
import shutil
import socket
import struct
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from holt_grader import registry
from holt_grader.registry import Registry, Snapshot
from holt_grader.sandbox_case import in_child
from holt_grader.work_copies import WorkCopies

STUDENT = 2**22 + 1


def attach(*descriptors: int) -> list[tuple[int, int, bytes]]:
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors).tobytes())]


class Case(unittest.TestCase):
    def setUp(self) -> None:
        top = Path(tempfile.mkdtemp(prefix="holt-registry-"))
        self.addCleanup(shutil.rmtree, top, ignore_errors=True)
        for name in ("work", "store"):
            (top / name).mkdir()
        own, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        copies = WorkCopies(str(top / "work"), str(top / "store"), (os.getuid(), os.getgid()))
        self.registry = Registry(own, copies)
        self.addCleanup(own.close)
        self.addCleanup(self.theirs.close)
        self.addCleanup(self.close_channels)
        self.channel, self.other = socket.socketpair()
        self.addCleanup(self.channel.close)
        self.addCleanup(self.other.close)

    def close_channels(self) -> None:
        for snapshot in self.registry.snapshots:
            snapshot.channel.close()

    def speak(self, act: Callable[[], object]) -> int:
        """Has a process of its own act; answers its number."""
        pid = os.fork()
        if pid == 0:
            try:
                act()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        self.registry.read_all(STUDENT)
        return pid

    def send(self, message: bytes, *descriptors: int) -> int:
        return self.speak(lambda: self.theirs.sendmsg([message], attach(*descriptors) if descriptors else []))

    def expect(self, count: int, refused: int) -> list[Snapshot]:
        self.assertEqual((len(self.registry.snapshots), self.registry.refused), (count, refused))
        return self.registry.snapshots


class Register(Case):
    def test_who_speaks_is_what_the_kernel_says_and_the_message_names_the_test(self) -> None:
        pid = self.send(b"snapshot tests/q1.py", self.other.fileno())
        (snapshot,) = self.expect(1, 0)
        self.assertEqual((snapshot.pid, snapshot.path, snapshot.cell), (pid, "tests/q1.py", -1))
        self.assertEqual(self.channel.recv(10), b"+")

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
        self.theirs.sendmsg([b"snapshot x"], attach(self.other.fileno()))
        self.registry.read_all(os.getpid())
        self.expect(0, 1)

    def test_a_process_is_registered_once(self) -> None:
        def act() -> None:
            for path in (b"a", b"b", b"c"):
                self.theirs.sendmsg([b"snapshot " + path], attach(self.other.fileno()))

        self.speak(act)
        self.assertEqual(self.expect(1, 2)[0].path, "a")

    def test_no_more_than_a_number_are_taken(self) -> None:
        most, registry.MOST_SNAPSHOTS = registry.MOST_SNAPSHOTS, 3
        try:
            for _ in range(5):
                self.send(b"snapshot x", self.other.fileno())
        finally:
            registry.MOST_SNAPSHOTS = most
        self.expect(3, 2)

    def test_what_is_no_registration_is_refused(self) -> None:
        other = self.other.fileno()
        for message in (b"register x", b"snapshot", b"snapshots x", b"done 15", b'{"score": 15}', b"\0\0\0\2{}"):
            self.send(message, other)
        self.expect(0, 4)

    def test_a_path_that_is_no_text_is_taken_as_a_name_of_no_test(self) -> None:
        self.send(b"snapshot \xff\xfe", self.other.fileno())
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
        self.send(b"cell 9")
        self.assertEqual(self.registry.cell, -1)


class Kept(Case):
    def test_a_snapshot_is_kept_while_it_is_the_process_that_was_registered(self) -> None:
        go, wait = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            self.theirs.sendmsg([b"snapshot x"], attach(self.other.fileno()))
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
