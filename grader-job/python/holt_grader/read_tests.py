"""Reads one test file of an autograder without executing it."""

import ast
import doctest
import math
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, Literal

MOST_POINTS = 1e6
LONGEST_NAME = 200


class _Unreadable(Exception):
    """Says why a test file is not supported."""


@dataclass(frozen=True)
class TestSource:
    """One file below tests/: its text, its format and, for the doctest format, its specification."""

    path: str
    source: str
    format: Literal["doctest", "exception"] | None
    spec: dict[str, Any] | None = None
    unsupported: str | None = None

    @property
    def name(self) -> str | None:
        """Returns the question's name, where the file tells it without being executed."""
        return None if self.spec is None else self.spec["name"]


def read_test(path: str, data: bytes) -> TestSource:
    """Reads a test file; what cannot be used becomes `unsupported` with a reason."""
    try:
        # Text mode, as otter reads it: any line end becomes a newline.
        source = data.decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        return TestSource(path, "", None, None, f"{path} is not UTF-8 text: run otter assign again.")
    try:
        statements = _parse(source)
        if not _read_format(statements):
            return TestSource(path, source, "exception")
    except _Unreadable as problem:
        return TestSource(path, source, None, None, f"{path} {problem}")
    try:
        return TestSource(path, source, "doctest", _read_spec(statements))
    except _Unreadable as problem:
        return TestSource(path, source, "doctest", None, f"{path} {problem}")


def public_source(test: TestSource) -> str:
    """Writes the test file again without its hidden cases; the names of the others stay what they were."""
    if test.spec is None:
        raise ValueError(f"{test.path} has no specification that could be written again.")
    suite = test.spec["suites"][0]
    public = [
        # The name that otter gives by position, which leaving cases out would change.
        {"name": f"{test.spec['name']} - {number}", **case}
        for number, case in enumerate(suite["cases"], 1)
        if not case.get("hidden", True)
    ]
    points = None if isinstance(test.spec.get("points"), list) else test.spec.get("points")
    spec = {**test.spec, "points": points, "suites": [{**suite, "cases": public}]}
    statements = ast.parse(test.source).body
    imports = [ast.unparse(each) for each in statements if isinstance(each, ast.Import | ast.ImportFrom)]
    return "\n".join([*imports, "OK_FORMAT = True", f"test = {spec!r}", ""])


def _parse(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _Unreadable(f"is not Python ({error}): run otter assign again.") from None


def _find_value(statements: list[ast.stmt], name: str) -> ast.expr | None:
    """Returns what a plain top-level assignment gives the name."""
    values = [
        each.value
        for each in statements
        if isinstance(each, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in each.targets)
    ]
    if len(values) > 1:
        raise _Unreadable(f"assigns {name} more than once, which this grader does not support.")
    return values[0] if values else None


def _read_literal(node: ast.expr, name: str) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise _Unreadable(f"computes {name}; this grader reads only a literal.") from None


def _read_format(statements: list[ast.stmt]) -> bool:
    value = _find_value(statements, "OK_FORMAT")
    if value is None:
        raise _Unreadable("does not say OK_FORMAT = True or False: run otter assign again.")
    return bool(_read_literal(value, "OK_FORMAT"))


def _is_inert(statement: ast.stmt) -> bool:
    """Tells whether a statement may be passed over: imports, docstrings, and the two assignments."""
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id in ("OK_FORMAT", "test")
    )


def _read_spec(statements: list[ast.stmt]) -> dict[str, Any]:
    for statement in statements:
        if not _is_inert(statement):
            raise _Unreadable(
                f"does more than assign OK_FORMAT and test (line {statement.lineno}), which is not executed here."
            )
    value = _find_value(statements, "test")
    if value is None:
        raise _Unreadable("does not assign test: run otter assign again.")
    spec = _read_literal(value, "test")
    _check_spec(spec)
    assert isinstance(spec, dict)
    return spec


def _check_spec(spec: object) -> None:
    """Goes through everything that otter would do with the specification but run it."""
    from otter.test_files.ok_test import OKTestFile

    try:
        file = OKTestFile.from_spec(spec)
        name, possible = file.name, float(file.possible)
        if isinstance(name, str):
            for number, case in enumerate(file.test_cases):
                doctest.DocTestParser().parse(dedent(case.body), f"{name} {number}")
    except Exception as error:
        raise _Unreadable(f"cannot be loaded: {type(error).__name__}: {error}"[:1500]) from None
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME:
        raise _Unreadable(f"has no question name of its own (it says {name!r:.200}).")
    if not (math.isfinite(possible) and 0 <= possible <= MOST_POINTS):
        raise _Unreadable(f"gives {possible} points, which cannot be.")
