"""Reads the function of a hidden case as steps, so that the judge compares where the function would."""

import ast
from dataclasses import dataclass

from .exception_constants import Constants, find_case_constants, insert
from .exception_source import Function, bind, list_names
from .literals import Comparison, find_comparison

#: What gives a statement a meaning only inside its function.
_BOUND = (ast.Return, ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal, ast.AsyncFor, ast.AsyncWith)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True)
class Step:
    """One statement: executed as it is, or a comparison of which the notebook's process tells one side."""

    source: str
    comparison: Comparison | None = None

    @property
    def shown(self) -> ast.AST:
        """Returns what of the statement is shown to the notebook's process."""
        return ast.parse(self.comparison.source if self.comparison else self.source)


def find_steps(function: Function, unstable: set[str], shared: Constants | None = None) -> list[Step]:
    """Lists a function's statements up to its last comparison; nothing where there is none, or no such list.

    Assertions that compare with nothing that the judge knows are left out: they change nothing, and would tell.
    `unstable` has the file's names that may be worth something else when the whole case runs, `shared` its literals.
    """
    wrapped = len(function.decorator_list) != 1 or function.args.kwarg is not None
    if isinstance(function, ast.AsyncFunctionDef) or wrapped or any(is_bound(each) for each in function.body):
        return []
    steps = []
    constants = find_case_constants(function, shared or {})
    for statement in function.body:
        source = ast.unparse(statement)
        if isinstance(statement, ast.Assign) and constants.keys() & bind(statement.targets[0]):
            continue
        comparison = find_comparison(insert(statement, constants))
        if comparison and list_names([ast.parse(comparison.source)]) & unstable:
            comparison = None
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if comparison or not (isinstance(statement, ast.Assert) or is_text):
            steps.append(Step(source, comparison))
    while steps and not steps[-1].comparison:
        steps.pop()
    return [] if list_names(step.shown for step in steps) & unstable else steps


def is_bound(node: ast.AST) -> bool:
    """Tells whether a statement has a part that is no statement of its own outside the function."""
    if isinstance(node, _BOUND):
        return True
    return not isinstance(node, _SCOPES) and any(is_bound(child) for child in ast.iter_child_nodes(node))


def list_parameters(function: Function) -> list[str]:
    """Lists the names that otter gives a case's function values for."""
    return [each.arg for each in [*function.args.args, *function.args.kwonlyargs]]
