"""Copies of the work folder: one is taken at each check, and put back before that check's verdict."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

#: Files and folders that one copy holds, and folders within each other; what is beyond them is left out.
MOST_ENTRIES = 5000
DEEPEST = 48
CHUNK_BYTES = 2**20

Fingerprint = tuple[tuple[str, int, int, int], ...]


class NoRoom(Exception):
    """Says that the place for copies is full."""


def walk(folder: int, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, os.stat_result, int]]:
    """Lists what is below an open folder, never through a link: name from the top, what it is, and the open parent."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            continue
        yield prefix + name, status, folder
        # Each folder on the way is held open: without an end to it, a student chooses how many.
        if stat.S_ISDIR(status.st_mode) and depth < DEEPEST:
            try:
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            except OSError:
                continue
            try:
                yield from walk(inner, f"{prefix}{name}/", depth + 1)
            finally:
                os.close(inner)


def copy_tree(source: str, target: str, owner: tuple[int, int] | None) -> None:
    """Copies folders, plain files and links; whoever owns `source` may change it meanwhile.

    What is neither (a pipe, a socket) and what is beyond the limits is left out. Raises `NoRoom` where `target` is full.
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
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise NoRoom(place) from None
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
    """Removes what is in a folder, as far as it can be removed. However deep it goes, one folder at a time is open."""
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while folders := remove_files(top):
            for name in folders:
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
                try:
                    os.fchmod(inner, 0o700)
                    for below in remove_files(inner):
                        # A name that nobody can have taken.
                        os.rename(below, os.urandom(16).hex(), src_dir_fd=inner, dst_dir_fd=top)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    except OSError:
        # What cannot be removed stays: a verdict in a folder with too much in it is better than none.
        return
    finally:
        os.close(top)


def remove_files(folder: int) -> list[str]:
    """Removes everything but folders, and lists those."""
    folders = []
    with os.scandir(folder) as entries:
        names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in names:
        if is_folder:
            folders.append(name)
        else:
            os.unlink(name, dir_fd=folder)
    return folders


class WorkCopies:
    """Keeps the copies of one work folder, in a folder that the student's processes do not see."""

    def __init__(self, work: str, store: str, owner: tuple[int, int]) -> None:
        self._work = work
        self._store = Path(store)
        self._owner = owner
        self._taken: list[Fingerprint] = []
        self._is_full = False

    def take(self) -> int | None:
        """Copies the work folder, unless it is as it was at the last copy; answers the copy's number.

        None where copies have no room left: they are limited, and a notebook can change its folder before each check.
        """
        seen = self._look()
        if self._taken and self._taken[-1] == seen:
            return len(self._taken) - 1
        if self._is_full:
            return None
        place = self._store / str(len(self._taken))
        try:
            place.mkdir(mode=0o700)
            copy_tree(self._work, str(place), None)
        except (NoRoom, OSError):
            shutil.rmtree(place, ignore_errors=True)
            # Trying again at each check would take the time of all of them.
            self._is_full = True
            return None
        self._taken.append(seen)
        return len(self._taken) - 1

    def restore(self, number: int | None) -> None:
        """Makes the work folder what it was. Nothing else may run meanwhile; without a copy it stays as it is."""
        if number is None or self._look() == self._taken[number]:
            return
        empty(self._work)
        try:
            copy_tree(str(self._store / str(number)), self._work, self._owner)
        except NoRoom:
            # A file with holes takes more room in a copy. What fits is there.
            return

    def _look(self) -> Fingerprint:
        seen: list[tuple[str, int, int, int]] = []
        top = os.open(self._work, os.O_RDONLY | os.O_DIRECTORY)
        try:
            look_into(top, "", 0, seen)
        finally:
            os.close(top)
        return tuple(sorted(seen))


def look_into(folder: int, prefix: str, depth: int, seen: list[tuple[str, int, int, int]]) -> None:
    """Notes what is below an open folder, as `walk` would list it, at a quarter of its cost: every check begins with it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if len(seen) > MOST_ENTRIES:
                return
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            # The time of the last change of a file's record cannot be set by whoever owns the file.
            seen.append((prefix + entry.name, status.st_ino, status.st_size, status.st_ctime_ns))
            if stat.S_ISDIR(status.st_mode) and depth < DEEPEST:
                try:
                    inner = os.open(entry.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                except OSError:
                    continue
                try:
                    look_into(inner, f"{prefix}{entry.name}/", depth + 1, seen)
                finally:
                    os.close(inner)
