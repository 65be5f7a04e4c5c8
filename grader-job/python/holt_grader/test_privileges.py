import os
import unittest
from collections.abc import Callable

from holt_grader.privileges import drop_privileges, read_capabilities, read_status
from holt_grader.syscalls import CLONE_NEWUSER, unshare
from holt_grader.sandbox_case import ORDINARY, ChildError, in_child

NOTHING = {"CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapBnd": 0, "CapAmb": 0}


def enter_user_namespace() -> None:
    uid, gid = os.getuid(), os.getgid()
    unshare(CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{ORDINARY} {uid} 1"), ("gid_map", f"{ORDINARY} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


class Privileges(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "only root has privileges to give up")
    def test_root_becomes_a_user_without_any_capability(self) -> None:
        def act() -> object:
            before = read_capabilities("self")
            drop_privileges(ORDINARY, ORDINARY, keep_ids=False)
            status = read_status("self")
            ids = [os.getresuid(), os.getgroups()]
            return [before["CapEff"] > 0, read_capabilities("self"), *ids, status["NoNewPrivs"]]

        self.assertEqual(in_child(act), [True, NOTHING, [ORDINARY] * 3, [], "1"])

    @unittest.skipUnless(os.geteuid() == 0, "only root has a bounding set to clear")
    def test_nothing_comes_back_by_starting_a_program_or_by_asking(self) -> None:
        def act() -> object:
            drop_privileges(ORDINARY, ORDINARY, keep_ids=False)
            refused = []
            attempts: list[Callable[[], None]] = [lambda: os.setuid(0), lambda: os.setgroups([0])]
            attempts.append(lambda: os.chown("/etc/passwd", 1, 1))
            for attempt in attempts:
                try:
                    attempt()
                except PermissionError:
                    refused.append(True)
            read, write = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.dup2(write, 1)
                os.execv("/bin/grep", ["grep", "^Cap", "/proc/self/status"])
            os.waitpid(pid, 0)
            return [refused, os.read(read, 4096).decode().split()[1::2]]

        self.assertEqual(in_child(act), [[True] * 3, ["0" * 16] * 5])

    def test_the_owner_of_a_user_namespace_becomes_an_ordinary_user_of_it(self) -> None:
        def act() -> object:
            enter_user_namespace()
            before = read_capabilities("self")
            drop_privileges(ORDINARY, ORDINARY, keep_ids=True)
            return [before["CapEff"] > 0, read_capabilities("self"), os.getresuid(), read_status("self")["NoNewPrivs"]]

        self.assertEqual(in_child(act, ordinary=True), [True, NOTHING, [ORDINARY] * 3, "1"])

    def test_a_process_that_cannot_become_the_user_is_refused(self) -> None:
        def act() -> None:
            enter_user_namespace()
            drop_privileges(ORDINARY + 1, ORDINARY, keep_ids=True)

        with self.assertRaisesRegex(ChildError, "must be user"):
            in_child(act, ordinary=True)

    def test_a_bounding_set_that_cannot_be_cleared_is_refused(self) -> None:
        with self.assertRaisesRegex(ChildError, "PermissionError"):
            in_child(lambda: drop_privileges(ORDINARY, ORDINARY, keep_ids=True), ordinary=True)

    def test_the_status_of_another_process_can_be_read(self) -> None:
        self.assertEqual(set(read_capabilities(os.getpid())), set(NOTHING))
        with self.assertRaises(FileNotFoundError):
            read_capabilities(2**22 + 1)


if __name__ == "__main__":
    unittest.main()
