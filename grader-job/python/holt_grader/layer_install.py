"""Installs a layer from its lock: killed in the middle it starts over, and two at a time wait for one another."""

import fcntl
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .layer_lock import list_beyond, read_asked, run_uv
from .layers import LOCK, MADE, PACKAGES, SITE, Layer, Made, name_python, read_layer, write_made

#: Names that many packages leave behind, and nobody imports.
NOT_IMPORTED = {"test", "tests", "doc", "docs", "example", "examples"}
APPEND = f"""\
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "{PACKAGES}"))
"""


@contextmanager
def alone(layers: Path, key: str) -> Iterator[None]:
    """Waits until nobody else makes this layer. The system lets go of the lock with the process, however that ends."""
    layers.mkdir(parents=True, exist_ok=True)
    with open(layers / f"{key}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(layers: Path, key: str, lock: str) -> Layer:
    """Installs a layer, by whoever holds its lock; raises `CannotMake`."""
    asked = read_asked(lock, key)
    folder = layers / key
    # What an earlier run left when it was killed does not say that it is whole, so it goes.
    (folder / MADE).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    packages, site = folder / PACKAGES, folder / SITE
    for place in (packages, site):
        place.mkdir(parents=True)
    (folder / LOCK).write_text(lock)
    (site / "sitecustomize.py").write_text(APPEND)
    entries = [entry for _, entry in list_beyond(lock)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as chosen:
        chosen.write("".join(entries))
        chosen.flush()
        run_uv(
            *("install", "--quiet", "--python", sys.executable, "--target", str(packages), "--no-deps"),
            *("--require-hashes", "--only-binary", ":all:", "--compile-bytecode", "--requirement", chosen.name),
        )
    write_made(folder, describe(packages, [Requirement(line).name for line in asked]))
    layer = read_layer(layers, key)
    assert layer
    return layer


def describe(packages: Path, asked: list[str]) -> Made:
    """Says what is in a layer."""
    found = sorted(metadata.distributions(path=[str(packages)]), key=lambda one: canonicalize_name(one.name))
    wanted = {canonicalize_name(name) for name in asked}
    return Made(
        python=name_python(),
        packages=[f"{canonicalize_name(one.name)}=={one.version}" for one in found],
        modules=[name for one in found if canonicalize_name(one.name) in wanted for name in list_modules(one)],
        bytes=sum(file.stat().st_size for file in packages.rglob("*") if file.is_file()),
    )


def list_modules(found: metadata.Distribution) -> list[str]:
    """Lists what a package is imported as."""
    told = (found.read_text("top_level.txt") or "").split()
    names = told or [_read_module(file.parts) for file in found.files or []]
    return sorted({name for name in names if name.isidentifier() and not name.startswith("_")} - NOT_IMPORTED)


def _read_module(parts: tuple[str, ...]) -> str:
    """Reads the module that a file makes: a package by its first file, or a file beside the packages."""
    if len(parts) == 2 and parts[1] == "__init__.py":
        return parts[0]
    module = re.fullmatch(r"(\w+)(\.[\w-]+)*\.(py|so|pyd)", parts[0])
    return module[1] if module and len(parts) == 1 else ""
