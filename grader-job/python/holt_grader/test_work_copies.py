import os
import shutil
import socket
import tempfile
import unittest
from pathlib import Path

from holt_grader import work_copies
from holt_grader.root import RootPlan
from holt_grader.sandbox_case import ORDINARY, WAYS, in_sandbox
from holt_grader.work_copies import WorkCopies, copy_tree, empty

MEBIBYTE = 2**20


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.top = Path(tempfile.mkdtemp(prefix="holt-copies-"))
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        self.work, self.store, self.outside = (self.top / name for name in ("work", "store", "outside"))
        for folder in (self.work, self.store, self.outside):
            folder.mkdir()
        (self.outside / "secret").write_text("secret")
        self.copies = WorkCopies(str(self.work), str(self.store), (os.getuid(), os.getgid()))

    def list_work(self) -> dict[str, str]:
        paths = sorted(path for path in self.work.rglob("*") if path.is_file() and not path.is_symlink())
        return {str(path.relative_to(self.work)): path.read_text() for path in paths}


class Restore(Case):
    def test_a_folder_is_what_it_was_whatever_was_done_to_it(self) -> None:
        (self.work / "data").mkdir()
        (self.work / "data" / "a.csv").write_text("1")
        (self.work / "gone.txt").write_text("2")
        number = self.copies.take()
        (self.work / "data" / "a.csv").write_text("9")
        (self.work / "gone.txt").unlink()
        (self.work / "gone.txt").mkdir()
        (self.work / "gone.txt" / "new").write_text("x")
        self.copies.restore(number)
        self.assertEqual(self.list_work(), {"data/a.csv": "1", "gone.txt": "2"})

    def test_each_copy_is_kept_apart_and_an_unchanged_folder_is_copied_once(self) -> None:
        numbers = []
        for text in ("one", "two"):
            (self.work / "file").write_text(text)
            numbers += [self.copies.take(), self.copies.take()]
        self.assertEqual(numbers, [0, 0, 1, 1])
        for number, text in ((0, "one"), (1, "two"), (0, "one")):
            self.copies.restore(number)
            self.assertEqual(self.list_work(), {"file": text})

    def test_an_unchanged_folder_is_left_alone(self) -> None:
        (self.work / "file").write_text("one")
        before = (self.work / "file").stat().st_ino
        self.copies.restore(self.copies.take())
        self.assertEqual((self.work / "file").stat().st_ino, before)

    def test_a_change_is_seen_wherever_it_is(self) -> None:
        deep = self.work / "a" / "b"
        deep.mkdir(parents=True)
        (deep / "file").write_text("one")
        (self.work / "link").symlink_to(self.outside)
        self.assertEqual(self.copies.take(), self.copies.take())
        (self.outside / "more").write_text("is not the folder's")
        self.assertEqual(self.copies.take(), 0)
        (deep / "file").write_text("two")
        self.assertEqual(self.copies.take(), 1)
        os.utime(deep / "file", (0, 0))
        self.assertEqual(self.copies.take(), 2)

    def test_without_a_copy_the_folder_stays_as_it_is(self) -> None:
        (self.work / "file").write_text("one")
        self.copies.restore(None)
        self.assertEqual(self.list_work(), {"file": "one"})


