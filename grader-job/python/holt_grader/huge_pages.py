"""Puts memory that is forked often into huge pages: a fork copies one entry for each page."""

import ctypes

# Source: include/uapi/asm-generic/mman-common.h, since Linux 6.1.
MADV_COLLAPSE = 25
HUGE = 2 * 2**20

_libc = ctypes.CDLL(None, use_errno=True)
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def collapse() -> None:
    """Collapses this process's own memory. A kernel that cannot leaves it as it is: all works as before, and slower."""
    for start, end in list_private():
        first, last = -start % HUGE + start, end - end % HUGE
        if first < last and _libc.madvise(first, last - first, MADV_COLLAPSE):
            # Some of it may be what cannot be collapsed; the rest is, a part at a time.
            for place in range(first, last, HUGE):
                _libc.madvise(place, HUGE, MADV_COLLAPSE)


def list_private() -> list[tuple[int, int]]:
    """Lists where memory begins and ends that no file is behind."""
    found = []
    with open("/proc/self/maps", encoding="utf-8") as file:
        for line in file:
            place, rights, _, _, node, *name = line.split()
            if rights == "rw-p" and node == "0" and (not name or name[0] == "[heap]"):
                start, end = (int(part, 16) for part in place.split("-"))
                found.append((start, end))
    return found
