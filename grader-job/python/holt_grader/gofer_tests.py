"""Writes gofer's tests in otter's form: one JSON object {file name: source} on standard input, and one of answers on output.

An answer is {"converted": source} or {"problem": clause}. Nothing of a test is ever executed.
"""

import ast
import json
import math
import sys
from pathlib import PurePosixPath
from typing import Any, TypeGuard

from .read_tests import MOST_POINTS, read_test

TEST_KEYS = {"name", "points", "suites", "hidden", "extra", "hash", "partner"}
SUITE_KEYS = {"cases", "scored", "setup", "teardown", "type"}
CASE_KEYS = {"code", "hidden", "locked"}


class Refused(Exception):
    """Says why a test cannot be converted."""


def convert(name: str, source: str, taken: set[str]) -> str:
    """Writes one file again under a name that is not taken, or raises `Refused`."""
    spec = read_spec(source)
    stem = PurePosixPath(name).stem
    suite = read_suite(spec)
    question = read_name(spec, stem)
    converted = {
        "name": question,
        "points": read_points(spec),
        # Gofer gives a file's points for all of its cases or not at all.
        "all_or_nothing": True,
        "suites": [{"type": "doctest", "scored": True, "setup": "", "teardown": "", "cases": read_cases(suite)}],
    }
    written = f"OK_FORMAT = True\n\ntest = {converted!r}\n"
    unsupported = read_test(f"tests/{stem}.py", written.encode()).unsupported
    if unsupported:
        raise Refused(unsupported.removeprefix(f"tests/{stem}.py "))
    if question in taken:
        raise Refused(f"has the name {question!r:.100}, as another file does: give it its own")
    taken.add(question)
    return written


def read_spec(source: str) -> dict[str, Any]:
    """Returns what `test` is, where the file does nothing but say it."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Refused(f"is not Python ({error})") from None
    values = []
    for each in statements:
        if is_assignment(each, "test"):
            values.append(each.value)
        elif not is_passed_over(each):
            raise Refused(f"does more than assign test (line {each.lineno}), which would have to be executed")
    if len(values) != 1:
        raise Refused("does not assign test" if not values else "assigns test more than once")
    try:
        spec = ast.literal_eval(values[0])
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise Refused("computes test, which would have to be executed: write it as a literal") from None
    if not isinstance(spec, dict):
        raise Refused("assigns test something else than a dictionary")
    refuse_unknown(spec, TEST_KEYS, "test")
    return spec


def is_assignment(statement: ast.stmt, name: str) -> TypeGuard[ast.Assign]:
    return (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id == name
    )


def is_passed_over(statement: ast.stmt) -> bool:
    """Tells whether a statement may be left out: it says nothing, loads a module, or tells the file's form."""
    if isinstance(statement, ast.Pass | ast.Import | ast.ImportFrom):
        return True
    is_words = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_words or is_assignment(statement, "OK_FORMAT")


def refuse_unknown(given: dict[Any, Any], known: set[str], where: str) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        raise Refused(f"has {unknown[0]!r:.100} in its {where}, which means nothing here")


def read_name(spec: dict[str, Any], stem: str) -> str:
    name = spec.get("name") or stem
    if not isinstance(name, str):
        raise Refused(f"has a name that is no text ({name!r:.100})")
    return name


def read_points(spec: dict[str, Any]) -> float:
    points = spec.get("points", 1)
    points = 1 if points is None else points
    is_number = isinstance(points, int | float) and not isinstance(points, bool)
    if not is_number or not math.isfinite(points) or not 0 <= points <= MOST_POINTS:
        raise Refused(f"gives {points!r:.100} points: give one number")
    return float(points) if isinstance(points, float) else points


def read_suite(spec: dict[str, Any]) -> dict[str, Any]:
    suites = spec.get("suites")
    if not isinstance(suites, list) or len(suites) != 1 or not isinstance(suites[0], dict):
        count = len(suites) if isinstance(suites, list) else "no list of"
        raise Refused(f"has {count} suites: put its cases into one")
    suite: dict[str, Any] = suites[0]
    refuse_unknown(suite, SUITE_KEYS, "suite")
    kind = suite.get("type", "doctest")
    if kind != "doctest":
        raise Refused(f"has a suite of the type {kind!r:.100}: only doctest is graded here")
    for part in ("setup", "teardown"):
        code = suite.get(part)
        if code and not (isinstance(code, str) and not code.strip()):
            raise Refused(f"has a {part}: put its code into each case")
    if suite.get("scored", True) is not True:
        raise Refused("has a suite that is not scored: take the file out, or say that it is scored")
    return suite


def read_cases(suite: dict[str, Any]) -> list[dict[str, Any]]:
    cases = suite.get("cases")
    if not isinstance(cases, list) or not cases:
        raise Refused("has no cases")
    return [read_case(number, case) for number, case in enumerate(cases, 1)]


def read_case(number: int, case: Any) -> dict[str, Any]:
    if not isinstance(case, dict) or not isinstance(case.get("code"), str):
        raise Refused(f"has a case without code (case {number})")
    refuse_unknown(case, CASE_KEYS, f"case {number}")
    if case.get("locked"):
        raise Refused(f"has a locked case (case {number}): unlock it with the program that locked it")
    # A case that does not say is hidden, in gofer as in otter.
    hidden = case.get("hidden", True)
    if not isinstance(hidden, bool):
        raise Refused(f"says neither True nor False of hidden (case {number})")
    if ">>>" not in case["code"]:
        raise Refused(f"has a case without an example (case {number}): begin its code with >>>")
    return {"code": case["code"], "hidden": hidden, "locked": False}


def answer(sources: dict[str, str]) -> dict[str, dict[str, str]]:
    """Converts every file, and says of each what became of it."""
    answers, taken = {}, set[str]()
    for name, source in sources.items():
        try:
            answers[name] = {"converted": convert(name, source, taken)}
        except Refused as refused:
            answers[name] = {"problem": str(refused)}
    return answers


if __name__ == "__main__":
    print(json.dumps(answer(json.load(sys.stdin))))
