"""Builds the file system that a sandbox sees: read-only parts of this machine, and little folders in memory."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from .syscalls import (
    CLONE_NEWNS,
    MNT_DETACH,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    mount,
    pivot_root,
    umount,
    unshare,
)

MEBIBYTE = 2**20
#: Programs, libraries, fonts and time zones; what a machine lacks is left out.
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"),
    *("/etc/fonts", "/var/cache/fontconfig", "/etc/alternatives", "/etc/mime.types", "/etc/localtime"),
)
DEVICES = ("null", "zero", "full", "random", "urandom")
DEVICE_LINKS = (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2"))
#: Where the new root is made: a folder that every machine has. The old root is below it until it is let go.
STAGE, OLD, NEW = "/tmp", "/old", "/new"
SMALL = "size=1m,nr_inodes=4096,mode=0755"
#: Flags of a mount that a user namespace may not take away, as statvfs and as mount know them.
LOCKED = ((os.ST_NOSUID, MS_NOSUID), (os.ST_NODEV, MS_NODEV), (os.ST_NOEXEC, MS_NOEXEC))
PLAIN = MS_NOSUID | MS_NODEV


@dataclass(frozen=True)
class RootPlan:
    """Says what a sandbox sees beside the system's programs and libraries. Each bind is (place outside, place inside).

    `work` is the student's own folder, `store` is for the sandbox's first process alone. In a user namespace those two
    are one user: the student's process takes `store` out of its own mount namespace before it gives up its rights.
    """

    uid: int
    work_bytes: int
    binds: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    work: str = "/work"
    store: str = "/store"
    store_bytes: int = 256 * MEBIBYTE
    tmp_bytes: int = 64 * MEBIBYTE
    shm_bytes: int = 64 * MEBIBYTE
    inodes: int = 20_000

    def __post_init__(self) -> None:
        for _, target in self.binds:
            if not target.startswith("/") or os.path.normpath(target) != target or target == "/":
                raise ValueError(f"A bind must go to an absolute place in plain form, not to {target!r}.")
            for folder in (self.work, self.store):
                if f"{target}/".startswith(f"{folder}/"):
                    raise ValueError(f"{folder} would hold {target}, which is bound: choose another folder for it.")


@dataclass(frozen=True)
class _Part:
    """One thing in the new root. With `options` it is a folder in memory, with `link` a link, otherwise a bind."""

    target: str
    source: str = ""
    options: str | None = None
    link: str | None = None


def build_root(plan: RootPlan) -> None:
    """Moves this process, the first of its pid namespace and alone in its mount namespace, into a new root."""
    parts = [*_plan_binds(plan), *_plan_folders(plan)]
    mount("tmpfs", STAGE, "tmpfs", PLAIN, SMALL)
    os.mkdir(STAGE + OLD)
    os.mkdir(STAGE + NEW)
    pivot_root(STAGE, STAGE + OLD)
    os.chdir("/")
    mount("tmpfs", NEW, "tmpfs", PLAIN, SMALL)
    os.mkdir(f"{NEW}/proc", 0o755)
    mount("proc", f"{NEW}/proc", "proc", PLAIN | MS_NOEXEC)
    for part in sorted(parts, key=lambda part: part.target):
        _place(part)
    _write_files(plan)
    _make_read_only(NEW)
    os.chdir(NEW)
    pivot_root(".", ".")
    umount(".", MNT_DETACH)
    os.chdir("/")


def hide_from_student(store: str) -> None:
    """Leaves this process, and what it starts, without the first process's folder and with a /proc to read only.

    Its own user could take back there that the kernel ends it first where memory runs out; and where that is the
    machine's root without rights, change the kernel's settings.
    """
    unshare(CLONE_NEWNS)
    umount(store, MNT_DETACH)
    _make_read_only("/proc")


def _plan_binds(plan: RootPlan) -> list[_Part]:
    # Resolved while the links on the way still lead where they lead outside.
    places = {place: place for place in SYSTEM if os.path.exists(place)} | {to: place for place, to in plan.binds}
    shown = [os.path.realpath(source) for source in places]
    parts = []
    for target, place in places.items():
        source = os.path.realpath(place, strict=True)
        if place == target and os.path.islink(place) and _is_below(source, [each for each in shown if each != source]):
            parts.append(_Part(target, link=os.readlink(place)))
        else:
            parts.append(_Part(target, OLD + source))
    devices = [_Part(f"/dev/{name}", f"{OLD}/dev/{name}") for name in DEVICES]
    links = [_Part(f"/dev/{name}", link=f"/proc/self/fd{rest}") for name, rest in DEVICE_LINKS]
    return [*parts, *devices, *links]


def _is_below(place: str, folders: list[str]) -> bool:
    return any(place.startswith(f"{folder}/") for folder in folders)


def _plan_folders(plan: RootPlan) -> list[_Part]:
    own = f"mode=0700,uid={plan.uid},gid={plan.uid}"
    folders = (
        (plan.work, plan.work_bytes, own),
        (plan.store, plan.store_bytes, "mode=0700"),
        ("/tmp", plan.tmp_bytes, "mode=1777"),
        ("/dev/shm", plan.shm_bytes, "mode=1777"),
    )
    return [_Part(place, options=f"size={size},nr_inodes={plan.inodes},{mode}") for place, size, mode in folders]


def _place(part: _Part) -> None:
    target = NEW + part.target
    if part.link is not None:
        _make_folder(os.path.dirname(target))
        os.symlink(part.link, target)
    elif part.options is not None:
        _make_folder(target)
        mount("tmpfs", target, "tmpfs", PLAIN, part.options)
    else:
        _make_folder(target if os.path.isdir(part.source) else os.path.dirname(target))
        if not os.path.exists(target):
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        mount(part.source, target, None, MS_BIND | MS_REC)
        # At once, so that making a place below this one can never write to the outside.
        for place in _list_mounts(target):
            _make_read_only(place)


def _make_folder(path: str) -> None:
    # Not makedirs: the folders above must be open to the student whatever the umask is.
    if not os.path.isdir(path):
        _make_folder(os.path.dirname(path))
        os.mkdir(path)
        os.chmod(path, 0o755)


def _write_files(plan: RootPlan) -> None:
    uid = plan.uid
    users = f"root:x:0:0:root:/:/usr/sbin/nologin\nstudent:x:{uid}:{uid}:student:{plan.work}:/bin/sh\n"
    own = (
        ("/etc/passwd", users),
        ("/etc/group", f"root:x:0:\nstudent:x:{uid}:\n"),
        ("/etc/hosts", "127.0.0.1 localhost grader\n::1 localhost\n"),
        ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    )
    for path, text in (*own, *plan.files):
        _make_folder(os.path.dirname(NEW + path))
        with open(NEW + path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(NEW + path, 0o644)


def _list_mounts(below: str) -> list[str]:
    with open(f"{NEW}/proc/self/mountinfo", "rb") as file:
        raw = [re.sub(rb"\\(\d{3})", lambda code: bytes([int(code[1], 8)]), line.split()[4]) for line in file]
    places = [os.fsdecode(place) for place in raw]
    return [place for place in places if place == below or place.startswith(f"{below}/")]


def _make_read_only(place: str) -> None:
    held = os.statvfs(place).f_flag
    kept = sum(flag for seen, flag in LOCKED if held & seen)
    # A device on a mount without devices cannot be opened.
    more = MS_NOEXEC if place.startswith(f"{NEW}/dev/") else MS_NODEV
    mount(None, place, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | more | kept)
