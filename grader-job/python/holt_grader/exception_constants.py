"""Finds the values that an author gave a name, so that a comparison with the name is one with a literal."""

import ast
import copy

from .exception_source import Function, bind, list_names
from .literal_nodes import read_literal

Constants = dict[str, ast.expr]


def find_file_constants(body: list[ast.stmt], cases: list[Function]) -> Constants:
    """Returns the literals that a file's cases share and nothing else in it uses."""
    constants = find_constants([each for each in body if each not in cases])
    changed = {name for case in cases for node in ast.walk(case) if isinstance(node, ast.Global) for name in node.names}
    return {name: value for name, value in constants.items() if name not in changed}


def find_case_constants(case: Function, shared: Constants) -> Constants:
    """Returns the literals that a case's assertions use, its own and its file's, and none of its other statements."""
    arguments = list_bound([case.args])
    own = find_constants([each for each in case.body if not isinstance(each, ast.Assert)])
    shown = list_used([each for each in case.body if not isinstance(each, ast.Assert)])
    hidden_by = {*arguments, *list_bound(list(case.body))}
    # An assertion can have arguments of its own, in a lambda or a comprehension.
    inner = {*arguments, *list_bound([each for each in case.body if isinstance(each, ast.Assert)])}
    outer = {name: value for name, value in shared.items() if name not in hidden_by and name not in shown}
    return outer | {name: value for name, value in own.items() if name not in inner}


def find_constants(statements: list[ast.stmt]) -> Constants:
    """Returns the literals among assignments of names that are bound once and used by none of the statements.

    What a statement uses has to be there when it is executed, where the notebook's process could look at it.
    """
    bound, used = list_bound(list(statements)), list_used(statements)
    found = {}
    for each in statements:
        if isinstance(each, ast.Assign) and len(each.targets) == 1 and read_literal(each.value) is not None:
            target = each.targets[0]
            if isinstance(target, ast.Name) and bound.count(target.id) == 1 and target.id not in used:
                found[target.id] = each.value
    return found


def list_bound(nodes: list[ast.AST]) -> list[str]:
    """Lists the names that some code binds, as often as it does."""
    every = [node for outer in nodes for node in ast.walk(outer)]
    return [name for node in every for name in ([node.arg] if isinstance(node, ast.arg) else bind(node))]


def list_used(statements: list[ast.stmt]) -> set[str]:
    """Lists the names that statements use, beyond giving them a value."""
    used: set[str] = set()
    for each in statements:
        plain = isinstance(each, ast.Assign) and all(isinstance(target, ast.Name) for target in each.targets)
        used |= list_names([each.value] if isinstance(each, ast.Assign) and plain else [each])
        used |= {name for node in ast.walk(each) if isinstance(node, ast.Global) for name in node.names}
    return used


class _Insert(ast.NodeTransformer):
    def __init__(self, constants: Constants) -> None:
        self._constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        known = self._constants.get(node.id) if isinstance(node.ctx, ast.Load) else None
        return node if known is None else copy.deepcopy(known)


def insert(statement: ast.stmt, constants: Constants) -> str:
    """Returns a statement's source with literals in the place of their names."""
    made: ast.AST = _Insert(constants).visit(copy.deepcopy(statement))
    return ast.unparse(made)
