"""Lets bombs go off in real sandboxes, with control groups and, where root can hide those, without."""

import os
import threading
import unittest
from collections.abc import Callable
from typing import Any

from .archive import read_archive
from .assignment import Assignment
from .cgroup import PREFIX, VERSIONS, make_cgroup
from .grading_case import CHECK, LIMITS, GradingCase, make_archive, make_notebook
from .namespaces import choose_kind
from .sandbox_case import hide_groups, in_child
from .warm_client import Warm

LITTLE = {**LIMITS, "memoryBytes": 400 * 2**20}
MANY_THAT_TAKE_LITTLE = """
import os, time
for _ in range(60):
    if os.fork() == 0:
        held = b"x" * (12 << 20)
        time.sleep(20)
        os._exit(0)
time.sleep(20)
"""
FILES_IN_MEMORY = """
import time
held = [b"x" * (8 << 20) for _ in range(25)]
for number in range(3):
    for folder in ("/tmp", "/dev/shm"):
        with open(f"{folder}/bomb{number}", "wb") as file:
            file.write(bytes(20 << 20))
held += [b"x" * (8 << 20) for _ in range(15)]
time.sleep(20)
"""
FILES_ALONE = """
import time
for number in range(3):
    for folder in ("/tmp", "/dev/shm"):
        with open(f"{folder}/bomb{number}", "wb") as file:
            file.write(bytes(20 << 20))
time.sleep(20)
"""
#: The kernel's own memory, which is in no process and in no folder.
FULL_SOCKETS = """
import os, socket, time
for _ in range(16):
    if os.fork() == 0:
        pairs = [socket.socketpair() for _ in range(100)]
        for one in (end for pair in pairs for end in pair):
            one.setblocking(False)
            try:
                while True:
                    one.send(bytes(2**16))
            except OSError:
                pass
        time.sleep(20)
        os._exit(0)
time.sleep(20)
"""
BOMBS = {"many": MANY_THAT_TAKE_LITTLE, "files": FILES_IN_MEMORY}
FULL_MARKS = [3, 2]


def list_points(answer: dict[str, Any]) -> list[float]:
    return [test["score"] for test in answer["results"]["tests"] if "score" in test]


def set_off(assignment: Assignment, bomb: str, slot: int = 7) -> list[object]:
    """Grades right answers that are followed by a bomb; answers how it ended and the points."""
    answer = assignment.grade(make_notebook("x = 3", CHECK, bomb, "x = 4"), LITTLE, slot)
    return [answer.get("ended"), list_points(answer) if "results" in answer else answer]


def without_groups(act: Callable[[Assignment], object]) -> Any:
    """Answers what `act` does with an assignment whose sandboxes can make no groups."""

    def run() -> object:
        hide_groups()
        warm = Warm()
        assignment = Assignment(read_archive(make_archive()), warm)
        try:
            warm.wait()
            return act(assignment)
        finally:
            assignment.close()

    return in_child(run)


def list_groups(assignment: Assignment) -> list[str]:
    own = f"{PREFIX}{assignment._sandboxes._owner}-"
    parents = [parent for version in VERSIONS for parent in version.find_parents() or ()]
    return [folder.name for parent in parents for folder in parent.glob(f"{own}*")]


def can_limit() -> bool:
    group = make_cgroup(f"can-{os.getpid()}", 2**20, 1)
    if group:
        group.remove()
    return group is not None


class Memory(GradingCase):
    def test_a_bomb_ends_its_notebook_which_keeps_what_it_had(self) -> None:
        for name, bomb in BOMBS.items():
            with self.subTest(bomb=name):
                self.assertEqual(set_off(self.assignment, bomb), ["memory", FULL_MARKS])

    @unittest.skipUnless(choose_kind() == "root", "only root can hide groups without more ado")
    def test_a_bomb_ends_its_notebook_where_memory_is_only_watched(self) -> None:
        found = without_groups(lambda assignment: [set_off(assignment, bomb) for bomb in BOMBS.values()])
        self.assertEqual(found, [["memory", FULL_MARKS]] * len(BOMBS))

    def test_files_in_memory_count_alone(self) -> None:
        limits = {**LIMITS, "memoryBytes": 120 * 2**20}
        answer = self.assignment.grade(make_notebook("x = 3", CHECK, FILES_ALONE), limits, 7)
        self.assertEqual(answer.get("ended"), "memory", answer)

    @unittest.skipUnless(can_limit(), "groups that limit memory cannot be made here")
    def test_what_the_kernel_holds_for_a_notebook_counts_in_a_group(self) -> None:
        self.assertEqual(set_off(self.assignment, FULL_SOCKETS), ["memory", FULL_MARKS])

    def test_a_check_is_graded_that_holds_more_than_what_comes_after_it(self) -> None:
        answer = self.assignment.grade(
            make_notebook("x = 3\nbig = b'x' * (150 << 20)", CHECK, "del big", MANY_THAT_TAKE_LITTLE), LITTLE, 7
        )
        self.assertEqual([answer["ended"], list_points(answer)], ["memory", FULL_MARKS])

    def test_a_neighbour_has_full_marks_while_a_bomb_goes_off(self) -> None:
        found: list[object] = []
        bomb = threading.Thread(target=lambda: found.append(set_off(self.assignment, MANY_THAT_TAKE_LITTLE, slot=8)))
        bomb.start()
        scores = []
        while bomb.is_alive():
            scores.append(self.score("x = 3", CHECK))
        bomb.join()
        self.assertEqual(found, [["memory", FULL_MARKS]])
        self.assertGreater(len(scores), 0)
        self.assertEqual([score for score in scores if score != FULL_MARKS], [])

    def test_a_check_that_takes_too_much_is_one_without_an_answer(self) -> None:
        greedy = "class Greedy(int):\n    def __eq__(self, other): return bool(b'x' * (900 << 20))\nx = Greedy(3)"
        answer = self.assignment.grade(make_notebook(greedy, CHECK), LITTLE, 7)
        self.assertEqual(answer["ended"], "done", answer)
        self.assertEqual(self.score("x = 3", CHECK), FULL_MARKS)

    def test_an_honest_notebook_has_room_beside_what_was_loaded_before_it(self) -> None:
        answer = self.assignment.grade(make_notebook("x = 3", CHECK), {**LIMITS, "memoryBytes": 150 * 2**20}, 7)
        self.assertEqual((answer["ended"], list_points(answer)), ("done", FULL_MARKS))

    @unittest.skipUnless(can_limit(), "groups that limit memory cannot be made here")
    def test_no_group_is_left_when_the_assignment_is_closed(self) -> None:
        warm = Warm()
        assignment = Assignment(read_archive(make_archive()), warm)
        try:
            warm.wait()
            self.assertEqual(set_off(assignment, "x = 5"), ["done", FULL_MARKS])
            self.assertNotEqual(list_groups(assignment), [])
        finally:
            assignment.close()
        self.assertEqual(list_groups(assignment), [])


if __name__ == "__main__":
    unittest.main()
