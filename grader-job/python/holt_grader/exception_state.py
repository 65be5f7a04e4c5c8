"""Finds what in a test file may have another value the next time it is looked at."""

import ast

from .exception_source import Definition, list_names
from .literal_nodes import read_literal


def find_unstable(body: list[ast.stmt]) -> set[str]:
    """Lists the names of a file that may depend on which cases have run: counters, random generators, and their users.

    Judging compares what a case sees before any hidden case has run. An honest value must be the same then.
    """
    unstable = {name for node in walk_all(body) if isinstance(node, ast.Global) for name in node.names}
    stable = [each for each in body if isinstance(each, ast.Assign) and read_literal(each.value) is not None]
    bound = [name for each in body for name in list_bound(each)]
    constants = {name for each in stable for name in list_bound(each) if bound.count(name) == 1}
    unstable |= set(bound) - constants
    definitions = [each for each in body if isinstance(each, Definition)]
    while more := {each.name for each in definitions if each.name not in unstable and list_names([each]) & unstable}:
        unstable |= more
    return unstable


def walk_all(body: list[ast.stmt]) -> list[ast.AST]:
    return [node for statement in body for node in ast.walk(statement)]


def list_bound(node: ast.AST) -> list[str]:
    """Lists the names that a statement assigns at the file's level."""
    if isinstance(node, Definition | ast.Lambda | ast.Import | ast.ImportFrom):
        return []
    own = [node.id] if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) else []
    return [*own, *(name for child in ast.iter_child_nodes(node) for name in list_bound(child))]
