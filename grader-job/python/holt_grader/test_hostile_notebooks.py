"""Checks that whatever a notebook does to its grading there is an answer, and no gain."""

import unittest

from holt_grader.grading_case import CHECK, LIMITS, GradingCase, make_notebook


class Answers(GradingCase):
    def test_an_honest_notebook_has_all_points_and_no_sign(self) -> None:
        answer = self.grade("x = 3", CHECK)
        self.assertEqual([test["score"] for test in answer["results"]["tests"] if "score" in test], [3, 2])
        self.assertEqual(answer["review"], [])

    def test_a_notebook_of_any_name_is_graded_within_its_folder(self) -> None:
        for name in ("../../tmp/x", "..", "tests", "a\0b", "n" * 300, "/etc/passwd", ""):
            with self.subTest(name=name[:20]):
                answer = self.assignment.grade(make_notebook("x = 3", CHECK), LIMITS, 7, name)
                self.assertIn("results", answer, answer)

    def test_messages_of_every_kind_to_the_first_process_change_nothing(self) -> None:
        code = """
import array, os, socket
registry = socket.socket(fileno=os.dup(3))
def tell(message, *descriptors):
    try:
        registry.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', descriptors))], socket.MSG_DONTWAIT)
    except OSError:
        pass
null = os.open('/dev/null', os.O_RDWR)
for message in (b'', b'snapshot tests/q1.py', b'cell \\xc2\\xb2', b'cell 99', b'\\xff' * 500, b'done 15'):
    for descriptors in ((), (null,), (3,), (1,), (null,) * 250):
        tell(message, *descriptors)
"""
        self.assertEqual(self.score(code, "x = 3", CHECK), [3, 2])

    def test_a_flood_of_messages_ends_at_the_limit(self) -> None:
        flood = "import os\nfor _ in range(3): os.fork()\nwhile True:\n    os.write(3, b'noise')"
        answer = self.grade("x = 3", CHECK, flood)
        self.assertIn(answer.get("ended"), ("time", "cell", "done"))
        self.assertIn("were refused", " ".join(answer["review"]) + " were refused")
        self.assertEqual([test["score"] for test in answer["results"]["tests"] if "score" in test], [3, 2])

    def test_a_notebook_that_closes_everything_has_an_answer(self) -> None:
        self.assertEqual(self.score("x = 3", CHECK, "import os\nos.closerange(0, 100)", "x = 4"), [3, 2])

    def test_a_snapshot_whose_child_goes_on_while_it_answers_is_ended_with_it(self) -> None:
        hook = """
import os, threading, time
def busy():
    if os.getppid() != 1 and os.fork() == 0:
        while True:
            try: os.kill(-1, 18)
            except OSError: pass
os.register_at_fork(after_in_child=lambda: threading.Thread(target=busy, daemon=True).start())
"""
        scores = self.score(hook, "x = 2", CHECK)
        self.assertLessEqual(scores[0], 1)
        self.assertEqual(self.score("x = 3", CHECK), [3, 2])

    def test_a_folder_that_changes_at_each_check_fills_no_more_than_its_room(self) -> None:
        code = "for n in range(15):\n    open('big', 'wb').write(bytes([n]) * 20_000_000)\n    grader.check('q1')"
        self.assertEqual(self.score("x = 3", code), [3, 2])

    def test_files_are_at_a_verdict_what_they_were_at_the_check(self) -> None:
        code = "class Reads(int):\n    def __mod__(self, other): return open('file').read() == 'then'\n"
        self.assertEqual(
            self.score(code + "open('file', 'w').write('then')\nx = Reads(3)", CHECK, "import os\nos.remove('file')"),
            [3, 2],
        )


class Credulous(GradingCase):
    def test_a_snapshot_that_says_yes_to_everything_gains_nothing_and_staff_are_told(self) -> None:
        hook = """
import holt_grader.snapshot as snapshot
from holt_grader.example import Answer
snapshot.execute_example = lambda question, *a: Answer(got='True\\n' if '>' in question.source else '')
"""
        answer = self.grade(hook, "x = 2", CHECK)
        first = next(test["score"] for test in answer["results"]["tests"] if test["name"] == "q1")
        self.assertEqual(first, 0, answer)
        self.assertIn("q1: the snapshot says yes to what cannot be.", answer["review"])

    def test_output_that_is_always_what_is_wanted_gains_nothing(self) -> None:
        hook = "import sys\nsys.__displayhook__ = lambda value: sys.stdout.write('True\\n')"
        answer = self.grade(hook, "x = 0", CHECK)
        self.assertEqual([test["score"] for test in answer["results"]["tests"] if "score" in test], [0, 0])
        self.assertIn("q1: the snapshot says yes to what cannot be.", answer["review"])

    def test_asserts_that_never_fail_gain_nothing_in_the_exception_format(self) -> None:
        hook = """
import otter.test_files.abstract_test as abstract
from otter.test_files.exception_test import ExceptionTestFile
def run(self, *a):
    self.test_case_results = [abstract.TestCaseResult(test_case=c, message='', passed=True) for c in self.test_cases]
ExceptionTestFile.run = run
"""
        answer = self.grade(hook, "x = 2", CHECK)
        second = next(test["score"] for test in answer["results"]["tests"] if test["name"] == "q2")
        self.assertEqual(second, 0, answer)
        self.assertIn("q2: the snapshot says yes to what cannot be.", answer["review"])


if __name__ == "__main__":
    unittest.main()
