"""Locks what a layer is made of: every package beside the base, every file with its hash, the base's versions untouched."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from .layers import BASE_LOCK, hash_base, make_key, name_lines

#: The oldest Python that the base is locked for; a layer that cannot be had for that is locked for this one on.
OLDEST = "3.10"
SECONDS = 600.0
#: What uv says when versions do not fit; anything else is the network's fault, or the index's.
NO_SOLUTION = "No solution found"
HEAD = "# Made by npm run make-layer. Asked for: "


class CannotMake(Exception):
    """A layer cannot be made; the message is a sentence."""


def find_uv() -> str:
    """Finds uv where setup.sh has it."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.prefix).parent / "uv/bin"))
    if not found:
        raise CannotMake("Packages are installed by uv, which is missing here: install it (pip install uv).")
    return found


def run_uv(*arguments: str) -> str:
    """Runs uv in an empty folder, so that no project's settings count, and returns what it printed."""
    with tempfile.TemporaryDirectory(prefix="holt-uv-") as folder:
        try:
            run = subprocess.run(
                [find_uv(), "pip", *arguments], cwd=folder, capture_output=True, text=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            raise CannotMake(f"uv took more than {SECONDS:.0f} seconds: is the network there?") from None
    if run.returncode != 0:
        why = run.stderr.partition("\nhint:")[0].strip()
        raise CannotMake(why[-3000:] or f"uv ended with {run.returncode}")
    return run.stdout


def write_lock(lines: tuple[str, ...]) -> str:
    """Resolves what is asked for, and answers the lock's text; raises `CannotMake`."""
    pythons = dict.fromkeys((OLDEST, "{}.{}".format(*sys.version_info)))
    for python in pythons:
        try:
            return f"{HEAD}{' '.join(lines)}\n{_resolve(lines, python)}"
        except CannotMake as error:
            problem = error
            if NO_SOLUTION not in str(error):
                break
    beside = " beside the grader's own packages" if NO_SOLUTION in str(problem) else ""
    raise CannotMake(f"{name_lines(lines)} cannot be had{beside}.\n{problem}")


def _resolve(lines: tuple[str, ...], python: str) -> str:
    with tempfile.TemporaryDirectory(prefix="holt-layer-") as folder:
        asked = Path(folder) / "asked.in"
        asked.write_text("".join(f"{line}\n" for line in lines))
        return run_uv(
            *("compile", "--quiet", "--universal", "--python-version", python, "--python", sys.executable),
            *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
            # A package that is built runs its author's code, and what it is built with has no hash here.
            *("--only-binary", ":all:", "--constraint", str(BASE_LOCK), str(asked)),
        )


def read_asked(lock: str, key: str) -> tuple[str, ...]:
    """Reads what a lock was made for; raises `CannotMake` where its key says otherwise."""
    first = lock.partition("\n")[0]
    lines = tuple(first.removeprefix(HEAD).split()) if first.startswith(HEAD) else ()
    if make_key(lines, hash_base()) != key:
        raise CannotMake(f"The lock of layer {key} is for other packages of the grader's own: make the layer again.")
    return lines


def list_beyond(lock: str) -> Iterator[tuple[Requirement, str]]:
    """Lists a lock's entries that this Python has not already."""
    for entry in _split(lock.splitlines()):
        requirement = Requirement(re.split(r"\s\\?\s*--hash", entry)[0].rstrip("\\ \n"))
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield requirement, entry


def _split(lines: Iterable[str]) -> Iterator[str]:
    entry = ""
    for line in lines:
        if line.startswith("#") or not line.strip():
            continue
        if entry and not line.startswith(" "):
            yield entry
            entry = ""
        entry += f"{line}\n"
    if entry:
        yield entry
