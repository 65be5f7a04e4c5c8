"""Layers: packages beyond the grader's own, installed before anything is graded, each in a folder named by its key.

    <layers>/<key>/requirements.txt    the lock: what is in it, every file with its hash
    <layers>/<key>/packages/           what is put last on Python's path
    <layers>/<key>/site/               puts it there in a Python that is started with this on its PYTHONPATH
    <layers>/<key>/made.json           written last: without it, or made by another Python, there is no layer
"""

from __future__ import annotations

import hashlib
import json
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .requirements import Asked

BASE_LOCK = Path(__file__).parents[1] / "requirements.txt"
LOCK, PACKAGES, SITE, MADE = "requirements.txt", "packages", "site", "made.json"
KEY_LENGTH = 16
MOST_NAMED = 10


class LayerMissing(Exception):
    """An archive asks for packages that are not here, and `sentence` says how to get them."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Made:
    """What is known of a layer that is whole."""

    #: The Python that it was made for.
    python: str
    packages: list[str]
    #: What the packages that were asked for by name are imported as.
    modules: list[str]
    bytes: int


@dataclass(frozen=True)
class Layer:
    """A layer that can be used."""

    key: str
    folder: Path
    made: Made


def default_layers() -> Path:
    """The layers beside the grader's Python."""
    return Path(sys.prefix).parent / "layers"


def hash_base() -> str:
    """Hashes the lock of the base: a layer fits one base only."""
    return hashlib.sha256(BASE_LOCK.read_bytes()).hexdigest()


def make_key(lines: Iterable[str], base: str) -> str:
    """Makes the key of a layer of what it is made of."""
    return hashlib.sha256("\n".join([base, *lines]).encode()).hexdigest()[:KEY_LENGTH]


def name_python() -> str:
    """Names what compiled packages are made for."""
    return f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"


def read_layer(layers: Path, key: str) -> Layer | None:
    """Reads a layer; None where it is not there whole, or for another Python."""
    try:
        made = Made(**json.loads((layers / key / MADE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return Layer(key, layers / key, made) if made.python == name_python() else None


def write_made(folder: Path, made: Made) -> None:
    """Says that a layer is whole."""
    new = folder / f"{MADE}.new"
    new.write_text(json.dumps(asdict(made)))
    new.replace(folder / MADE)


def find_layer(files: Mapping[str, bytes], layers: Path) -> tuple[Asked, Layer | None]:
    """Finds the layer that an archive needs; raises `LayerMissing`, or `ArchiveProblem` for what can be no layer."""
    # Only now: the warm process has started meanwhile, and this takes a moment to load.
    from .requirements import Conflict, find_beyond

    try:
        asked = find_beyond(files)
    except Conflict as conflict:
        raise LayerMissing(conflict.sentence) from None
    if not asked.lines:
        return asked, None
    key = make_key(asked.lines, hash_base())
    layer = read_layer(layers, key)
    if layer is None:
        raise LayerMissing(
            f"The autograder asks for {name_lines(asked.lines)}, and the grader's layer {key} with that is missing: "
            "whoever runs Holt has to run npm run make-layer with the archive, or with a requirements.txt of just that, "
            "and build the grader's image again where there is one."
        )
    return asked, layer


def load_layer(layer: Layer, load: Callable[[str, list[str]], list[str]]) -> list[str]:
    """Has the warm process load a layer; raises `LayerMissing` where a package ends it."""
    try:
        return load(str(layer.folder / PACKAGES), layer.made.modules)
    except (OSError, EOFError, ValueError) as error:
        named = name_lines(layer.made.packages)
        raise LayerMissing(f"Loading {named} ended the grader ({type(error).__name__}): take it out.") from None


def name_lines(lines: Iterable[str]) -> str:
    """Names packages in a sentence."""
    named = list(lines)
    more = [f"{len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
    *first, last = [*named[:MOST_NAMED], *more]
    return f"{', '.join(first)} and {last}" if first else last
