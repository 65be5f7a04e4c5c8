"""Finds out which packages an autograder asks for that the grader's own Python has not."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .archive import ArchiveProblem
from .requirement_lines import read_lines

#: The grader brings its own otter, whichever made the archive.
OTTER = "otter-grader"
#: What otter writes into each archive for an environment of its own.
OF_OTTER = {"python", "pip", "jupyter-server"}
VERSION = r"([<>!~=]=|[<>])[a-z0-9.*+!_-]+"
#: All that ever goes into a file for an installer.
SHAPE = re.compile(rf"[a-z0-9-]+(\[[a-z0-9,-]+\])?({VERSION}(,{VERSION})*)?", re.IGNORECASE | re.ASCII)


class Conflict(Exception):
    """An archive asks for another version than the grader has, and `sentence` names both."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Asked:
    """What an archive asks for beyond the base. `lines` are in plain form, sorted."""

    lines: tuple[str, ...] = ()
    #: What staff should know, a sentence each.
    notes: tuple[str, ...] = ()


def find_beyond(files: Mapping[str, bytes]) -> Asked:
    """Finds what the base lacks; raises `ArchiveProblem` for what is no package, `Conflict` for what cannot be had."""
    if not files:
        return Asked()
    named = read_lines(files)
    wanted = [merged for merged in merge(named.requirements) if merged.name != OTTER]
    for requirement in wanted:
        refuse_conflict(requirement)
    lines = sorted(write_plain(requirement) for requirement in wanted if not is_installed(requirement))
    conda = sorted({name for each in named.conda if (name := _read_conda_name(each)) and not _find_version(name)})
    notes = [f"The conda package {name} is not supported: name the pip package in requirements.txt." for name in conda]
    return Asked(tuple(lines), tuple(notes))


def merge(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Makes one requirement of all that are of one package and meant for this Python."""
    found: dict[str, Requirement] = {}
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        if not _is_meant(requirement):
            continue
        whole = found.setdefault(name, Requirement(name))
        whole.specifier &= requirement.specifier
        whole.extras |= {canonicalize_name(extra) for extra in requirement.extras}
    return list(found.values())


def write_plain(requirement: Requirement) -> str:
    """Writes a requirement in plain form, in which nothing can hide."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    line = f"{requirement.name}{extras}{requirement.specifier}"
    if not SHAPE.fullmatch(line):
        raise ArchiveProblem(f"The archive asks for {ascii(line[:100])}, which is no package and version: correct it.")
    return line


def refuse_conflict(requirement: Requirement) -> None:
    """Raises `Conflict` where the base has another version than is asked for."""
    version = _find_version(requirement.name)
    if version and not requirement.specifier.contains(version, prereleases=True):
        raise Conflict(
            f"The autograder asks for {write_plain(requirement)}, and the grader has {requirement.name} {version}: "
            "ask for a version that both can have, or lock the grader's own packages again."
        )


def is_installed(requirement: Requirement, seen: frozenset[str] = frozenset()) -> bool:
    """Tells whether the base has a package, and what its extras need."""
    name = canonicalize_name(requirement.name)
    version = _find_version(name)
    if not version or not requirement.specifier.contains(version, prereleases=True):
        return False
    return all(
        is_installed(needed, seen | {name})
        for extra in requirement.extras
        for needed in map(Requirement, metadata.requires(name) or [])
        if canonicalize_name(needed.name) not in seen
        and needed.marker
        and needed.marker.evaluate({"extra": extra})
        and not needed.marker.evaluate({"extra": ""})
    )


def _find_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _is_meant(requirement: Requirement) -> bool:
    try:
        return requirement.marker is None or requirement.marker.evaluate()
    except ValueError:
        raise ArchiveProblem(f"The archive asks for {ascii(str(requirement)[:100])}: correct its condition.") from None


def _read_conda_name(text: str) -> str:
    """Reads the name of what conda is to install; nothing for what otter writes itself."""
    written = re.match(r"[A-Za-z0-9._-]+", text.rpartition("::")[2].strip())
    name = canonicalize_name(written[0]) if written else ascii(text[:50])
    return "" if name in OF_OTTER else name
