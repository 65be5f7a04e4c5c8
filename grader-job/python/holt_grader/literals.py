"""Finds hidden examples that compare a student's value with an author's literal, so that the judge can compare."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .comparison_shape import Forgeable, check_operators, compares_with_empty, has_literal
from .judged_operations import (
    ARITHMETIC,
    ASSERTION_OPTIONS,
    ASSERTIONS,
    CLOSENESS,
    COMPARISONS,
    DISTANCES,
    ROUNDINGS,
    TOLERANCES,
    Refused,
    all_of,
    bound,
    is_close,
    refuse_empty,
)
from .literal_nodes import name_callee, read_literal
from .plain_data import contains_opaque
from .student_side import may_be_asked

# What an expression is worth, given the values of the student's sides.
Compute = Callable[[list[Any]], Any]


@dataclass(frozen=True)
class Comparison:
    """The student's side of a hidden example, as source, and the author's side, which stays here."""

    source: str
    _parts: int
    _compute: Compute

    def compare(self, decoded: object) -> bool | None:
        """Tells whether the comparison is true of a decoded value, or nothing where the value does not say enough.

        That is a value of which only the type's name is known, and an empty array, which is close to everything.
        """
        if contains_opaque(decoded):
            return None
        values = [decoded] if self._parts == 1 else decoded
        if not isinstance(values, list | tuple) or len(values) != self._parts:
            return False
        try:
            return bool(self._compute(list(values)))
        except Refused:
            return None
        except Exception:
            return False


@lru_cache(maxsize=4096)
def find_comparison(source: str, want: str = "") -> Comparison | None:
    """Returns the comparison that an example is, or nothing where the judge could not compare."""
    try:
        body = ast.parse(source).body
        if len(body) != 1:
            return None
        statement = body[0]
        builder = _Builder()
        if isinstance(statement, ast.Assert) and not want.strip():
            compute = builder.read_truth(statement.test)
        elif isinstance(statement, ast.Expr) and want.strip() in ("True", "np.True_"):
            compute = builder.read_truth(statement.value)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and not want.strip():
            compute = builder.read_assertion(statement.value)
        else:
            return None
    except (Forgeable, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    parts = builder.parts
    return Comparison(parts[0] if len(parts) == 1 else f"({', '.join(parts)})", len(parts), compute)


class _Builder:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def read_truth(self, node: ast.expr) -> Compute:
        """Reads an expression whose truth is the verdict."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            each = [self.read_truth(value) for value in node.values]
            return lambda values: all(bool(compute(values)) for compute in each)
        if isinstance(node, ast.Compare):
            return self._read_compare(node)
        if not isinstance(node, ast.Call):
            raise Forgeable
        name = name_callee(node.func)
        if name in CLOSENESS:
            return self._read_closeness(node, *CLOSENESS[name], TOLERANCES)
        if name == "bool" and len(node.args) == 1 and not node.keywords:
            return self.read_truth(node.args[0])
        if name in ("all", "np.all", "numpy.all") and len(node.args) == 1 and not node.keywords:
            return self._read_all(node.args[0])
        if isinstance(node.func, ast.Attribute) and node.func.attr == "all" and not node.args and not node.keywords:
            return self._read_all(node.func.value)
        raise Forgeable

    def read_assertion(self, node: ast.Call) -> Compute:
        """Reads a call that raises where its two sides differ, which is numpy's way."""
        name = name_callee(node.func)
        if name not in ASSERTIONS:
            raise Forgeable
        return self._read_closeness(node, *ASSERTIONS[name], ASSERTION_OPTIONS)

    def _read_all(self, node: ast.expr) -> Compute:
        if compares_with_empty(node):
            raise Forgeable
        inner = self.read_truth(node)

        def compute(values: list[Any]) -> Any:
            result = inner(values)
            refuse_empty(result)
            return all_of(result)

        return compute

    def _read_compare(self, node: ast.Compare) -> Compute:
        sides = [node.left, *node.comparators]
        literals = [read_literal(side) for side in sides]
        check_operators(node, literals)
        compared = [literal.value for literal in literals if literal is not None]
        computes = [self._read_operand(side, compared) for side in sides]
        operations = [COMPARISONS[type(each)] for each in node.ops]

        def compute(values: list[Any]) -> Any:
            known = [each(values) for each in computes]
            result: Any = True
            for operation, left, right in zip(operations, known, known[1:], strict=False):
                bound(left, right)
                result = operation(left, right)
                if len(operations) > 1 and not result:
                    return False
            return result

        return compute

    def _read_operand(self, node: ast.expr, compared: list[Any]) -> Compute:
        literal = read_literal(node)
        if literal is not None:
            return lambda values: literal.value
        if has_literal(node):
            return self._read_lifted(node, compared)
        if not may_be_asked(node, compared):
            raise Forgeable
        at = len(self.parts)
        self.parts.append(ast.unparse(node))
        return lambda values: values[at]

    def _read_lifted(self, node: ast.expr, compared: list[Any]) -> Compute:
        """Reads an expression of which the judge does the outer part, as a literal is in it."""
        if isinstance(node, ast.BinOp):
            operation = ARITHMETIC.get(type(node.op))
            if operation is None or (isinstance(node.op, ast.Pow) and read_literal(node.right) is None):
                raise Forgeable
            inner = [literal.value for side in (node.left, node.right) if (literal := read_literal(side)) is not None]
            left = self._read_operand(node.left, [*compared, *inner])
            right = self._read_operand(node.right, [*compared, *inner])

            def compute(values: list[Any]) -> Any:
                one, other = left(values), right(values)
                bound(one, other)
                return operation(one, other)

            return compute
        assert isinstance(node, ast.Call)
        name = name_callee(node.func)
        of = self._read_operand(node.args[0], compared)
        if name in DISTANCES:
            return lambda values: DISTANCES[name](of(values))
        digits = [literal.value for each in node.args[1:] if (literal := read_literal(each)) is not None]
        return lambda values: ROUNDINGS[name](of(values), *digits)

    def _read_closeness(
        self, node: ast.Call, function: Callable[..., Any], most: int, allowed: set[str]
    ) -> Compute:
        if not 2 <= len(node.args) <= 2 + most:
            raise Forgeable
        sides = [read_literal(side) for side in node.args[:2]]
        rest = [read_literal(each) for each in node.args[2:]]
        named = {each.arg: read_literal(each.value) for each in node.keywords}
        if (sides[0] is None) == (sides[1] is None) or None in rest or None in named.values():
            raise Forgeable
        if not {str(each) for each in named} <= allowed:
            raise Forgeable
        compared = [side.value for side in sides if side is not None]
        left, right = (self._read_operand(side, compared) for side in node.args[:2])
        more = tuple(each.value for each in rest if each is not None)
        options = {str(key): each.value for key, each in named.items() if each is not None}
        return lambda values: is_close(function, left(values), right(values), more, options)
