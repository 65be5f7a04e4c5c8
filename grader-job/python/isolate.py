"""Moves into a root of its own and runs a command there as another user: what bubblewrap does, where it is missing.

Started by util-linux's `unshare` as the first process of new mount, pid, net, ipc and uts namespaces (and a user
namespace, unless started by root). The only argument is JSON:

    {"uid", "binds": [[from, to]...], "links": [[target, path]...], "tmpfs": [[path, bytes]...], "env", "command"}
"""

import ctypes
import fcntl
import json
import os
import re
import socket
import struct
import sys

RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, RELATIME = 1, 2, 4, 8, 32, 4096, 16384, 1 << 21
DETACH, NEWUSER, NO_NEW_PRIVS = 2, 0x10000000, 38
# Flags that a mount has keep their place in its remount: a user namespace may not take them away.
KEPT = {2: NOSUID, 4: NODEV, 8: NOEXEC, 1024: 1024, 2048: 2048, 4096: RELATIME}

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind=None, flags=0, data=None):
    arguments = [text.encode() if text is not None else None for text in (source, target, kind)]
    check(libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() if data else None), f"mount {target}")


def enter(folder):
    """Makes a mounted folder the root and lets go of the old one."""
    os.chdir(folder)
    check(libc.pivot_root(b".", b"."), "pivot_root")
    check(libc.umount2(b".", DETACH), "umount")
    os.chdir("/")


def make_root(plan):
    mount("tmpfs", "/tmp", "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
    os.mkdir("/tmp/old")
    os.chdir("/tmp")
    check(libc.pivot_root(b"/tmp", b"/tmp/old"), "pivot_root")
    os.chdir("/")
    os.mkdir("/new")
    mount("tmpfs", "/new", "tmpfs", NOSUID | NODEV, "size=1m,mode=755")

    os.makedirs("/new/proc")
    mount("proc", "/new/proc", "proc", NOSUID | NODEV | NOEXEC)
    devices = [[f"/dev/{name}", f"/dev/{name}"] for name in ("null", "zero", "full", "random", "urandom")]
    for path, size in plan["tmpfs"]:
        os.makedirs(f"/new{path}", exist_ok=True)
        mount("tmpfs", f"/new{path}", "tmpfs", NOSUID | NODEV, f"size={size},mode=1777")
    for source, target in devices + plan["binds"]:
        if os.path.isdir(f"/old{source}"):
            os.makedirs(f"/new{target}", exist_ok=True)
        else:
            os.makedirs(os.path.dirname(f"/new{target}"), exist_ok=True)
            open(f"/new{target}", "w").close()
        mount(f"/old{source}", f"/new{target}", None, BIND | REC)
    for target, path in [*plan["links"], ["/proc/self/fd", "/dev/fd"]]:
        os.symlink(target, f"/new{path}")

    writable = {"/new/proc", *(f"/new{path}" for path, _ in plan["tmpfs"]), *(f"/new{d}" for d, _ in devices)}
    with open("/new/proc/self/mountinfo", "rb") as file:
        mounts = [re.sub(rb"\\(\d{3})", lambda code: bytes([int(code[1], 8)]), line.split()[4]) for line in file]
    for path in map(os.fsdecode, mounts):
        if path.startswith("/new") and path not in writable:
            held = os.statvfs(path).f_flag
            kept = sum(flag for seen, flag in KEPT.items() if held & seen)
            mount(None, path, None, BIND | REMOUNT | RDONLY | NOSUID | kept)
    enter("/new")


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, 0x8914, struct.pack("16sh", b"lo", 1 | 64))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING


def become(uid, as_root):
    if as_root:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    else:
        check(libc.unshare(NEWUSER), "unshare")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} 0 1"), ("gid_map", f"{uid} 0 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    # The exec that follows takes the remaining capabilities away, as the user is not root.
    check(libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    os.setsid()


def main():
    plan = json.loads(sys.argv[1])
    raise_loopback()
    make_root(plan)
    child = os.fork()
    if child == 0:
        become(plan["uid"], plan["asRoot"])
        os.chdir("/tmp")
        os.execve(plan["command"][0], plan["command"], plan["env"])
    while True:
        pid, status = os.wait()
        if pid == child:
            # The namespace's first process ends, and all that is left in it with it.
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


main()
