"""Tells the comparisons that say something from those that a value picked blindly could satisfy."""

import ast

from .judged_operations import DISTANCES, ROUNDINGS
from .literal_nodes import Value, name_callee, read_literal


class Forgeable(Exception):
    """Only the student's process itself could say how the example ends."""


def check_operators(node: ast.Compare, literals: list[Value | None]) -> None:
    """Refuses what a value picked blindly could satisfy."""
    sides = [node.left, *node.comparators]
    if sum(literal is None for literal in literals) != 1:
        raise Forgeable
    kinds = [type(each) for each in node.ops]
    if kinds == [ast.In]:
        if literals[1] is None:
            raise Forgeable
    elif kinds == [ast.Is]:
        if not any(literal is not None and literal.value in (None, True, False) for literal in literals):
            raise Forgeable
    elif kinds == [ast.Lt] or kinds == [ast.LtE]:
        if not _is_distance(sides[0]):
            raise Forgeable
    elif kinds == [ast.Gt] or kinds == [ast.GtE]:
        if not _is_distance(sides[1]):
            raise Forgeable
    elif len(kinds) == 2:
        between = literals[1] is None and (set(kinds) <= {ast.Lt, ast.LtE} or set(kinds) <= {ast.Gt, ast.GtE})
        if not between:
            raise Forgeable
    elif kinds != [ast.Eq]:
        raise Forgeable


def has_literal(node: ast.expr) -> bool:
    """Tells whether a literal is among the operands, so that showing the expression would show it."""
    if isinstance(node, ast.BinOp):
        sides = (node.left, node.right)
        return any(read_literal(side) is not None or has_literal(side) for side in sides)
    if isinstance(node, ast.Call) and node.args and not node.keywords and not isinstance(node.args[0], ast.Starred):
        name = name_callee(node.func)
        if name in DISTANCES and len(node.args) == 1:
            return has_literal(node.args[0])
        if name in ROUNDINGS and all(read_literal(each) is not None for each in node.args[1:]):
            return has_literal(node.args[0])
    return False


def _is_distance(node: ast.expr) -> bool:
    """Tells whether an expression is `abs(X - LITERAL)`, which is small for few values only."""
    if not isinstance(node, ast.Call) or name_callee(node.func) not in DISTANCES or len(node.args) != 1:
        return False
    inner = node.args[0]
    if not isinstance(inner, ast.BinOp) or not isinstance(inner.op, ast.Sub):
        return False
    return (read_literal(inner.left) is None) != (read_literal(inner.right) is None)


def compares_with_empty(node: ast.expr) -> bool:
    """Tells whether one side is an empty literal, of which "all" says nothing."""
    sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
    found = [read_literal(side) for side in sides]
    return any(value is not None and hasattr(value.value, "__len__") and not len(value.value) for value in found)
