import contextlib
import errno
import mmap
import os
import resource
import signal
import time
import unittest
from collections.abc import Iterator
from pathlib import Path

from holt_grader.limits import set_limits, sum_folders, sum_memory
from holt_grader.sandbox_case import WAYS, in_child, in_sandbox
from holt_grader.syscalls import PR_SET_DUMPABLE, prctl

MEBIBYTE = 2**20


def limit(**changes: int) -> None:
    usual = {"cpu_seconds": 5, "processes": 20, "file_bytes": MEBIBYTE, "memory_bytes": 256 * MEBIBYTE}
    set_limits(**{**usual, **changes})


@contextlib.contextmanager
def child_that_holds(memory: mmap.mmap | None, count: int) -> Iterator[int]:
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            held = memory or mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            for place in range(0, count, mmap.PAGESIZE):
                held[place] = 1
            os.write(told, b"x")
            time.sleep(20)
        finally:
            os._exit(0)
    os.read(ready, 1)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ready)
        os.close(told)


class Limits(unittest.TestCase):
    def test_every_limit_is_set_for_good(self) -> None:
        def act() -> object:
            limit(open_files=40)
            kinds = ("CPU", "NPROC", "FSIZE", "NOFILE", "CORE", "MSGQUEUE")
            found = [resource.getrlimit(getattr(resource, f"RLIMIT_{kind}")) for kind in kinds]
            space = resource.getrlimit(resource.RLIMIT_AS)
            score = Path("/proc/self/oom_score_adj").read_text().strip()
            return [found, space[0] == space[1] > 4 * 2**30, score]

        found, space, score = in_child(act)
        self.assertEqual(found, [[5, 5], [20, 20], [MEBIBYTE, MEBIBYTE], [40, 40], [0, 0], [0, 0]])
        self.assertTrue(space)
        self.assertEqual(score, "1000")

    def test_a_lower_limit_from_outside_is_kept(self) -> None:
        def act() -> object:
            resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
            limit(open_files=40)
            return resource.getrlimit(resource.RLIMIT_NOFILE)

        self.assertEqual(in_child(act, ordinary=True), [30, 30])

    def test_processes_files_and_descriptors_run_out_in_a_sandbox(self) -> None:
        def act() -> object:
            children, found = [], {}
            try:
                for _ in range(60):
                    pid = os.fork()
                    if pid == 0:
                        time.sleep(20)
                        os._exit(0)
                    children.append(pid)
            except BlockingIOError:
                found["processes"] = len(children) < 20
            for pid in children:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            files = []
            try:
                for _ in range(100):
                    files.append(os.open("/dev/null", os.O_RDONLY))
            except OSError as error:
                found["files"] = error.errno == errno.EMFILE and len(files) < 60
            os.close(files.pop())
            try:
                big = os.open("big", os.O_CREAT | os.O_WRONLY)
                for _ in range(40):
                    os.write(big, bytes(2**14))
            except OSError as error:
                found["bytes"] = error.errno == errno.EFBIG
            return found

        for ordinary in WAYS:
            with self.subTest(ordinary=ordinary):
                found = in_sandbox(act, ordinary=ordinary, prepare=lambda: limit(open_files=60, file_bytes=2**18))
                self.assertEqual(found, {"processes": True, "files": True, "bytes": True})

    def test_an_endless_loop_ends_at_the_limit_of_processor_time(self) -> None:
        def act() -> object:
            pid = os.fork()
            if pid == 0:
                limit(cpu_seconds=1)
                signal.signal(signal.SIGXCPU, signal.SIG_IGN)
                while True:
                    pass
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

        self.assertEqual(in_child(act), -signal.SIGKILL)

    def test_an_enormous_allocation_is_refused(self) -> None:
        def act() -> object:
            limit()
            try:
                mmap.mmap(-1, 16 * 2**30).close()
            except OSError as error:
                return error.errno
            return 0

        self.assertEqual(in_child(act), errno.ENOMEM)


class SumMemory(unittest.TestCase):
    def test_what_a_process_holds_is_counted(self) -> None:
        with child_that_holds(None, 64 * MEBIBYTE) as pid:
            self.assertGreater(sum_memory([pid]), 64 * MEBIBYTE)
            self.assertLess(sum_memory([pid]), 200 * MEBIBYTE)

    def test_what_processes_share_is_counted_once(self) -> None:
        # A fork holds a part of what this process holds, which is more where other tests have run before.
        with child_that_holds(None, mmap.PAGESIZE) as one, child_that_holds(None, mmap.PAGESIZE) as other:
            forks = sum_memory([one, other])
        with mmap.mmap(-1, 64 * MEBIBYTE) as shared:
            with child_that_holds(shared, 64 * MEBIBYTE) as one, child_that_holds(shared, 64 * MEBIBYTE) as other:
                together = sum_memory([one, other]) - forks
        self.assertGreater(together, 56 * MEBIBYTE)
        self.assertLess(together, 100 * MEBIBYTE)

    def test_the_dead_and_the_never_born_hold_nothing(self) -> None:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        self.assertEqual(sum_memory([pid, 2**22 + 5]), 0)
        os.waitpid(pid, 0)
        self.assertEqual(sum_memory([]), 0)

    def test_files_in_memory_are_measured_by_their_folders(self) -> None:
        def act() -> object:
            before = sum_folders([".", "/tmp"])
            with open("/tmp/data", "wb") as file:
                file.write(bytes(MEBIBYTE))
            return [before, sum_folders([".", "/tmp"]), sum_folders(["/no/such"])]

        for ordinary in WAYS:
            self.assertEqual(in_sandbox(act, ordinary=ordinary), [0, MEBIBYTE, 0])

    def test_a_process_that_hides_its_maps_is_counted_in_the_sandbox(self) -> None:
        def act() -> object:
            ready, told = os.pipe()
            pid = os.fork()
            if pid == 0:
                prctl(PR_SET_DUMPABLE, 0)
                held = mmap.mmap(-1, 32 * MEBIBYTE)
                held[:] = bytes(32 * MEBIBYTE)
                os.write(told, b"x")
                time.sleep(20)
            os.read(ready, 1)
            try:
                return sum_memory([pid])
            finally:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

        self.assertGreater(in_child(act, ordinary=True), 32 * MEBIBYTE)


if __name__ == "__main__":
    unittest.main()
