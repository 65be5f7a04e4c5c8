"""Decides whether an expression may be shown to a snapshot without telling what it is compared with."""

import ast
import builtins
from collections.abc import Iterable, Iterator

import numpy as np

from .literal_nodes import read_literal

_MODULES = {"np", "numpy", "pd", "pandas", "math", "plt", "scipy", "stats", "random", "re", "datetime", "itertools"}
_REFUSED = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.Starred)


def may_be_asked(node: ast.expr, compared: Iterable[object]) -> bool:
    """Tells whether an expression depends on the student and holds none of the values compared with it."""
    if not _names_something(node) or any(isinstance(each, _REFUSED) for each in ast.walk(node)):
        return False
    shown = list(_walk_shown(node))
    if any(isinstance(each, ast.Compare | ast.BoolOp) for each in shown):
        return False
    literals = [found.value for each in shown if isinstance(each, ast.expr) and (found := read_literal(each))]
    for value in compared:
        if value is None or isinstance(value, bool | np.bool_):
            if not _is_plain(node):
                return False
        elif any(_same(value, literal) for literal in literals) or (_is_zero(value) and _subtracts(node)):
            return False
    return True


def _names_something(node: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id not in _MODULES and not hasattr(builtins, each.id)
        for each in ast.walk(node)
    )


def _walk_shown(node: ast.AST) -> Iterator[ast.AST]:
    """Goes through an expression, but not into what only selects: indexes, filters, and digits to round to."""
    yield node
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Subscript):
        children = [node.value]
    elif isinstance(node, ast.comprehension):
        children = [node.iter]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "round":
        children = [*node.args[:1]]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "round":
        # `x.round(2)` and `np.round(x, 2)`
        children = [node.func.value, *(each for each in node.args if read_literal(each) is None)]
    for child in children:
        yield from _walk_shown(child)


def _is_plain(node: ast.expr) -> bool:
    """Tells whether an expression is a student's value, not a question about it that is answered by yes or no."""
    if isinstance(node, ast.Name):
        return True
    if isinstance(node, ast.Attribute | ast.Subscript):
        return _is_plain(node.value)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and not hasattr(builtins, node.func.id)
    return False


def _same(left: object, right: object) -> bool:
    try:
        return bool(np.array_equal(np.asarray(left), np.asarray(right)))
    except Exception:
        return False


def _is_zero(value: object) -> bool:
    return _same(value, 0) or _same(value, set())


def _subtracts(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Sub) for each in ast.walk(node))
