"""Grades whole notebooks as an ordinary user, and as the only user of a namespace."""

import json
import os
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .archive import read_archive
from .assignment import Assignment
from .namespaces import choose_kind
from .probe import probe
from .sandbox_case import ORDINARY, become_ordinary, in_child
from .syscalls import CLONE_NEWNS, CLONE_NEWUSER, MS_BIND, MS_PRIVATE, MS_REC, mount, unshare
from .warm_client import Warm

ROOT = Path(__file__).resolve().parents[3]
LAB = ROOT / "testing/fixtures/otter-lab"
LIMITS = {"notebookSeconds": 4, "memoryBytes": 500 * 2**20, "processes": 64, "diskBytes": 2**26}
#: A slow machine may take longer than the others' seconds to fill the memory.
LIMITS_OF = {"attacks/mem_bomb": {**LIMITS, "notebookSeconds": 60}}
LAB_NOTEBOOKS = ("submissions/solution", "submissions/blank", "attacks/mem_bomb", "attacks/fork_bomb")
EXPECTED = {
    "submissions/solution": ["done", 15],
    "submissions/blank": ["done", 0],
    "attacks/mem_bomb": ["memory", 0],
    "poke": ["done", 0],
}
POKE = """
import os
found = []
for name in ("/proc/self/oom_score_adj", "/proc/sys/kernel/core_pattern", "/proc/1/oom_score_adj"):
    try:
        os.close(os.open(name, os.O_WRONLY))
        found.append(name)
    except OSError:
        pass
print("can be written:", found)
"""


def open_folders(stage: str) -> None:
    """Shows an ordinary user this checkout and its Python, where root keeps them in a closed folder."""
    if os.geteuid() != 0:
        return
    unshare(CLONE_NEWNS)
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", stage, "tmpfs")
    for number, place in enumerate((Path(sys.base_prefix).resolve(), ROOT)):
        closed = next((folder for folder in reversed(place.parents) if folder.stat().st_mode & 0o005 != 0o005), None)
        if closed:
            held = Path(stage, str(number))
            held.mkdir()
            mount(str(place), str(held), None, MS_BIND | MS_REC)
            mount("tmpfs", str(closed), "tmpfs", 0, "mode=0755")
            place.mkdir(parents=True)
            mount(str(held), str(place), None, MS_BIND | MS_REC)


def become_only_user(inside: int = ORDINARY) -> None:
    uid, gid = os.getuid(), os.getgid()
    unshare(CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{inside} {uid} 1"), ("gid_map", f"{inside} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text)


def grade_all() -> dict[str, list[object]]:
    """Answers of each notebook how it ended, its points and its log."""
    wrong = [f"{finding.name}: {finding.detail}" for finding in probe() if not finding.ok]
    if wrong or choose_kind() == "root":
        raise RuntimeError(f"This is no sandbox of an ordinary user: {wrong}")
    notebooks = {name: (LAB / f"{name}.ipynb").read_bytes() for name in LAB_NOTEBOOKS}
    poke = json.loads(notebooks["submissions/blank"])
    poke["cells"].insert(0, {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": POKE})
    notebooks["poke"] = json.dumps(poke).encode()
    warm = Warm()
    assignment = Assignment(read_archive((LAB / "autograders/demo/zips/lab-demo-autograder.zip").read_bytes()), warm)
    found: dict[str, list[object]] = {}
    try:
        warm.wait()
        for name, notebook in notebooks.items():
            answer: dict[str, Any] = assignment.grade(notebook, LIMITS_OF.get(name, LIMITS), 0)
            points = sum(test.get("score", 0) for test in answer["results"]["tests"]) if "results" in answer else answer
            found[name] = [answer.get("ended"), points, answer.get("log")]
    finally:
        assignment.close()
    return found


class UserNamespace(unittest.TestCase):
    def check(self, become: Callable[[], object]) -> None:
        with tempfile.TemporaryDirectory() as stage:

            def act() -> object:
                open_folders(stage)
                become_ordinary()
                become()
                return grade_all()

            found = in_child(act)
        # When its processes are stopped, and whether its next cell runs, depends on how busy the machine is.
        self.assertEqual(found.pop("attacks/fork_bomb")[1], 0)
        self.assertEqual({name: answer[:2] for name, answer in found.items()}, EXPECTED, found)
        self.assertIn("can be written: []", found["poke"][2])

    def test_an_ordinary_user_grades(self) -> None:
        self.check(lambda: None)

    def test_the_only_user_of_a_namespace_grades(self) -> None:
        self.check(become_only_user)

    def test_root_of_a_namespace_that_has_nobody_else_grades(self) -> None:
        self.check(lambda: become_only_user(0))

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user in a namespace, and stay root outside")
    def test_root_under_another_name_is_refused_as_nothing_limits_its_processes(self) -> None:
        def act() -> object:
            become_only_user()
            return [finding.name for finding in probe() if not finding.ok]

        self.assertEqual(in_child(act), ["few processes"])


if __name__ == "__main__":
    unittest.main()
