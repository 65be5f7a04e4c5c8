"""Grades a notebook with a layer of packages, in a real sandbox."""

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from .archive import read_archive
from .assignment import Assignment
from .layers import PACKAGES, Layer, LayerMissing, Made, load_layer, name_python
from .test_exception_grading import LIMITS, make_archive, make_notebook
from .warm_client import Warm

TEST = """OK_FORMAT = True
test = {"name": "q1", "points": 1, "suites": [{"cases": [{"code": ">>> seen\\n'{}'", "hidden": False}]}]}
"""
LOOK = """
import os, sys, numpy, ours
def write(place):
    try:
        open(place, "a")
    except OSError as error:
        return type(error).__name__
place = os.path.dirname(ours.__file__)
print(repr({
    "numpy": "site-packages" in numpy.__file__,
    "loaded": ours.loaded,
    "read-only": bool(os.statvfs(place).f_flag & os.ST_RDONLY),
    "written": write(ours.__file__),
    "around": os.listdir(os.path.dirname(os.path.dirname(place))),
    "last": sys.path.index(place) > max(n for n, each in enumerate(sys.path) if "site-packages" in each),
}))
"""


class LoadedLayerTest(unittest.TestCase):
    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory(prefix="holt-test-")
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name, "layers")
        self.warm = Warm()
        self.addCleanup(self.warm.close)
        self.warm.wait()

    def make(self, files: dict[str, str], modules: list[str]) -> Layer:
        for key in ("key", "neighbour"):
            place = self.folder / key / PACKAGES
            for name, source in files.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text(source)
        for each in (self.folder, *self.folder.rglob("*")):
            each.chmod(0o755)
        return Layer("key", self.folder / "key", Made(name_python(), ["ours==1"], modules, 1))

    def test_a_notebook_has_the_layer_behind_the_base_and_cannot_change_it(self) -> None:
        files = {
            "ours.py": "import os\nloaded = os.getpid() != 1 and os.environ['USER']\nprint('loud')\n",
            "numpy/__init__.py": "raise RuntimeError('the base has its own')",
            "broken.py": "1 / 0",
            "leaves.py": "raise SystemExit(3)",
        }
        layer = self.make(files, ["ours", "numpy", "broken", "leaves", "gone"])
        failed = load_layer(layer, self.warm.load)
        self.assertEqual([sentence.split()[0] for sentence in failed], ["broken", "leaves", "gone"])
        self.assertIn("ZeroDivisionError", failed[0])

        assignment = Assignment(read_archive(make_archive({"q1": TEST})), self.warm)
        self.addCleanup(assignment.close)
        answer: dict[str, Any] = assignment.grade(make_notebook(LOOK), LIMITS, 0)
        seen = json.loads(answer["log"].strip().replace("'", '"').replace("True", "true").replace("False", "false"))
        self.assertEqual(
            seen,
            {
                "numpy": True,
                "loaded": "student",
                "read-only": True,
                "written": seen["written"],
                "around": ["key"],
                "last": True,
            },
        )
        self.assertIn(seen["written"], ("PermissionError", "OSError"))

    def test_a_package_that_ends_the_warm_process_is_named(self) -> None:
        layer = self.make({"ours.py": "import os\nos._exit(1)\n"}, ["ours"])
        with self.assertRaises(LayerMissing) as caught:
            load_layer(layer, self.warm.load)
        self.assertIn("ours==1", caught.exception.sentence)


if __name__ == "__main__":
    unittest.main()
