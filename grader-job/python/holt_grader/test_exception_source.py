"""Checks that the text of a test file in the exception format is taken apart without moving a line."""

import ast
import unittest

from otter.test_files.exception_test import ExceptionTestFile

from .exception_source import ExceptionSource, Unsupported, find_helpers

SOURCE = '''"""Words."""
from otter.test_files import test_case as case

OK_FORMAT = False
name = "q1"
points = [1, 2, 3]
EXPECTED = 42  # SECRET
SHARED = [1, 2]

def check(value):
    assert value == EXPECTED, "SECRET"

def add(value):
    return sum(SHARED) + value

# SECRET words before
@case(hidden=True, success_message="SECRET",
      failure_message="SECRET")
def hidden(x=EXPECTED):  # SECRET
    # SECRET inside

    check(x)
    # SECRET after

@case()
def public(x):
    assert add(x) == 3  # words

@case("last", hidden=True)
def last(x): assert x == "SECRET"
'''


def take_apart(source: str = SOURCE) -> ExceptionSource:
    return ExceptionSource(source, ["hidden", "public", "last"], {"hidden": ("q1 - 1", None), "last": ("last", None)})


class ExceptionSourceTest(unittest.TestCase):
    def test_nothing_of_a_hidden_case_is_in_the_public_file(self) -> None:
        self.assertNotIn("SECRET", take_apart().public)

    def test_what_is_public_keeps_its_lines(self) -> None:
        before, after = SOURCE.split("\n"), take_apart().public.split("\n")
        self.assertEqual(len(before), len(after))
        for number in (2, 4, 5, 6, 8, 13, 14, 25, 26, 27):
            self.assertEqual(before[number - 1], after[number - 1])

    def test_the_public_file_has_every_case_at_its_place_with_hidden_ones_that_do_nothing(self) -> None:
        file = ExceptionTestFile.from_string(take_apart().public)
        self.assertEqual([case.name for case in file.test_cases], ["q1 - 1", "q1 - 2", "last"])
        self.assertEqual([case.points for case in file.test_cases], [1, 2, 3])
        self.assertEqual([case.hidden for case in file.test_cases], [True, False, True])
        file.run({"x": 0})
        self.assertEqual([result.passed for result in file.test_case_results], [True] * 3)

    def test_what_only_hidden_cases_use_is_shown_with_them(self) -> None:
        source = take_apart()
        helpers = [line for line in source.helpers.split("\n") if line]
        self.assertEqual(helpers, [SOURCE.split("\n")[number] for number in (6, 9, 10)])
        self.assertEqual(source.helpers.split("\n")[9], "def check(value):")

    def test_one_case_is_shown_without_the_others(self) -> None:
        source = take_apart()
        shown = source.show("hidden").split("\n")
        self.assertEqual(shown[16], '@case(hidden=True, success_message="SECRET",')
        self.assertNotIn("def last", source.show("hidden"))
        self.assertNotIn('== "SECRET"', source.show_with("hidden"))
        self.assertEqual(source.show_with("hidden").split("\n")[21], "    check(x)")
        ast.parse(source.show_with("last"))

    def test_what_code_uses_is_followed_through_what_that_uses(self) -> None:
        source = take_apart()
        self.assertIn("EXPECTED = 42", source.helpers_of([ast.parse("check(x)")]))
        self.assertNotIn("EXPECTED", source.helpers_of([ast.parse("add(x)")]))

    def test_a_value_that_is_computed_by_a_call_stays_where_it_is(self) -> None:
        body = ast.parse("DRAWN = random()\nA = 1; B = 2\n@case()\ndef hidden(): return DRAWN + A\n").body
        self.assertEqual(find_helpers(body, body[-1:], {"hidden"}), [])

    def test_a_case_that_is_not_one_function_is_unsupported(self) -> None:
        sources = {
            "hidden = case(hidden=True)(check)": "otherwise than by one function",
            "if True:\n    @case()\n    def hidden(): pass": "otherwise than by one function",
            "@case()\ndef hidden(): pass\nhidden.points = 2\nhidden = hidden": "otherwise than by one function",
            "def hidden(): pass": "otherwise than by one function",
            "@case()\nclass hidden: pass": "otherwise than by one function",
            "@case()\ndef hidden(x, /): pass": "cannot give by their names",
            "@case()\ndef hidden(*x): pass": "cannot give by their names",
            "def hidden(": "is not Python",
        }
        for source, reason in sources.items():
            with self.subTest(source), self.assertRaisesRegex(Unsupported, reason):
                ExceptionSource(source, ["hidden"], {"hidden": ("hidden", None)})

    def test_a_name_and_points_cannot_break_out_of_the_stub(self) -> None:
        source = '@case()\ndef hidden(x):\n    assert x\n'
        name = "\"'\n)\n@1/0 {key} \\"
        made = ExceptionSource(source, ["hidden"], {"hidden": (name, 1.5)}).public
        namespace: dict[str, object] = {}
        exec(made, namespace)
        self.assertEqual(getattr(namespace["hidden"], "name"), name)
        self.assertEqual(made.count("\n"), source.count("\n"))


if __name__ == "__main__":
    unittest.main()
