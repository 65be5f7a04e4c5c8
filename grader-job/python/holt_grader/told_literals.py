"""Finds what a case gives away before it compares: a literal that was told is no proof."""

import ast
import re
from collections.abc import Iterable
from functools import lru_cache

from .literals import Comparison


@lru_cache(maxsize=4096)
def quiet(source: str) -> str:
    """Takes comments and the messages of assertions out of an example: they change nothing, and could tell."""
    try:
        body = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return source
    for node in ast.walk(body):
        if isinstance(node, ast.Assert):
            node.msg = None
    return ast.unparse(body) + "\n"


def tells(shown: Iterable[str], literals: Iterable[object]) -> bool:
    """Tells whether something that a notebook's process was shown has one of these literals in it."""
    texts = [text for text in shown if text]
    return any(is_in(literal, text) for literal in literals for text in texts)


def is_in(literal: object, text: str) -> bool:
    # Whoever guesses yes, no or nothing needs to be told none of them.
    if literal is None or isinstance(literal, bool) or literal is Ellipsis or literal in ("", b""):
        return False
    if isinstance(literal, str | bytes):
        return str(literal if isinstance(literal, str) else literal.decode("latin-1")) in text
    return re.search(rf"(?<![\w.]){re.escape(repr(literal))}(?![\w.])", text) is not None


def find_literals(source: str, comparison: Comparison) -> list[object]:
    """Lists the literals of an example that are not on the student's side of it."""
    own = list_constants(comparison.source)
    return [literal for literal in list_constants(source) if not any(is_same(literal, each) for each in own)]


def list_constants(source: str) -> list[object]:
    return [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]


def is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def gives_away(sources: list[str], comparisons: dict[int, Comparison]) -> bool:
    """Tells whether an example of a case has a literal in it that a later one compares with.

    `sources` has each example as its author wrote it, `comparisons` those that the judge compares, by place.
    """
    for place, comparison in comparisons.items():
        shown = [comparisons[each].source if each in comparisons else quiet(sources[each]) for each in range(place)]
        if tells(shown, find_literals(sources[place], comparison)):
            return True
    return False
