import os
import signal
import time
import unittest
from pathlib import Path

from holt_grader.cgroup import CONTROLLERS, Cgroup, find_own_group, make_cgroup

OWN = find_own_group()
WRITABLE = OWN is not None and os.access(OWN, os.W_OK)
OFFERED = WRITABLE and OWN is not None and set(CONTROLLERS) <= set((OWN / "cgroup.controllers").read_text().split())


def start_sleeper() -> int:
    pid = os.fork()
    if pid == 0:
        time.sleep(20)
        os._exit(0)
    return pid


class Groups(unittest.TestCase):
    @unittest.skipIf(OFFERED, "memory can be limited by groups here")
    def test_without_the_memory_controller_there_is_no_group(self) -> None:
        self.assertIsNone(make_cgroup(2**20, 10))

    @unittest.skipUnless(WRITABLE, "groups cannot be made here")
    def test_a_group_holds_kills_and_goes(self) -> None:
        assert OWN is not None
        group = Cgroup(OWN / f"holt-test-{os.getpid()}")
        group.folder.mkdir()
        pids = [start_sleeper(), start_sleeper()]
        try:
            for pid in pids:
                group.add(pid)
            self.assertEqual({*map(int, (group.folder / "cgroup.procs").read_text().split())}, {*pids})
            self.assertGreaterEqual(group.peak(), 0)
            self.assertEqual(group.oom_kills(), 0)
        finally:
            group.remove()
        for pid in pids:
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal.SIGKILL)
        self.assertFalse(group.folder.exists())
        group.remove()

    @unittest.skipUnless(OFFERED, "memory cannot be limited by groups here")
    def test_a_group_ends_what_takes_too_much(self) -> None:
        group = make_cgroup(32 * 2**20, 10)
        if group is None:
            self.skipTest("groups cannot be made here")
        pid = os.fork()
        if pid == 0:
            group.add(os.getpid())
            b"x" * (64 * 2**20)
            os._exit(0)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal.SIGKILL)
        self.assertEqual((group.oom_kills() > 0, group.peak() > 2**20), (True, True))
        group.remove()

    def test_a_folder_that_is_no_group_is_not_written_to(self) -> None:
        with self.assertRaises(FileNotFoundError):
            Cgroup(Path("/tmp")).add(os.getpid())
        self.assertFalse(Path("/tmp/cgroup.procs").exists())
        self.assertEqual((Cgroup(Path("/tmp")).peak(), Cgroup(Path("/tmp")).oom_kills()), (0, 0))


if __name__ == "__main__":
    unittest.main()
