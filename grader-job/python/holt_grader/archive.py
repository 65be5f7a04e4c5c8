"""Opens an autograder archive, within limits, without executing anything of it."""

import io
import json
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from checks import Problem, check_tests, is_r
from plugins import Plugins, read_plugins

from .read_tests import TestSource, public_source, read_test

__all__ = ["Archive", "ArchiveProblem", "TestSource", "public_source", "read_archive"]

CONFIG = "otter_config.json"
REQUIREMENTS = ("requirements.txt", "environment.yml")
MOST_ENTRIES = 10_000
MOST_BYTES = 512 * 2**20
LONGEST_PATH = 1000
LONGEST_NAME = 255
CHUNK = 2**20
CENTRAL_ENTRY = b"PK\x01\x02"

DAMAGED = "The autograder archive is damaged: upload it again."
NOT_A_ZIP = "The autograder archive is not a readable zip file: upload it again."


class ArchiveProblem(Exception):
    """Something is wrong with the archive, and `sentence` is for who can mend it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Archive:
    """What grading needs of an autograder archive."""

    config: dict[str, Any]
    tests: dict[str, TestSource]
    files: dict[str, bytes]
    #: What only plain otter can grade, a sentence each.
    unsupported: tuple[str, ...] = ()
    #: What staff should know of the archive, a sentence each.
    notes: tuple[str, ...] = ()
    #: The files that name packages.
    requirements: dict[str, bytes] = field(default_factory=dict)


def read_archive(data: bytes) -> Archive:
    """Reads an archive whole, or raises `ArchiveProblem`."""
    contents = _unpack(data)
    config = _read_config(contents.get("otter_config.json"))
    plugins = _check(config, contents)
    is_python = not is_r(config)
    tests = {name: read_test(name, contents[name]) for name in sorted(contents) if is_python and _is_test(name)}
    _refuse_equal_names(tests)
    # Otter replaces a tests folder among the files by its own.
    prefix, covered = "files/", "files/tests/"
    files = {
        name.removeprefix(prefix): content
        for name, content in contents.items()
        if name.startswith(prefix) and not name.startswith(covered)
    }
    unsupported = [f"The plugin {name} is the author's code, and takes part in grading." for name in plugins.names]
    if not is_python:
        unsupported.append("The assignment is in R.")
    return Archive(config, tests, files, tuple(unsupported), tuple(plugins.left_out), _pick_requirements(contents, config))


def read_requirements(data: bytes) -> dict[str, bytes]:
    """Reads of an archive only the files that name packages, or raises `ArchiveProblem`."""
    contents = _unpack(data)
    return _pick_requirements(contents, _read_config(contents.get(CONFIG)))


def _pick_requirements(contents: dict[str, bytes], config: dict[str, Any]) -> dict[str, bytes]:
    # Those of another language are for its own tools.
    is_python = config.get("lang", "python") == "python"
    return {name: contents[name] for name in REQUIREMENTS if name in contents and is_python}


def _is_test(name: str) -> bool:
    base = name.removeprefix("tests/")
    return name.startswith("tests/") and "/" not in base and base.endswith(".py") and not base.startswith(".")


def _refuse_equal_names(tests: dict[str, TestSource]) -> None:
    seen: set[str] = set()
    for test in tests.values():
        if test.name is not None and test.name in seen:
            raise ArchiveProblem(f"{test.path} has no question name of its own (it says {test.name!r:.200}).")
        if test.name is not None:
            seen.add(test.name)


def _read_config(data: bytes | None) -> dict[str, Any]:
    try:
        config = json.loads(data.decode()) if data is not None else {}
    except (ValueError, RecursionError) as error:
        raise ArchiveProblem(
            f"otter_config.json in the archive is not JSON ({error}): run otter assign again."
        ) from None
    if not isinstance(config, dict):
        raise ArchiveProblem("otter_config.json in the archive is not an object: run otter assign again.")
    return config


def _check(config: dict[str, Any], names: Iterable[str]) -> Plugins:
    try:
        check_tests(config, names)
        return read_plugins(config)
    except Problem as problem:
        raise ArchiveProblem(str(problem)) from None


def _unpack(data: bytes) -> dict[str, bytes]:
    """Returns the files that grading needs; the others are read too, to be counted and checked."""
    # The list of entries alone can fill memory, and is built before it can be counted. Archives kept inside the
    # archive hold the same mark, hence the margin.
    if data.count(CENTRAL_ENTRY) > 20 * MOST_ENTRIES:
        raise ArchiveProblem(_say_too_many())
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            return _read_entries(opened)
    except zipfile.BadZipFile as error:
        damaged = "CRC" in str(error) or "header" in str(error)
        raise ArchiveProblem(DAMAGED if damaged else NOT_A_ZIP) from None
    except (NotImplementedError, RuntimeError, OSError, ValueError, MemoryError):
        raise ArchiveProblem(NOT_A_ZIP) from None
    except (EOFError, zlib.error, lzma.LZMAError, IndexError):
        raise ArchiveProblem(DAMAGED) from None


def _read_entries(opened: zipfile.ZipFile) -> dict[str, bytes]:
    entries = opened.infolist()
    if len(entries) > MOST_ENTRIES:
        raise ArchiveProblem(_say_too_many())
    names = [_check_entry(entry) for entry in entries]
    left = MOST_BYTES
    contents: dict[str, bytes] = {}
    for entry, name in zip(entries, names, strict=True):
        wanted = name in (CONFIG, *REQUIREMENTS) or name.startswith(("tests/", "files/"))
        parts: list[bytes] = []
        with opened.open(entry) as file:
            while chunk := file.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise ArchiveProblem(
                        f"The autograder archive is over {MOST_BYTES // 2**20} MB when unpacked: take large files out."
                    )
                if wanted:
                    parts.append(chunk)
        if wanted and not entry.is_dir():
            contents[name] = b"".join(parts)
    _refuse_files_as_folders(contents)
    return contents


def _say_too_many() -> str:
    return f"The autograder archive has more than {MOST_ENTRIES:,} entries: take files out that grading does not need."


def _check_entry(entry: zipfile.ZipInfo) -> str:
    """Returns an entry's name without empty and `.` parts, or refuses the entry."""
    # `orig_filename` still has what a NUL byte would hide.
    name = entry.orig_filename
    shown = ascii(name[:200])
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.flag_bits & 0x1:
        raise ArchiveProblem("The autograder archive is encrypted: upload it without a password.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveProblem(f"The autograder archive has a link or special file, {shown}: put the file itself there.")
    if "\\" in name or "\0" in name:
        raise ArchiveProblem(f"The autograder archive has a backslash or NUL in a name, {shown}: rename the file.")
    if name.startswith("/"):
        raise ArchiveProblem(f"The autograder archive has an absolute name, {shown}: pack it with relative names.")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ArchiveProblem(f'The autograder archive has a name with "..", {shown}: pack it from its own folder.')
    encoded = [len(part.encode("utf-8", "surrogatepass")) for part in parts]
    if sum(encoded) > LONGEST_PATH or max(encoded, default=0) > LONGEST_NAME:
        raise ArchiveProblem(f"The autograder archive has a name that is too long, {shown}: shorten it.")
    return "/".join(parts)


def _refuse_files_as_folders(contents: dict[str, bytes]) -> None:
    for name in contents:
        parents = name.split("/")[:-1]
        for length in range(1, len(parents) + 1):
            if "/".join(parents[:length]) in contents:
                shown = ascii(name[:200])
                raise ArchiveProblem(f"The autograder archive has a file and a folder of one name: {shown}.")
