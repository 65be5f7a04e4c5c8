"""Makes an assignment of its author's notebook: the archive that grades it, and the students' notebook."""

import ast
import base64
import json
import os
import re
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from checks import PYTHON_KERNEL, Problem

NO_SYNTAX = "Your file does not match the Otter-Grader assignment syntax."
ALONE = (
    "The assignment's config names the file {}, and the notebook comes here alone: name packages in a list "
    "(requirements: [package==1.0]), write what else is needed into the notebook, and take the file's name out."
)
#: What otter says of a file where its error does not name it.
NO_FILE = re.compile(r"(.+) is not (a file|in a subdirectory of the master notebook directory)")
MOST_BYTES = 20 * 2**20
LONGEST_MESSAGE = 1500
MOST_MISSING = 10
MARK = re.compile(r"^\s*#\s*(begin|assignment\s+config)\b", re.IGNORECASE)


def read_master(data: bytes) -> str:
    """Check an author's notebook as far as that needs no otter, and return its text."""
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        cells, metadata = notebook["cells"], notebook["metadata"]
        marked = any(MARK.match("".join(cell["source"])) for cell in cells)
    except (ValueError, RecursionError, KeyError, TypeError):
        raise Problem("archive", "The file is not a Jupyter notebook of format 4.") from None
    if not marked:
        raise Problem("archive", NO_SYNTAX)
    if not isinstance(metadata.get("kernelspec"), dict):
        metadata["kernelspec"] = PYTHON_KERNEL
    return json.dumps(notebook)


def assign(folder: str, data: bytes, name: str) -> dict[str, Any]:
    """Run otter assign, without PDFs, and return what it made. The solution is graded by whoever asked."""
    master = Path(folder, "master", name)
    master.parent.mkdir()
    master.write_text(read_master(data), "utf-8")

    from otter.assign import main as otter_assign

    result = Path(folder, "made")
    try:
        otter_assign(str(master), str(result), no_pdfs=True, no_run_tests=True)
    except BaseException as error:
        raise Problem("archive", tell(error, folder)) from None
    return read_made(result, name)


def tell(error: BaseException, folder: str) -> str:
    """Say what otter said, without the places of this machine."""
    words = str(error).strip()
    sentence = f"{type(error).__name__}: {words}" if words else type(error).__name__
    named = NO_FILE.fullmatch(words)
    missing = named[1] if named else error.filename if isinstance(error, FileNotFoundError) else None
    if missing:
        sentence = ALONE.format(missing)
    for place in (os.path.join(folder, "master", ""), os.path.join(folder, "")):
        sentence = sentence.replace(place, "")
    return sentence[:LONGEST_MESSAGE]


def read_made(result: Path, name: str) -> dict[str, Any]:
    """Read what otter assign made, which is not more than an answer has room for."""
    archives = [*result.glob("autograder/*-autograder_*.zip"), *result.glob("autograder/*autograder*.zip")]
    files = {"student": result / "student" / name, "solution": result / "autograder" / name}
    if not archives or not all(file.is_file() for file in files.values()):
        raise Problem("archive", NO_SYNTAX)
    with zipfile.ZipFile(archives[0]) as archive:
        if not any(name.startswith("tests/") for name in archive.namelist()):
            raise Problem("archive", NO_SYNTAX)
    made = {"archive": archives[0].read_bytes(), **{kind: file.read_bytes() for kind, file in files.items()}}
    if sum(map(len, made.values())) > MOST_BYTES:
        raise Problem("archive", f"What was made of the notebook has more than {MOST_BYTES // 2**20} MB.")
    asks = any((result / "autograder" / name).exists() for name in ("requirements.txt", "environment.yml"))
    return {
        **{kind: base64.b64encode(content).decode() for kind, content in made.items()},
        # What an archive asks for is known by packages, which need not be called as their modules are.
        "missing": [] if asks else list_missing(made["solution"]),
    }


def list_missing(notebook: bytes) -> list[str]:
    """List the modules that a notebook imports and this Python has not, as far as they can be read off its code."""
    named: list[str] = []
    for cell in json.loads(notebook)["cells"]:
        source = re.sub(r"(?m)^\s*[%!].*$", "", "".join(cell["source"])) if cell["cell_type"] == "code" else ""
        try:
            nodes = list(ast.walk(ast.parse(source)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        named += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        named += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    modules = {name.partition(".")[0] for name in named}
    return sorted(name[:100] for name in modules if name and not is_there(name))[:MOST_MISSING]


def is_there(module: str) -> bool:
    """Tell whether this Python has a module, without running it."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return True
