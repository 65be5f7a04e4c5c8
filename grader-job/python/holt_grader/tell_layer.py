"""Tells where the layer is that an archive needs: `tell_layer LAYERS`, with the archive on standard input.

Answers one line of JSON: {"folder": place or null}, or {"problem": "archive" | "layer", "message": ...}.
"""

import json
import sys
from pathlib import Path

from .archive import ArchiveProblem, read_requirements
from .layers import LayerMissing, find_layer


def tell(archive: bytes, layers: Path) -> dict[str, object]:
    """Finds an archive's layer, or says what is wrong."""
    try:
        _, layer = find_layer(read_requirements(archive), layers)
    except ArchiveProblem as problem:
        return {"problem": "archive", "message": problem.sentence}
    except LayerMissing as missing:
        return {"problem": "layer", "message": missing.sentence}
    return {"folder": str(layer.folder) if layer else None}


if __name__ == "__main__":
    print(json.dumps(tell(sys.stdin.buffer.read(), Path(sys.argv[1]))))
