"""Makes layers: of archives, at release; of locks, when an image is built. Prints a line of JSON for each.

    make_layer [--layers FOLDER] [--locks FOLDER] [--keep] ARCHIVE...    {"archive", "key", "packages", "bytes", "notes"}
    make_layer [--layers FOLDER] [--locks FOLDER]                        every lock of the folder

With `problem` instead of `key` there is none, and with neither the archive needs none. A lock that is in the folder of
locks is taken as it is; with `--keep` a new one is written there.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .archive import ArchiveProblem, read_requirements
from .layer_install import alone, install
from .layer_lock import CannotMake, write_lock
from .layers import LOCK, Layer, LayerMissing, default_layers, hash_base, make_key, read_layer
from .requirements import Asked, Conflict, find_beyond


def make(asked: Asked, layers: Path, locks: Path | None, *, keep: bool) -> Layer | None:
    """Makes the layer of what is asked for, unless it is there; raises `CannotMake`."""
    if not asked.lines:
        return None
    key = make_key(asked.lines, hash_base())
    known = locks / key / LOCK if locks else None
    with alone(layers, key):
        kept = known.read_text() if known and known.exists() else None
        made = read_layer(layers, key)
        old = (made.folder / LOCK).read_text() if made else None
        lock = kept or old or write_lock(asked.lines)
        if known and keep and kept is None:
            _write(known, lock)
        return made if made and lock == old else install(layers, key, lock)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def make_of_archive(archive: Path, layers: Path, locks: Path | None, *, keep: bool) -> dict[str, Any]:
    """Makes the layer that an archive needs, and says what it is."""
    try:
        asked = find_beyond(read_requirements(archive.read_bytes()))
        layer = make(asked, layers, locks, keep=keep)
    except (ArchiveProblem, Conflict) as problem:
        return {"problem": problem.sentence}
    except (CannotMake, OSError) as error:
        return {"problem": f"The layer of packages could not be made: {error}"}
    return {**_describe(layer), "notes": asked.notes}


def make_of_lock(lock: Path, layers: Path) -> dict[str, Any]:
    """Makes a layer as it was locked."""
    key = lock.parent.name
    try:
        with alone(layers, key):
            return _describe(read_layer(layers, key) or install(layers, key, lock.read_text()))
    except (CannotMake, OSError) as error:
        return {"problem": f"The layer {key} could not be made: {error}"}


def _describe(layer: Layer | None) -> dict[str, Any]:
    return {"key": layer.key, "packages": layer.made.packages, "bytes": layer.made.bytes} if layer else {}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=Path, default=default_layers())
    parser.add_argument("--locks", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("archives", nargs="*", type=Path)
    chosen = parser.parse_args(arguments)
    # The system's certificates, as setup.sh uses them; and whatever the umask, other users must read what is made.
    os.environ.setdefault("UV_SYSTEM_CERTS", "1")
    os.environ.setdefault("UV_NATIVE_TLS", "1")
    os.umask(0o022)
    layers = chosen.layers.absolute()
    failed = False
    found = [] if chosen.archives or not chosen.locks else sorted(chosen.locks.glob(f"*/{LOCK}"))
    for place in chosen.archives or found:
        answer = make_of_lock(place, layers) if found else make_of_archive(place, layers, chosen.locks, keep=chosen.keep)
        failed = failed or "problem" in answer
        print(json.dumps({"archive": str(place), **answer}), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
