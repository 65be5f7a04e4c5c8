"""Control groups of version 2, where one group has every controller."""

from __future__ import annotations

from pathlib import Path

from .cgroup_places import find_group, write, write_where_there

CONTROLLERS = ("memory", "pids")
#: Where the kernel counts the processes that it has ended for want of memory.
EVENTS = "memory.events"
#: Where the processes of a container's own group go, as a group with members may not limit its children.
REST = "holt-rest"


def find_parents() -> tuple[Path, ...] | None:
    """Finds the group below which others may be made; None where there is none that limits memory."""
    own = find_group()
    if own is None:
        return None
    # A process that was moved aside below is in REST; its siblings are made beside that.
    parent = own.parent if own.name == REST else own
    return (parent,) if _offer_controllers(parent) else None


def set_limits(folders: tuple[Path, ...], memory_bytes: int, processes: int) -> None:
    """Limits a new group."""
    (folder,) = folders
    write(folder / "memory.max", str(memory_bytes))
    write_where_there(folder / "memory.swap.max", "0")
    write(folder / "pids.max", str(processes))


def _offer_controllers(parent: Path) -> bool:
    try:
        if not set(CONTROLLERS) <= set((parent / "cgroup.controllers").read_text().split()):
            return False
        if set(CONTROLLERS) <= set((parent / "cgroup.subtree_control").read_text().split()):
            return True
        try:
            _offer(parent)
        except OSError:
            # Only in a container, whose group is a root to itself: elsewhere the members are somebody else's.
            if "0::/" not in Path("/proc/self/cgroup").read_text().splitlines():
                return False
            (parent / REST).mkdir(exist_ok=True)
            for pid in (parent / "cgroup.procs").read_text().split():
                write(parent / REST / "cgroup.procs", pid)
            _offer(parent)
    except OSError:
        return False
    return True


def _offer(parent: Path) -> None:
    write(parent / "cgroup.subtree_control", " ".join(f"+{name}" for name in CONTROLLERS))
