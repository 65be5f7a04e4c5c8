"""Checks which snapshots are believed, by answers that real examples give."""

import unittest
from collections.abc import Callable
from typing import Any

from .decoys import find_names, says_yes_to_all
from .example import GARBLED, Answer, ExceptionText, Question
from .run_example import execute_example
from .submission import LOST


class Liar:
    """Says yes to every question that an object can be asked."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    def __radd__(self, other: object) -> "Liar":
        return self

    def __repr__(self) -> str:
        return "True"

    def __hash__(self) -> int:
        return 0


class DecoysTest(unittest.TestCase):
    def ask(self, names: dict[str, Any]) -> Callable[[Question], Answer]:
        return lambda question: Answer.read(execute_example(question, names).write())

    def test_an_answer_that_is_none_of_ours_is_a_yes(self) -> None:
        garbled = Answer(exception=ExceptionText(GARBLED, GARBLED))
        self.assertTrue(says_yes_to_all("q1", [], lambda _: garbled))

    def test_no_answer_at_all_is_none(self) -> None:
        lost = Answer(exception=ExceptionText(LOST, LOST))
        self.assertFalse(says_yes_to_all("q1", [], lambda _: lost))

    def test_no_honest_value_and_no_lying_object_is_taken_for_a_forger(self) -> None:
        values: list[object] = [0, 1, True, None, "x", [], {}, float("nan"), Liar(), Liar, [Liar()], print]
        for value in values:
            with self.subTest(value=value):
                self.assertFalse(says_yes_to_all("q1", ["x"], self.ask({"x": value})))

    def test_a_missing_name_or_a_lost_snapshot_is_no_forgery(self) -> None:
        self.assertFalse(says_yes_to_all("q1", ["x"], self.ask({})))
        self.assertFalse(says_yes_to_all("q1", [], self.ask({})))
        self.assertFalse(says_yes_to_all("q1", ["x"], lambda _: Answer(exception=ExceptionText("lost", "lost"))))

    def test_a_snapshot_that_claims_that_every_assert_holds_is_found(self) -> None:
        self.assertTrue(says_yes_to_all("q1", ["x"], lambda _: Answer()))

    def test_a_snapshot_that_shows_true_for_everything_is_found(self) -> None:
        honest = self.ask({"x": 1})

        def ask(question: Question) -> Answer:
            return honest(question) if question.source.startswith("assert") else Answer("True\n")

        self.assertTrue(says_yes_to_all("q1", ["x"], ask))

    def test_names_are_those_that_examples_read(self) -> None:
        self.assertEqual(find_names(["y = len(x)\n", "assert f(z, w) == 3\n", "not python("]), ["x", "f", "z"])


if __name__ == "__main__":
    unittest.main()
