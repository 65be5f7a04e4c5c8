"""Checks which hidden cases the judge can compare for itself, and what it shows for that."""

import ast
import unittest
from textwrap import dedent, indent

from .exception_constants import find_file_constants
from .exception_source import Function
from .exception_state import find_unstable
from .exception_steps import Step, find_steps, list_parameters


def make_function(body: str, head: str = "def case(x, f):") -> Function:
    function = ast.parse(f"@test_case(hidden=True)\n{head}\n{indent(dedent(body), '    ')}\n").body[0]
    assert isinstance(function, Function)
    return function


def find(body: str, unstable: set[str] | None = None, head: str = "def case(x, f):") -> list[Step]:
    return find_steps(make_function(body, head), unstable or set())


def write(steps: list[Step]) -> list[str]:
    return [f"? {step.comparison.source}" if step.comparison else step.source for step in steps]


class ExceptionStepsTest(unittest.TestCase):
    def test_statements_are_executed_and_comparisons_asked(self) -> None:
        steps = find("got = f(2)\nassert got == 4, f'not {got}'\nassert x == 'a'\n")
        self.assertEqual(write(steps), ["got = f(2)", "? got", "? x"])
        compared = [step.comparison for step in steps if step.comparison]
        self.assertEqual([compared[0].compare(4), compared[0].compare(5)], [True, False])

    def test_what_would_tell_and_changes_nothing_is_left_out(self) -> None:
        steps = find('"""Words: 17."""\nassert x > 16\nassert f(x), 17\nassert x == 17\nprint(f(18))\n')
        self.assertEqual(write(steps), ["? x"])

    def test_functions_and_loops_within_a_case_are_statements(self) -> None:
        steps = find("def inner(n):\n    return n\nfor n in range(2):\n    f(inner(n))\nassert x == 3")
        self.assertEqual(len(steps), 3)

    def test_a_case_without_a_comparison_has_no_steps(self) -> None:
        for body in ("assert x > 1", "if x != 3:\n    raise ValueError", "assert x == f(2)", "pass", "x == 3"):
            self.assertEqual(find(body), [], body)

    def test_what_means_something_only_in_a_function_has_no_steps(self) -> None:
        for body in ("if x:\n    return\nassert x == 3", "global y\nassert x == 3", "y = yield\nassert x == 3"):
            self.assertEqual(find(body), [], body)
        self.assertEqual(find("assert x == 3", head="async def case(x):"), [])
        self.assertEqual(find("assert x == 3", head="def case(x, **more):"), [])
        self.assertEqual(find("assert x == 3", head="@wrap\ndef case(x):"), [])

    def test_values_that_may_change_meanwhile_are_not_compared(self) -> None:
        self.assertEqual(write(find("assert x == 3\nassert calls == 1", {"calls"})), ["? x"])
        self.assertEqual(find("n = draw()\nassert f(n) == 1", {"draw"}), [])

    def test_parameters_are_those_that_otter_gives(self) -> None:
        self.assertEqual(list_parameters(make_function("pass", "def case(env, x=1, *, y: int): ")), ["env", "x", "y"])


class ConstantsTest(unittest.TestCase):
    def test_a_literal_that_only_assertions_use_is_held_back(self) -> None:
        steps = find("expected = [4, 5]\ngot = f(2)\nassert got == expected, expected\nassert f(x) != expected\n")
        self.assertEqual(write(steps), ["got = f(2)", "? got"])
        comparison = steps[1].comparison
        self.assertTrue(comparison and comparison.compare([4, 5]) is True and not comparison.compare([4]))

    def test_a_name_that_other_statements_use_is_no_literal(self) -> None:
        for more in ("expected.append(3)", "expected[0] = 3", "expected += 1", "print(expected)", "y = expected",
                     "for expected in x: pass", "del expected", "def g(): return expected"):  # fmt: skip
            self.assertEqual(find(f"expected = 4\n{more}\nassert f(2) == expected"), [], more)
        self.assertEqual(find("x = 4\nassert f(2) == x"), [])

    def test_an_argument_of_the_same_name_is_another(self) -> None:
        steps = find("n = 5\nassert max(map(lambda n: f(n), x)) == 3")
        self.assertEqual(write(steps), ["n = 5", "? max(map(lambda n: f(n), x))"])

    def test_literals_of_the_file_are_known_unless_something_else_uses_them(self) -> None:
        source = """
        KNOWN = {'a': 1}
        USED = 2
        CHANGED = 3
        def helper(): return USED
        CHANGED += 1
        def case(f):
            assert f(1) == KNOWN
            assert f(2) == USED
            assert f(3) == CHANGED
        def other(f, KNOWN):
            assert f(1) == KNOWN
        """
        body = ast.parse(dedent(source)).body
        cases = [each for each in body[-2:] if isinstance(each, Function)]
        shared = find_file_constants(body, cases)
        self.assertEqual(list(shared), ["KNOWN"])
        for each in cases:
            each.decorator_list = [ast.Name("test_case", ast.Load())]
        self.assertEqual([write(find_steps(each, set(), shared)) for each in cases], [["? f(1)"], []])


class UnstableTest(unittest.TestCase):
    def test_counters_generators_and_their_users_are_unstable(self) -> None:
        source = """
        import numpy as np
        LIMIT = 3
        rng = np.random.default_rng(1)
        calls = 0
        twice = 1
        twice = 2
        with open("x") as file:
            pass
        def draw(): return rng.random()
        def draw_twice(): return draw() + draw()
        def count():
            global calls
            calls += 1
        def square(n):
            calls_of_its_own = n
            return n * n
        """
        names = {"rng", "calls", "twice", "file", "draw", "draw_twice", "count"}
        self.assertEqual(find_unstable(ast.parse(dedent(source)).body), names)


if __name__ == "__main__":
    unittest.main()
