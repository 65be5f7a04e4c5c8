"""Writes changed copies of the lab's notebooks: of their bytes and of their cells, the same ones each time."""

import copy
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

SUBMISSIONS = Path(__file__).parent / "fixtures" / "otter-lab" / "submissions"
NAMES = ("solution", "partial", "input_call", "nbformat3", "no_kernelspec", "missing_cells")
ODD: tuple[Any, ...] = (None, 0, -1, 2**70, 1e308, "", "\ud800", "\0", [], {}, [[[]]], True, "a" * 100_000, {"a": {}})


def change_bytes(notebook: bytes, chance: random.Random) -> bytes:
    changed = bytearray(notebook)
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(len(changed))
        what = chance.randrange(4)
        if what == 0:
            changed[place] = chance.randrange(256)
        elif what == 1:
            del changed[place : place + chance.randint(1, 40)]
        elif what == 2:
            changed[place:place] = chance.randbytes(chance.randint(1, 10))
        else:
            changed[place:place] = changed[: chance.randint(1, 400)]
    return bytes(changed)


def cut_bytes(notebook: bytes, chance: random.Random) -> bytes:
    return notebook[: chance.randrange(len(notebook))]


def change_values(notebook: bytes, chance: random.Random) -> bytes:
    """Put odd values anywhere in the document."""
    document = json.loads(notebook)
    for _ in range(chance.randint(1, 4)):
        place = document
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = chance.choice(keys)
            if not isinstance(place[key], (dict, list)) or chance.random() < 0.3:
                place[key] = copy.deepcopy(chance.choice(ODD))
                break
            place = place[key]
    return json.dumps(document).encode()


def change_cells(notebook: bytes, chance: random.Random) -> bytes:
    """Shuffle, double, drop and break cells, and swap words in their code."""
    document = json.loads(notebook)
    cells = document.get("cells") or document["worksheets"][0]["cells"]
    for _ in range(chance.randint(1, 6)):
        index = chance.randrange(len(cells))
        what = chance.randrange(5)
        cell = cells[index]
        field = "source" if "source" in cell else "input"
        text = "".join(cell.get(field, ""))
        if what == 0:
            cells.insert(chance.randrange(len(cells)), copy.deepcopy(cell))
        elif what == 1 and len(cells) > 2:
            del cells[index]
        elif what == 2:
            chance.shuffle(cells)
        elif what == 3 and text:
            place = chance.randrange(len(text))
            cell[field] = text[:place] + chance.choice("()[]{}:'\"\\\n\t=%!@#€\u202e") + text[place + 1 :]
        else:
            words = text.split(" ")
            chance.shuffle(words)
            cell[field] = " ".join(words)
    return json.dumps(document).encode()


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (change_bytes, cut_bytes, change_values, change_cells)


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    for number in range(count):
        chance = random.Random(number)
        name = chance.choice(NAMES)
        change = CHANGES[number % len(CHANGES)]
        changed = change((SUBMISSIONS / f"{name}.ipynb").read_bytes(), chance)
        (folder / f"{number:03}-{change.__name__}-{name}.ipynb").write_bytes(changed)


if __name__ == "__main__":
    main()