class Links(Case):
    def test_a_link_is_copied_as_a_link_and_never_followed(self) -> None:
        (self.work / "file").symlink_to(self.outside / "secret")
        (self.work / "folder").symlink_to(self.outside)
        (self.work / "itself").symlink_to("itself")
        (self.work / "nowhere").symlink_to("/no/such")
        number = self.copies.take()
        copied = self.store / str(number)
        self.assertEqual(os.readlink(copied / "file"), str(self.outside / "secret"))
        self.assertTrue((copied / "folder").is_symlink())
        self.assertEqual(os.readlink(copied / "itself"), "itself")

    def test_emptying_and_restoring_touch_nothing_behind_a_link(self) -> None:
        (self.work / "results").mkdir()
        (self.work / "results" / "secret").write_text("own")
        number = self.copies.take()
        shutil.rmtree(self.work / "results")
        (self.work / "results").symlink_to(self.outside)
        self.copies.restore(number)
        self.assertEqual((self.outside / "secret").read_text(), "secret")
        self.assertEqual(self.list_work(), {"results/secret": "own"})

    def test_a_file_that_becomes_a_link_while_it_is_copied_is_left_out(self) -> None:
        (self.work / "file").write_text("own")
        real = work_copies.copy_entry

        def swap(name: str, parent: int, status: os.stat_result, place: str) -> None:
            os.unlink(name, dir_fd=parent)
            os.symlink(self.outside / "secret", name, dir_fd=parent)
            real(name, parent, status, place)

        work_copies.copy_entry = swap
        try:
            copy_tree(str(self.work), str(self.store), None)
        finally:
            work_copies.copy_entry = real
        self.assertEqual(os.listdir(self.store), [])

    def test_pipes_and_sockets_are_left_out_without_waiting(self) -> None:
        os.mkfifo(self.work / "pipe")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.work / "socket"))
            (self.work / "file").write_text("own")
            number = self.copies.take()
        self.assertEqual(os.listdir(self.store / str(number)), ["file"])


class Bounds(Case):
    def test_folders_within_each_other_are_copied_so_far_and_removed_whole(self) -> None:
        place = os.open(self.work, os.O_RDONLY)
        for depth in range(1500):
            os.mkdir("d", dir_fd=place)
            inner = os.open("d", os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = inner
        os.close(place)
        number = self.copies.take()
        empty(str(self.work))
        self.assertEqual(os.listdir(self.work), [])
        self.copies.restore(number)
        self.assertEqual(len(list(self.work.rglob("*"))), work_copies.DEEPEST + 1)

    def test_more_files_than_fit_in_a_copy_are_left_out(self) -> None:
        for number in range(30):
            (self.work / f"{number:05}").touch()
        most, work_copies.MOST_ENTRIES = work_copies.MOST_ENTRIES, 20
        try:
            taken = self.copies.take()
        finally:
            work_copies.MOST_ENTRIES = most
        self.assertEqual(len(os.listdir(self.store / str(taken))), 20)

    def test_names_that_are_no_text_and_folders_that_nobody_may_read_are_copied_and_removed(self) -> None:
        (self.work / "closed").mkdir()
        (self.work / "closed" / "file").write_text("own")
        (self.work / "closed").chmod(0)
        (Path(os.fsdecode(os.fsencode(self.work) + b"/\xff\xfe"))).write_text("odd")
        number = self.copies.take()
        empty(str(self.work))
        self.copies.restore(number)
        self.assertIn(os.fsdecode(b"\xff\xfe"), os.listdir(self.work))

    def test_once_copies_have_no_room_left_those_that_there_are_are_kept(self) -> None:
        plan = RootPlan(uid=ORDINARY, work_bytes=4 * MEBIBYTE, work="/home/student", store_bytes=MEBIBYTE)
        outcome = os.pipe()

        def prepare() -> None:
            # Still the sandbox's first process as far as rights go.
            copies = WorkCopies(plan.work, plan.store, (ORDINARY, ORDINARY))
            file = Path(plan.work) / "file"
            numbers = []
            for size in (1000, 3 * MEBIBYTE, 2000):
                file.write_bytes(bytes(size))
                numbers.append(copies.take())
            copies.restore(numbers[0])
            os.write(outcome[1], f"{numbers} {file.stat().st_size} {sorted(os.listdir(plan.store))}\n".encode())

        for ordinary in WAYS:
            in_sandbox(lambda: None, ordinary=ordinary, prepare=prepare, plan=plan)
            self.assertEqual(os.read(outcome[0], 500).decode(), "[0, None, None] 1000 ['0']\n")
        for descriptor in outcome:
            os.close(descriptor)


if __name__ == "__main__":
    unittest.main()
