"""Does in the judge what a hidden case does with an author's literal. One side of each may be a student's claim."""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

MOST_ITEMS = 10_000_000
LARGEST_POWER = 10
LONGEST_REPEAT = 1_000_000

_ARRAYS = (np.ndarray, pd.Series, pd.Index, pd.DataFrame)
_TEXTS = (str, bytes, bytearray)
_SEQUENCES = (list, tuple, *_TEXTS)


class Refused(Exception):
    """The operation would take too much, or would hold for a value that says nothing."""


def bound(left: Any, right: Any) -> None:
    """Refuses to broadcast two values to something enormous."""
    if isinstance(left, _ARRAYS) or isinstance(right, _ARRAYS):
        # Shapes that do not fit raise ValueError here, as the operation itself would have.
        if math.prod(np.broadcast_shapes(np.shape(left), np.shape(right))) > MOST_ITEMS:
            raise Refused("too large")


def refuse_empty(result: Any, *sides: Any) -> None:
    """Refuses "all of none": an empty array broadcasts against anything and is close to everything."""
    if np.size(result) == 0 and all(np.size(side) > 0 for side in sides):
        raise Refused("empty")


def _multiply(left: Any, right: Any) -> Any:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, _SEQUENCES) and type(other) is int and len(one) * other > LONGEST_REPEAT:
            raise Refused("too long")
    return left * right


def _modulo(left: Any, right: Any) -> Any:
    if isinstance(left, _TEXTS):
        raise Refused("formatting")
    return left % right


def _power(left: Any, right: Any) -> Any:
    if type(right) not in (int, float) or abs(right) > LARGEST_POWER:
        raise Refused("too large")
    return left**right


def _make_test(function: Callable[..., Any]) -> Callable[..., Any]:
    def test(*arguments: Any, **options: Any) -> bool:
        function(*arguments, **options)
        return True

    return test


ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _modulo,
    ast.Pow: _power,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.In: lambda left, right: left in right,
}

# The number is how many positional arguments may follow the two sides.
CLOSENESS: dict[str, tuple[Callable[..., Any], int]] = {
    "np.isclose": (np.isclose, 2),
    "numpy.isclose": (np.isclose, 2),
    "np.allclose": (np.allclose, 2),
    "numpy.allclose": (np.allclose, 2),
    "np.array_equal": (np.array_equal, 0),
    "numpy.array_equal": (np.array_equal, 0),
    "math.isclose": (math.isclose, 0),
}
TOLERANCES = {"rtol", "atol", "equal_nan", "rel_tol", "abs_tol"}

# These raise where the two sides differ; the number is how many positional arguments may follow.
ASSERTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    f"{module}.testing.{function.__name__}": (_make_test(function), most)
    for module in ("np", "numpy")
    for function, most in (
        (np.testing.assert_allclose, 2),
        (np.testing.assert_almost_equal, 1),
        (np.testing.assert_array_almost_equal, 1),
        (np.testing.assert_array_equal, 0),
        (np.testing.assert_equal, 0),
    )
}
ASSERTION_OPTIONS = {"rtol", "atol", "equal_nan", "decimal", "err_msg", "verbose", "strict"}

DISTANCES: dict[str, Callable[[Any], Any]] = {
    "abs": abs,
    "np.abs": np.abs,
    "np.absolute": np.abs,
    "math.fabs": math.fabs,
}
ROUNDINGS: dict[str, Callable[..., Any]] = {"round": round, "np.round": np.round, "np.around": np.round}


def all_of(result: Any) -> Any:
    """Returns what `.all()`, `np.all` and `all` say, which for one dimension is the same."""
    return result.all() if hasattr(result, "all") else all(result)


def is_close(function: Callable[..., Any], left: Any, right: Any, rest: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Calls one of the closeness functions within bounds."""
    if function is math.isclose:
        return function(left, right, **named)
    if function is np.array_equal:
        return function(left, right, **named)
    one, other = np.asarray(left), np.asarray(right)
    bound(one, other)
    refuse_empty(np.empty(np.broadcast_shapes(one.shape, other.shape), bool), right if one.size == 0 else left)
    return function(left, right, *rest, **named)
