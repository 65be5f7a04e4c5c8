"""Copies of the work folder: one is taken at each check, and put back before that check's verdict."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

#: Files and folders that one copy holds; what is beyond them is left out.
MOST_ENTRIES = 5000
CHUNK_BYTES = 2**20

Fingerprint = tuple[tuple[str, int, int, int], ...]


def walk(folder: int, prefix: str = "") -> Iterator[tuple[str, os.stat_result, int]]:
    """Lists what is below an open folder, never through a link: name from the top, what it is, and the open parent."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield prefix + name, status, folder
        if stat.S_ISDIR(status.st_mode):
            try:
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            except OSError:
                continue
            try:
                yield from walk(inner, f"{prefix}{name}/")
            finally:
                os.close(inner)


def copy_tree(source: str, target: str, owner: tuple[int, int] | None) -> None:
    """Copies folders, plain files and links; whoever owns `source` may change it meanwhile.

    What is neither (a pipe, a socket) and what does not fit any more is left out.
    """
    top = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for count, (path, status, parent) in enumerate(walk(top)):
            if count >= MOST_ENTRIES:
                return
            place = os.path.join(target, path)
            try:
                copy_entry(os.path.basename(path), parent, status, place)
                if owner:
                    os.chown(place, *owner, follow_symlinks=False)
            except OSError:
                continue
    finally:
        os.close(top)


def copy_entry(name: str, parent: int, status: os.stat_result, place: str) -> None:
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=parent), place)
    elif stat.S_ISDIR(status.st_mode):
        os.mkdir(place, stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
    elif stat.S_ISREG(status.st_mode):
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
        try:
            copy_file(source, place, stat.S_IMODE(status.st_mode))
        finally:
            os.close(source)


def copy_file(source: int, place: str, mode: int) -> None:
    target = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode & 0o777)
    try:
        while chunk := os.read(source, CHUNK_BYTES):
            while chunk:
                chunk = chunk[os.write(target, chunk) :]
    finally:
        os.close(target)


def empty(folder: str) -> None:
    """Removes what is in a folder, as far as it can be removed."""
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        empty_open(top)
    finally:
        os.close(top)


def empty_open(folder: int) -> None:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        try:
            os.unlink(name, dir_fd=folder)
        except IsADirectoryError:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            try:
                os.fchmod(inner, 0o700)
                empty_open(inner)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=folder)
        except OSError:
            continue


class WorkCopies:
    """Keeps the copies of one work folder, in a folder that the student's processes do not see."""

    def __init__(self, work: str, store: str, owner: tuple[int, int]) -> None:
        self._work = work
        self._store = Path(store)
        self._owner = owner
        self._taken: list[Fingerprint] = []

    def take(self) -> int:
        """Copies the work folder, unless it is as it was at the last copy; answers the copy's number."""
        seen = self._look()
        if not self._taken or self._taken[-1] != seen:
            place = self._store / str(len(self._taken))
            place.mkdir(mode=0o700)
            copy_tree(self._work, str(place), None)
            self._taken.append(seen)
        return len(self._taken) - 1

    def restore(self, number: int) -> None:
        """Makes the work folder what it was. Nothing else may run meanwhile."""
        if self._look() == self._taken[number]:
            return
        empty(self._work)
        copy_tree(str(self._store / str(number)), self._work, self._owner)

    def _look(self) -> Fingerprint:
        top = os.open(self._work, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # The time of the last change of a file's record cannot be set by whoever owns the file.
            return tuple((path, status.st_ino, status.st_size, status.st_ctime_ns) for path, status, _ in walk(top))
        finally:
            os.close(top)
