"""Reads the files of an archive that name packages, one requirement a line."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import yaml
from packaging.requirements import InvalidRequirement, Requirement

from .archive import REQUIREMENTS, ArchiveProblem

PIP_FILE, CONDA_FILE = REQUIREMENTS
MOST_BYTES = 64 * 2**10
MOST_LINES = 300
LONGEST_LINE = 500
COMMENT = re.compile(r"(^|\s+)#.*$")
OPTION = re.compile(r"(^|\s)-")
PLACE = re.compile(r"[/\\]|^\.+$")
CREDENTIALS = re.compile(r"//[^/@\s]*@")


@dataclass(frozen=True)
class Named:
    """What the files of an archive name: requirements as pip has them, and what conda is to install."""

    requirements: list[Requirement]
    conda: list[str]


def read_lines(files: Mapping[str, bytes]) -> Named:
    """Reads what an archive's files name, or raises `ArchiveProblem`."""
    conda, pip = _read_environment(files.get(CONDA_FILE, b""))
    lines = [(PIP_FILE, line) for line in _list_lines([_read_text(PIP_FILE, files.get(PIP_FILE, b""))])]
    lines += [(CONDA_FILE, line) for line in _list_lines(pip)]
    if len(lines) + len(conda) > MOST_LINES:
        raise ArchiveProblem(f"The archive names more than {MOST_LINES} packages: name only those that grading needs.")
    return Named([_read_requirement(file, line) for file, line in lines], conda)


def _read_text(file: str, content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise ArchiveProblem(f"{file} in the archive is over {MOST_BYTES // 2**10} kB: name only what grading needs.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ArchiveProblem(f"{file} in the archive is not UTF-8: save it as that.") from None


def _list_lines(texts: Iterable[str]) -> Iterator[str]:
    """Lists logical lines: one may go on after a backslash, and a text of YAML may hold several."""
    for text in texts:
        for line in re.sub(r"\\\r?\n", " ", text).splitlines():
            if kept := COMMENT.sub("", line).strip():
                yield kept


def _read_environment(content: bytes) -> tuple[list[str], list[str]]:
    """Reads conda's file; returns conda's own packages, and pip's."""
    try:
        # Only texts, lists and maps: nothing else is wanted, and nothing can grow.
        value = yaml.load(_read_text(CONDA_FILE, content), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = str(error).partition("\n")[0][:200]
        raise ArchiveProblem(f"{CONDA_FILE} in the archive is not YAML ({why}): correct it.") from None
    listed = value.get("dependencies") if isinstance(value, dict) else None
    dependencies = listed if isinstance(listed, list) else []
    lists = [each["pip"] for each in dependencies if isinstance(each, dict) and isinstance(each.get("pip"), list)]
    pip = [each for one in lists for each in one]
    if not all(isinstance(each, str) for each in pip):
        raise ArchiveProblem(f"{CONDA_FILE} in the archive has a list of pip packages with more than names: correct it.")
    return [each for each in dependencies if isinstance(each, str)], pip


def _read_requirement(file: str, line: str) -> Requirement:
    shown = f"{file} in the archive asks for {ascii(CREDENTIALS.sub('//...@', line)[:100])}"
    example = 'name packages only, such as "tabulate>=0.9"'
    if len(line) > LONGEST_LINE:
        raise ArchiveProblem(f"{shown} and more, which is too long: {example}.")
    if OPTION.search(line):
        raise ArchiveProblem(f"{shown}, an option, and options are for who runs the grader: {example}.")
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        what = "a place" if PLACE.search(line) else "no package"
        raise ArchiveProblem(f"{shown}, {what}: {example}.") from None
    if requirement.url is not None:
        raise ArchiveProblem(f"{shown}, a place: {example}.")
    return requirement
