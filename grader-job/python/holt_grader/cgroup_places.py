"""Finds the control groups that this process is in, and writes to their files."""

from __future__ import annotations

import os
from pathlib import Path


def find_group(controller: str = "") -> Path | None:
    """Finds the folder of this process's group: of a controller in version 1, of version 2 without one."""
    try:
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
        mounts = [line.split(" - ", 1) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    except OSError:
        return None
    own = next((path for _, names, path in groups if controller in names.split(",")), None)
    kind = "cgroup" if controller else "cgroup2"
    for left, right in mounts:
        _, _, _, root, place = left.split()[:5]
        found, _, options = right.split()[:3]
        if own and found == kind and (not controller or controller in options.split(",")):
            # A container sees its own group as the mount's root, with or without a namespace of groups.
            inside = own[len(root) :] if f"{own}/".startswith(f"{root.rstrip('/')}/") else own
            return Path(place) / inside.lstrip("/")
    return None


def write(path: Path, text: str) -> None:
    """Writes to a group's file. Not write_text, which would create a file where the folder is no group."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def write_where_there(path: Path, text: str) -> None:
    """Writes to a file that not every kernel has."""
    try:
        write(path, text)
    except OSError:
        return
