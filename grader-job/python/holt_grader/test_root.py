import os
import tempfile
import unittest
from pathlib import Path

from holt_grader.root import RootPlan
from holt_grader.sandbox_case import ORDINARY, WAYS, ChildError, SandboxCase, attempt_all, in_sandbox


class Roots(SandboxCase):
    def test_nothing_but_the_own_folders_can_be_written(self) -> None:
        def act() -> object:
            kernel = ("/proc/sys/kernel/core_pattern", "/proc/self/oom_score_adj", "/proc/self/mem", "/proc/self/comm")
            places = ("/x", "/usr/x", "/etc/passwd", "/dev/x", "/store/x", "/home/x", *kernel)
            tries = {place: lambda place=place: os.close(os.open(place, os.O_CREAT | os.O_RDWR)) for place in places}
            fine = {place: lambda place=place: os.mkdir(f"{place}/x") for place in ("/tmp", "/dev/shm", ".")}
            return attempt_all({**tries, **fine})

        for found in self.each(act):
            assert isinstance(found, dict)
            self.assertEqual([name for name, what in found.items() if what == "done"], ["/tmp", "/dev/shm", "."])

    def test_folders_in_memory_have_a_limit(self) -> None:
        def fill(place: str) -> int:
            count = 0
            try:
                with open(place, "wb", buffering=0) as file:
                    for _ in range(80):
                        count += file.write(bytes(2**16))
            except OSError:
                pass
            os.unlink(place)
            return count

        def act() -> object:
            counts = [fill("big"), fill("/tmp/big"), fill("/dev/shm/big")]
            made = 0
            try:
                for made in range(200):
                    os.close(os.open(f"small{made}", os.O_CREAT | os.O_WRONLY))
            except OSError:
                pass
            return [count <= 2**20 for count in counts] + [made < 100]

        plan = RootPlan(
            uid=ORDINARY, work_bytes=2**20, work="/home/student", tmp_bytes=2**20, shm_bytes=2**20, inodes=100
        )
        self.assertEqual(self.each(act, plan=plan), [[True] * 4] * len(WAYS))

    def test_devices_are_few_and_work(self) -> None:
        def act() -> object:
            with open("/dev/null", "wb") as null:
                null.write(b"x")
            with open("/dev/urandom", "rb") as random, open("/dev/zero", "rb") as zero:
                read = [len(random.read(3)), zero.read(2) == bytes(2)]
            return [sorted(os.listdir("/dev")), read, sorted(os.listdir("/dev/fd"))[:2]]

        names = ["fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom", "zero"]
        self.assertEqual(self.each(act), [[names, [3, True], ["0", "1"]]] * len(WAYS))

    def test_binds_show_the_outside_and_take_no_writing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            Path(folder, "tests").mkdir()
            Path(folder, "tests", "q1.py").write_text("public")
            Path(folder, "data.csv").write_text("1")
            Path(folder, "link").symlink_to("data.csv")
            binds = (
                (f"{folder}/tests", "/assignment/tests"),
                (f"{folder}/link", "/assignment/data.csv"),
                (folder, folder),
                (f"{folder}/tests", f"{folder}/tests"),
            )
            plan = RootPlan(uid=ORDINARY, work_bytes=2**20, work="/home/student", binds=binds)

            def act() -> object:
                read = [Path("/assignment/tests/q1.py").read_text(), Path("/assignment/data.csv").read_text()]
                shared = sorted(os.listdir(folder))
                tries = (f"{folder}/new", "/assignment/tests/q1.py", "/assignment/data.csv", f"{folder}/tests/q2.py")
                kept = [place for place in tries if os.access(os.path.dirname(place), os.W_OK)]
                return [read, shared, kept]

            wanted = [["public", "1"], ["data.csv", "link", "tests"], []]
            self.assertEqual(self.each(act, plan=plan), [wanted] * len(WAYS))
            self.assertEqual(sorted(os.listdir(folder)), ["data.csv", "link", "tests"])

    def test_a_place_inside_a_bind_is_never_made_outside(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            binds = ((folder, "/data"), (folder, "/data/inner"))
            plan = RootPlan(uid=ORDINARY, work_bytes=2**20, work="/home/student", binds=binds)
            for ordinary in WAYS:
                with self.subTest(ordinary=ordinary), self.assertRaises(ChildError):
                    in_sandbox(lambda: 1, ordinary=ordinary, plan=plan)
            self.assertEqual(os.listdir(folder), [])

    def test_a_missing_bind_is_an_error(self) -> None:
        plan = RootPlan(uid=ORDINARY, work_bytes=2**20, binds=(("/no/such/place", "/data"),))
        with self.assertRaisesRegex(ChildError, "FileNotFoundError"):
            in_sandbox(lambda: 1, ordinary=True, plan=plan)

    def test_a_plan_that_hides_a_bind_or_leaves_the_root_is_refused(self) -> None:
        for place in ("/work/inner", "/work", "/store/x", "/", "relative", "/a/../b", "/a/"):
            with self.subTest(place=place), self.assertRaises(ValueError):
                RootPlan(uid=ORDINARY, work_bytes=1, binds=(("/usr", place),))

    def test_the_old_root_and_other_processes_are_out_of_sight(self) -> None:
        outside = str(os.getpid())

        def act() -> object:
            numbers = [name for name in os.listdir("/proc") if name.isdigit()]
            places = [place for place in ("/root", "/old", "/new", "/sys", "/mnt", "/store/x") if os.path.exists(place)]
            return [len(numbers) <= 3, places, sorted({"var", "boot", "work"} & set(os.listdir("/")))]

        for found in self.each(act):
            self.assertEqual(found, [True, [], ["var"]], outside)


if __name__ == "__main__":
    unittest.main()
