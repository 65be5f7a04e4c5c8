"""Reads expressions that are values an author wrote down, without executing them."""

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

MOST_BITS = 10_000

_CONSTANTS = {
    "np.nan": np.nan, "np.inf": np.inf, "np.pi": np.pi, "np.e": np.e, "np.True_": np.True_, "np.False_": np.False_,
    "numpy.nan": np.nan, "numpy.inf": np.inf, "numpy.pi": np.pi,
    "math.nan": math.nan, "math.inf": math.inf, "math.pi": math.pi, "math.e": math.e,
}  # fmt: skip
_MAKERS: dict[str, Callable[[Any], object]] = {
    "np.array": np.array, "np.asarray": np.asarray, "numpy.array": np.array, "pd.Series": pd.Series,
    "pd.Index": pd.Index, "pd.Timestamp": pd.Timestamp, "list": list, "tuple": tuple, "set": set,
    "frozenset": frozenset, "dict": dict, "float": float, "np.float64": np.float64, "np.int64": np.int64,
}  # fmt: skip
_EMPTY = {"list", "tuple", "set", "frozenset", "dict"}
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Value:
    """What an author wrote down; a class of its own, as None is one of the values."""

    value: Any


def name_callee(node: ast.expr) -> str:
    """Returns `f`, `np.f` or `np.linalg.f` for a plain dotted name, and nothing for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := name_callee(node.value)):
        return f"{base}.{node.attr}"
    return ""


def read_literal(node: ast.expr) -> Value | None:
    """Returns the value of a literal, of arithmetic on numbers, or of an array or series made of literals."""
    try:
        return Value(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        pass
    try:
        return _read_computed(node)
    except Exception:
        return None


def _read_computed(node: ast.expr) -> Value | None:
    if isinstance(node, ast.Attribute) and (name := name_callee(node)) in _CONSTANTS:
        return Value(_CONSTANTS[name])
    if isinstance(node, ast.Call):
        name = name_callee(node.func)
        if node.keywords or name not in _MAKERS or len(node.args) > 1 or (not node.args and name not in _EMPTY):
            return None
        if not node.args:
            return Value(_MAKERS[name](()))
        inner = read_literal(node.args[0])
        return None if inner is None else Value(_MAKERS[name](inner.value))
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        parts = [read_literal(each) for each in node.elts]
        values = [part.value for part in parts if part is not None]
        makers: dict[type, Callable[[list[Any]], Any]] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}
        return Value(makers[type(node)](values)) if len(values) == len(parts) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = read_literal(node.operand)
        return None if inner is None or not is_number(inner.value) else Value(-inner.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = read_literal(node.left), read_literal(node.right)
        return None if left is None or right is None else _compute(type(node.op), left.value, right.value)
    return None


def is_number(value: object) -> bool:
    """Tells whether a value is an ordinary number."""
    return type(value) in (bool, int, float, complex)


def _compute(kind: type, left: Any, right: Any) -> Value | None:
    if not (is_number(left) and is_number(right)):
        return None
    if kind is ast.Pow and type(left) is type(right) is int and left.bit_length() * abs(right) > MOST_BITS:
        return None
    return Value(_OPERATORS[kind](left, right))
