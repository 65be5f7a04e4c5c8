import errno
import os
import signal
import time
import unittest
from collections.abc import Callable

from holt_grader import syscalls
from holt_grader.sandbox_case import in_child


class Syscalls(unittest.TestCase):
    def test_an_error_names_the_call_and_the_reason(self) -> None:
        calls: dict[str, Callable[[], object]] = {
            "unshare": lambda: syscalls.unshare(-1),
            "setns": lambda: syscalls.setns(-1, 0),
            "mount /no/such": lambda: syscalls.mount("x", "/no/such", "tmpfs"),
            "umount /no/such": lambda: syscalls.umount("/no/such"),
            "pivot_root": lambda: syscalls.pivot_root("/no/such", "/no/such"),
            "prctl 99999": lambda: syscalls.prctl(99999),
            "odd": lambda: syscalls.syscall("odd", 99999),
        }
        for name, call in calls.items():
            with self.subTest(name=name), self.assertRaisesRegex(OSError, f"{name}: .") as caught:
                call()
            self.assertIn(caught.exception.errno, {errno.EINVAL, errno.EBADF, errno.ENOENT, errno.EPERM, errno.ENOSYS})

    def test_a_child_that_is_tied_ends_with_its_parent(self) -> None:
        read, write = os.pipe()

        def act() -> object:
            if syscalls.fork_tied() == 0:
                os.write(write, b"x")
                time.sleep(30)
            return os.read(read, 1) == b"x"

        self.assertIs(in_child(act), True)
        os.close(write)
        began = time.monotonic()
        self.assertEqual(os.read(read, 1), b"")
        self.assertLess(time.monotonic() - began, 10)
        os.close(read)

    def test_a_child_that_is_tied_outlives_nothing_else(self) -> None:
        def act() -> object:
            child = syscalls.fork_tied()
            if child == 0:
                os._exit(5)
            ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            return [ended, signal.getsignal(signal.SIGTERM) == signal.SIG_DFL]

        self.assertEqual(in_child(act), [5, True])

    def test_capabilities_are_set_in_both_halves_of_the_mask(self) -> None:
        def act() -> object:
            syscalls.capset(0, 0, 0)
            with open("/proc/self/status") as file:
                return [line.split()[1] for line in file if line.startswith(("CapEff", "CapPrm", "CapInh"))]

        self.assertEqual(in_child(act), ["0" * 16] * 3)


if __name__ == "__main__":
    unittest.main()
