"""Folders that judges unpack into. The kernel lets go of a lock with its process, so it tells whose judge has died."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "holt-judge-"
#: What is shown to others is below the locked folder: who sees a folder can lock it, too.
SHOWN = "shown"
FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def make_folder() -> Path:
    """Makes a folder that is this process's as long as it lives, after removing what the dead have left."""
    remove_leftovers()
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        shown = folder / SHOWN
        try:
            # Never closed: the lock is to end when the process does, however it does.
            fcntl.flock(os.open(folder, FLAGS), fcntl.LOCK_EX)
            folder.chmod(0o755)
            shown.mkdir()
            shown.chmod(0o755)
            return shown
        except FileNotFoundError:
            # Another judge has taken it for a leftover before it was locked.
            continue


def remove_folder(shown: Path) -> None:
    """Removes a folder that was made here."""
    shutil.rmtree(shown.parent, ignore_errors=True)


def remove_leftovers() -> None:
    """Removes the folders of judges that have ended without doing so; those of other users are left alone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            number = os.open(folder, FLAGS)
        except OSError:
            continue
        try:
            if os.fstat(number).st_uid == os.geteuid():
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(number)


if __name__ == "__main__":
    remove_leftovers()
