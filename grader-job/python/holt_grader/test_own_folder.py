import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from . import own_folder

OWNER = """
from holt_grader import own_folder
(own_folder.make_folder() / "file").write_text("x")
print("ready", flush=True)
input()
"""


class OwnFolderTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.place = Path(temporary.name)
        self.environment = {"TMPDIR": temporary.name, "PYTHONPATH": str(Path(__file__).parents[1])}
        patch = mock.patch.object(tempfile, "tempdir", temporary.name)
        patch.start()
        self.addCleanup(patch.stop)

    def start_owner(self) -> "subprocess.Popen[str]":
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(owner.communicate)
        self.addCleanup(owner.kill)
        assert owner.stdout
        self.assertEqual(owner.stdout.readline(), "ready\n")
        return owner

    def list_folders(self) -> list[str]:
        return sorted(os.listdir(self.place))

    def test_what_a_killed_owner_left_is_removed_and_what_a_living_one_has_is_not(self) -> None:
        killed = self.start_owner()
        [left] = self.list_folders()
        self.start_owner()
        self.assertIn(left, self.list_folders(), "both live")
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        own_folder.remove_leftovers()
        self.assertNotIn(left, self.list_folders())
        self.assertEqual(len(self.list_folders()), 1)

    def test_making_one_removes_what_was_left(self) -> None:
        killed = self.start_owner()
        killed.kill()
        killed.wait()
        folder = own_folder.make_folder()
        self.assertEqual(self.list_folders(), [folder.parent.name])
        own_folder.remove_folder(folder)
        self.assertEqual(self.list_folders(), [])

    def test_links_and_files_of_others_are_left_alone(self) -> None:
        (self.place / "elsewhere").mkdir()
        (self.place / "elsewhere" / "file").touch()
        (self.place / f"{own_folder.PREFIX}link").symlink_to(self.place / "elsewhere")
        (self.place / f"{own_folder.PREFIX}file").touch()
        before = self.list_folders()
        own_folder.remove_leftovers()
        self.assertEqual(self.list_folders(), before)
        self.assertTrue((self.place / "elsewhere" / "file").exists())

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a folder away")
    def test_a_folder_of_another_user_is_left_alone(self) -> None:
        other = self.place / f"{own_folder.PREFIX}other"
        other.mkdir()
        os.chown(other, 20_000, 20_000)
        own_folder.remove_leftovers()
        self.assertTrue(other.exists())

    def test_a_folder_that_is_being_made_is_never_taken_away(self) -> None:
        stop = threading.Event()

        def sweep() -> None:
            while not stop.is_set():
                own_folder.remove_leftovers()

        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        try:
            made = [own_folder.make_folder() for _ in range(200)]
        finally:
            stop.set()
            sweeper.join()
        self.assertEqual(sorted(folder.parent.name for folder in made), self.list_folders())

    def test_what_is_shown_of_it_cannot_be_used_to_keep_it(self) -> None:
        killed = self.start_owner()
        [left] = self.list_folders()
        shown = os.open(self.place / left / own_folder.SHOWN, own_folder.FLAGS)
        self.addCleanup(os.close, shown)
        fcntl.flock(shown, fcntl.LOCK_EX)
        killed.kill()
        killed.wait()
        own_folder.remove_leftovers()
        self.assertEqual(self.list_folders(), [])
