"""What is looked at before otter is loaded: whether the archive and the notebook can be used at all."""

import io
import json
import re
import zipfile
from collections.abc import Iterable
from typing import Any

PYTHON_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
R_KERNEL = {"name": "ir", "display_name": "R", "language": "R"}


class Problem(Exception):
    """Something is wrong with the notebook or with the archive, and this is the sentence for who can mend it."""

    def __init__(self, about: str, sentence: str) -> None:
        super().__init__(sentence)
        self.about = about


def read_config(archive: bytes) -> dict[str, Any]:
    """Checks an archive as far as that needs no otter, and returns its `otter_config.json`."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            names = opened.namelist()
            config = json.loads(opened.read("otter_config.json")) if "otter_config.json" in names else {}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise Problem("archive", "The autograder archive is not a readable zip file: upload it again.") from None
    except (ValueError, RecursionError) as error:
        raise Problem("archive", f"otter_config.json in the archive is not JSON ({error}): run otter assign again.")
    if not isinstance(config, dict):
        raise Problem("archive", "otter_config.json in the archive is not an object: run otter assign again.")
    check_tests(config, names)
    return config


def is_r(config: dict[str, Any]) -> bool:
    """Tells whether the assignment is in R."""
    return bool(config.get("lang") == "r")


def check_tests(config: dict[str, Any], names: Iterable[str]) -> None:
    """Refuses an archive of another language, or without tests in its own."""
    language = config.get("lang", "python")
    if language not in ("python", "r"):
        raise Problem("archive", f"The assignment's language is {language!r:.100}; this grader has only Python and R.")
    ending = ".R" if is_r(config) else ".py"
    tests = [name for name in names if re.fullmatch(r"tests/[^./][^/]*", name)]
    if not any(name.endswith((ending, ending.lower())) for name in tests):
        raise Problem("archive", f"The autograder archive has no tests (tests/*{ending}): run otter assign again.")


def read_notebook(data: bytes, config: dict[str, Any]) -> str:
    """Checks a notebook as far as otter needs it and returns its text, with the kernel that the grader has."""
    again = "Save it in JupyterLab and submit it again."
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Problem("notebook", f"The notebook's file is damaged: it is not JSON. {again}") from None

    parts = notebook if isinstance(notebook, dict) else {}
    metadata, cells = parts.get("metadata"), parts.get("cells")
    if parts.get("nbformat") in (1, 2, 3):
        raise Problem("notebook", f"The notebook is in the old format {parts['nbformat']}. {again}")
    if parts.get("nbformat") != 4 or not isinstance(metadata, dict) or not isinstance(cells, list):
        raise Problem("notebook", f"The file is not a Jupyter notebook of format 4. {again}")

    otter = metadata.get("otter")
    name = otter.get("assignment_name") if isinstance(otter, dict) else None
    wanted = config.get("assignment_name")
    if wanted and name != wanted:
        told = f'is of the assignment "{name}"' if name else "does not say which assignment it is"
        raise Problem(
            "notebook",
            f'The notebook {told}, but it was submitted for "{wanted}": '
            "get a fresh copy from your course, move your answers there and submit that.",
        )

    metadata["kernelspec"] = R_KERNEL if is_r(config) else PYTHON_KERNEL
    for cell in cells:
        # Nobody looks at them, and plots are the most of a large notebook.
        if isinstance(cell, dict) and "outputs" in cell:
            cell["outputs"] = []
    return json.dumps(notebook)


def find_name(notebook: str, assignment: object) -> str:
    """Finds the file name that a notebook calls itself by: under another one otter cannot open it, and no check runs at its cell."""
    named = re.search(r"Notebook\(\\?[\"']([\w][\w .-]{0,100}\.ipynb)\\?[\"']", notebook)
    if named:
        return named[1]
    is_plain = isinstance(assignment, str) and re.fullmatch(r"\w[\w .-]{0,100}", assignment)
    return f"{assignment}.ipynb" if is_plain else "notebook.ipynb"


def write_blank(config: dict[str, Any]) -> bytes:
    """A notebook without cells: what the archive itself does to a run."""
    metadata = {"otter": {"assignment_name": config.get("assignment_name")}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": []}).encode()
