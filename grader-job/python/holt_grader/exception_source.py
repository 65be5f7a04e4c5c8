"""Takes the text of a test file in otter's exception format apart, so that hidden cases can be shown one at a time.

Nothing is executed and no line changes its number: what is not shown is blank.
"""

import ast
from collections.abc import Iterable

from .literal_nodes import read_literal

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef

#: What otter looks for in a file.
SETTINGS = {"OK_FORMAT", "name", "points", "all_or_nothing"}

#: Does nothing, in the place of a hidden case; the file's own name for the decorator may be any.
STUB = '@__import__("otter.test_files", fromlist=["*"]).test_case(name={name!r}, points={points!r}, hidden=True)'


class Unsupported(Exception):
    """Says why a file cannot be taken apart; the sentence goes on after the file's path."""


class ExceptionSource:
    """One test file's text. Lines that belong to hidden cases alone are left out of `public`."""

    def __init__(self, source: str, keys: Iterable[str], hidden: dict[str, tuple[str, int | float | None]]) -> None:
        """Takes the names of all cases' functions, and of the hidden ones the case's name and points."""
        try:
            self.body = ast.parse(source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Unsupported(f"is not Python ({error}): run otter assign again.") from None
        self._lines = source.split("\n")
        self._functions = {key: self._find_function(key) for key in keys}
        secret: list[ast.stmt] = [self._functions[key] for key in hidden]
        self._helpers = find_helpers(self.body, secret, set(self._functions))
        self._public = self._show([each for each in self.body if each not in secret and each not in self._helpers])
        for key, (name, points) in hidden.items():
            first = find_first_line(self._functions[key])
            self._public[first - 1 : first + 1] = [STUB.format(name=name, points=points), f"def {key}(): pass"]

    @property
    def public(self) -> str:
        """Returns the file with hidden cases that do nothing, and without what only those use."""
        return "\n".join(self._public)

    @property
    def helpers(self) -> str:
        """Returns what only hidden cases use, at its lines."""
        return "\n".join(self._show(self._helpers))

    def function(self, key: str) -> Function:
        """Returns the function of a case."""
        return self._functions[key]

    def show(self, key: str) -> str:
        """Returns the function of one case, at its lines."""
        return "\n".join(self._show([self._functions[key]]))

    def show_with(self, key: str) -> str:
        """Returns the public file with one hidden case, as its author wrote it, and what hidden cases use."""
        lines = list(self._public)
        for statement in [*self._helpers, self._functions[key]]:
            span = slice(find_first_line(statement) - 1, statement.end_lineno)
            lines[span] = self._lines[span]
        return "\n".join(lines)

    def helpers_of(self, nodes: Iterable[ast.AST]) -> str:
        """Returns those of the helpers that some code uses, at their lines."""
        return "\n".join(self._show(follow(nodes, self._helpers)))

    def _show(self, statements: Iterable[ast.stmt]) -> list[str]:
        shown = [""] * len(self._lines)
        for statement in statements:
            span = slice(find_first_line(statement) - 1, statement.end_lineno)
            shown[span] = self._lines[span]
        return shown

    def _find_function(self, key: str) -> Function:
        """Finds the one function below a decorator that a case is; a case made in another way cannot be blanked."""
        binders = [node for statement in self.body for node in ast.walk(statement) if key in bind(node)]
        found = binders[0] if len(binders) == 1 else None
        if not isinstance(found, Function) or found not in self.body or not found.decorator_list:
            raise Unsupported(f"makes the case {key} otherwise than by one function below @test_case(...).")
        arguments = found.args
        if arguments.posonlyargs or arguments.vararg:
            raise Unsupported(f"has a case, {key}, whose parameters otter cannot give by their names.")
        return found


def find_first_line(statement: ast.stmt) -> int:
    """Returns the line on which a statement begins, its decorators included."""
    decorators = statement.decorator_list if isinstance(statement, Definition) else []
    return min([statement.lineno, *(each.lineno for each in decorators)])


def bind(node: ast.AST) -> list[str]:
    """Lists the names that a node, without what is inside it, gives a value."""
    if isinstance(node, Definition):
        return [node.name]
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, ast.alias):
        return [(node.asname or node.name).split(".")[0]]
    return []


def find_helpers(body: list[ast.stmt], secret: list[ast.stmt], cases: set[str]) -> list[ast.stmt]:
    """Finds the definitions that only hidden cases use: they may hold what those compare with."""
    candidates = [each for each in body if each not in secret and is_definition(each, cases)]
    lines = [line for each in body for line in {find_first_line(each), each.end_lineno}]
    # A line that two statements share cannot be blanked for one of them.
    candidates = [
        each for each in candidates if lines.count(find_first_line(each)) == lines.count(each.end_lineno) == 1
    ]
    public = follow([each for each in body if each not in candidates and each not in secret], candidates)
    used = follow(secret, candidates)
    return [each for each in used if each not in public]


def is_definition(statement: ast.stmt, cases: set[str]) -> bool:
    """Tells whether a statement does nothing but give a name a value, so that it may as well be executed later."""
    if isinstance(statement, Definition):
        return statement.name not in cases
    if not isinstance(statement, ast.Assign):
        return False
    names = {target.id if isinstance(target, ast.Name) else "name" for target in statement.targets}
    # A call may draw random numbers or read a file, whose turn it then is.
    calls = any(isinstance(node, ast.Call | ast.NamedExpr | ast.Await) for node in ast.walk(statement.value))
    return not names & (cases | SETTINGS) and (not calls or read_literal(statement.value) is not None)


def follow(nodes: Iterable[ast.AST], candidates: list[ast.stmt]) -> list[ast.stmt]:
    """Lists the candidates that some code names, or that those name, in the file's order."""
    names = list_names(nodes)
    found: list[ast.stmt] = []
    while more := [
        each
        for each in candidates
        if each not in found and names & {name for node in ast.walk(each) for name in bind(node)}
    ]:
        found += more
        names |= list_names(more)
    return [each for each in candidates if each in found]


def list_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Lists what some code may refer to, names in texts included."""
    found = set()
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found
