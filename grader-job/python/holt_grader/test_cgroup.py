import os
import signal
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from holt_grader import cgroup
from holt_grader.cgroup import PREFIX, Cgroup, make_cgroup, remove_groups, remove_leftovers
from holt_grader.cgroup_places import find_group, write
from holt_grader.namespaces import choose_kind
from holt_grader.sandbox_case import hide_groups, in_child

MEBIBYTE = 2**20
OWNER = f"test{os.getpid()}"


def make(memory_bytes: int = 64 * MEBIBYTE, processes: int = 10, name: str = "1") -> Cgroup | None:
    return make_cgroup(f"{OWNER}-{name}", memory_bytes, processes)


def start_member(group: Cgroup, act: Callable[[], object]) -> int:
    """Forks a process that acts when it is in the group."""
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.read(ready, 1)
            act()
            os._exit(0)
        except BaseException:
            os._exit(9)
    group.add(pid)
    os.write(go, b"x")
    os.close(ready)
    os.close(go)
    return pid


def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork_until_refused() -> None:
    children = []
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                time.sleep(20)
                os._exit(0)
            children.append(child)
    except BlockingIOError:
        os._exit(len(children))
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)


def list_own() -> list[str]:
    parents = [parent for version in cgroup.VERSIONS for parent in version.find_parents() or ()]
    return [folder.name for parent in parents for folder in parent.glob(f"{PREFIX}{OWNER}-*")]


class Groups(unittest.TestCase):
    def setUp(self) -> None:
        self.addCleanup(remove_groups, OWNER)

    def make(self, memory_bytes: int = 64 * MEBIBYTE, processes: int = 10) -> Cgroup:
        group = make(memory_bytes, processes)
        if group is None:
            self.skipTest("groups that limit memory cannot be made here")
        return group

    def test_who_takes_too_much_is_ended_and_counted(self) -> None:
        group = self.make(32 * MEBIBYTE)
        self.assertEqual(wait(start_member(group, lambda: b"x" * (8 * MEBIBYTE))), 0)
        self.assertEqual(group.oom_kills(), 0)
        self.assertEqual(wait(start_member(group, lambda: b"x" * (64 * MEBIBYTE))), -signal.SIGKILL)
        self.assertEqual(group.oom_kills(), 1)
        group.remove()

    def test_many_that_take_little_are_limited_together(self) -> None:
        group = self.make(64 * MEBIBYTE)

        def hold() -> None:
            held = b"x" * (16 * MEBIBYTE)
            time.sleep(3 if held else 0)

        pids = [start_member(group, hold) for _ in range(8)]
        ended = [wait(pid) for pid in pids]
        self.assertIn(-signal.SIGKILL, ended)
        self.assertIn(0, ended)
        self.assertEqual(group.oom_kills(), ended.count(-signal.SIGKILL))
        group.remove()

    def test_files_in_memory_are_limited(self) -> None:
        group = self.make(32 * MEBIBYTE)
        with tempfile.TemporaryFile(dir="/dev/shm") as file:
            ended = wait(start_member(group, lambda: [file.write(bytes(MEBIBYTE)) for _ in range(64)]))
            self.assertEqual((ended, group.oom_kills() > 0), (-signal.SIGKILL, True))
        group.remove()

    def test_processes_are_limited(self) -> None:
        group = self.make(processes=5)
        if len(group.folders) == 1 and not (group.folders[0] / "pids.max").exists():
            self.skipTest("groups that limit processes cannot be made here")
        self.assertEqual(wait(start_member(group, fork_until_refused)), 4)
        group.remove()

    def test_a_group_goes_with_what_is_left_in_it(self) -> None:
        group = self.make()
        pids = [start_member(group, lambda: time.sleep(20)) for _ in range(3)]
        self.assertTrue(list_own())
        # The dead are buried by somebody else.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGCHLD, signal.SIG_DFL)
        group.remove()
        self.assertEqual(list_own(), [])
        self.assertFalse(any(os.path.exists(f"/proc/{pid}") for pid in pids))

    def test_nothing_stays_open(self) -> None:
        before = os.listdir("/proc/self/fd")
        self.make().remove()
        self.assertIsNone(make(memory_bytes=-5))
        self.assertEqual((os.listdir("/proc/self/fd"), list_own()), (before, []))

    def test_a_name_that_is_taken_is_not_used_again(self) -> None:
        group = self.make()
        self.assertIsNone(make())
        self.assertTrue(list_own())
        group.remove()

    def test_what_the_dead_have_left_is_removed_and_what_the_living_use_is_not(self) -> None:
        group = self.make()
        self.assertTrue(in_child(lambda: bool(make(name="left"))))
        remove_leftovers()
        self.assertEqual(set(list_own()), {f"{PREFIX}{OWNER}-1"})
        group.close()
        remove_leftovers()
        self.assertEqual(list_own(), [])

    def test_an_owner_removes_its_own_and_nobody_elses(self) -> None:
        group = self.make()
        remove_groups(f"{OWNER}x")
        self.assertTrue(list_own())
        remove_groups(OWNER)
        self.assertEqual(list_own(), [])
        group.close()

    @unittest.skipUnless(choose_kind() == "root", "only root can hide them without more ado")
    def test_where_there_are_none_none_is_made(self) -> None:
        def act() -> object:
            hide_groups()
            remove_leftovers()
            remove_groups(OWNER)
            return [make() is None, list_own()]

        self.assertEqual(in_child(act), [True, []])


class Places(unittest.TestCase):
    def test_the_group_that_is_found_has_this_process(self) -> None:
        found = [place for place in (find_group(), find_group("memory")) if place]
        for place in found:
            self.assertIn(os.getpid(), map(int, (place / "cgroup.procs").read_text().split()))
        self.assertIsNone(find_group("no-such-controller"))

    def test_a_folder_that_is_no_group_is_not_written_to(self) -> None:
        with self.assertRaises(FileNotFoundError):
            write(Path("/tmp/cgroup.procs"), "1")
        self.assertFalse(Path("/tmp/cgroup.procs").exists())


if __name__ == "__main__":
    unittest.main()
