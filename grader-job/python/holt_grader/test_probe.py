import os
import socket
import time
import unittest
from dataclasses import astuple

from holt_grader import seccomp
from holt_grader.memory_limit import BY_GROUPS, BY_WATCHING
from holt_grader.probe import SANDBOX, probe
from holt_grader.probe_checks import CHECKS, SPACES, Outside
from holt_grader.syscalls import PR_SET_NO_NEW_PRIVS, prctl
from holt_grader.sandbox_case import WAYS, in_child



class Probe(unittest.TestCase):
    def test_every_promise_holds_here(self) -> None:
        for ordinary in WAYS:
            with self.subTest(ordinary=ordinary):
                findings = in_child(lambda: [astuple(finding) for finding in probe()], ordinary=ordinary)
                self.assertEqual([finding for finding in findings if not finding[1]], [])
                self.assertEqual([finding[0] for finding in findings[:-1]], [SANDBOX, *CHECKS])
                self.assertIn(findings[-1][0], (BY_GROUPS, BY_WATCHING))
                self.assertIn("user namespace" if ordinary else "root", findings[0][2])

    def test_a_machine_that_makes_no_namespaces_fails_every_check(self) -> None:
        def act() -> object:
            prctl(PR_SET_NO_NEW_PRIVS, 1)
            seccomp.install()
            return [astuple(finding) for finding in probe()]

        findings = in_child(act, ordinary=True)
        self.assertEqual([finding for finding in findings[:-1] if finding[1]], [])
        self.assertIn("unshare", findings[0][2])
        self.assertEqual(len(findings), len(CHECKS) + 2)

    def test_an_answer_that_does_not_come_in_time_is_a_failure(self) -> None:
        began = time.monotonic()
        findings = probe(seconds=0)[:-1]
        self.assertLess(time.monotonic() - began, 10)
        self.assertFalse(any(finding.ok for finding in findings))
        self.assertEqual({finding.detail for finding in findings[1:]}, {"no answer"})

    def test_it_leaves_no_open_file_and_no_child(self) -> None:
        before = os.listdir("/proc/self/fd")
        probe()
        self.assertEqual(os.listdir("/proc/self/fd"), before)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


class Checks(unittest.TestCase):
    def test_each_finds_its_fault_where_there_is_no_sandbox(self) -> None:
        def act() -> object:
            os.chdir("/dev/shm")
            spaces = {space: os.readlink(f"/proc/self/ns/{space}") for space in SPACES}
            outside = Outside(os.getuid(), os.getpid(), spaces)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
                return {name: check(outside) for name, check in CHECKS.items()}

        found = in_child(act, ordinary=True)
        blind = {name for name, fault in found.items() if not fault}
        # What a single process of an ordinary user cannot tell apart from outside a sandbox.
        self.assertLessEqual(blind, {"memory is measured", "no network"}, found)


if __name__ == "__main__":
    unittest.main()
