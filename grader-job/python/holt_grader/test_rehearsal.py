import builtins
import os
import random
import signal
import sys
import tempfile
import unittest
from pathlib import Path

from . import run_example
from .rehearsal import rehearse


def list_open() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


class RehearsalTest(unittest.TestCase):
    def test_it_leaves_no_file_no_folder_and_no_child_behind(self) -> None:
        rehearse()
        opened = list_open()
        with tempfile.TemporaryDirectory() as folder:
            kept, tempfile.tempdir = tempfile.tempdir, folder
            try:
                rehearse()
            finally:
                tempfile.tempdir = kept
            self.assertEqual(list(Path(folder).iterdir()), [])
        self.assertEqual(list_open(), opened)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)

    def test_nothing_that_a_notebook_could_see_is_changed(self) -> None:
        def look() -> list[object]:
            hooks = [sys.displayhook, sys.excepthook, sys.stdout, sys.stderr, sys.path[:], sys.gettrace()]
            handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
            return [set(vars(builtins)), hooks, handlers, dict(os.environ), os.getcwd(), random.getstate()]

        rehearse()
        self.assertNotIn("_", vars(builtins))
        before = look()
        rehearse()
        self.assertEqual(look(), before)

    def test_no_case_of_it_is_left_for_a_snapshot(self) -> None:
        rehearse()
        self.assertIsNone(run_example._current)


if __name__ == "__main__":
    unittest.main()
