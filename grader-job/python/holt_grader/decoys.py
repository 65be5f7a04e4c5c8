"""Asks a snapshot for what cannot be: one that says yes to it says yes to everything."""

import ast
import builtins
import secrets
from collections.abc import Callable, Iterable

from .example import GARBLED, Answer, Question
from .results import CaseVerdict

MOST_NAMES = 3
CREDULOUS = "The notebook has changed how tests are run: nothing that this test's cases say can be believed.\n"


def find_names(sources: Iterable[str]) -> list[str]:
    """Finds a few names that examples are about, so that a decoy looks like one of them."""
    found: list[str] = []
    for source in sources:
        try:
            nodes = list(ast.walk(ast.parse(source)))
        except (SyntaxError, ValueError, RecursionError):
            continue
        names = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        found += [name for name in names if name not in found and not hasattr(builtins, name)]
    return found[:MOST_NAMES]


def says_yes_to_all(name: str, names: list[str], ask: Callable[[Question], Answer]) -> bool:
    """Tells whether a snapshot claims that a list is equal to a number, whatever is in the list.

    No object has a say in that, so no honest notebook claims it: the comparison is the list's and the number's own.
    """
    claim = f"[{', '.join(names)}] == {secrets.randbelow(10_000)}"
    asserted = ask(Question(name, 0, f"assert {claim}\n"))
    if asserted.exception is None or is_garbled(asserted):
        return True
    shown = ask(Question(name, 1, f"{claim}\n"))
    return is_garbled(shown) or (shown.exception is None and "False" not in shown.got)


def is_garbled(answer: Answer) -> bool:
    """Tells whether a snapshot answered what none says: only another program than ours does."""
    return answer.exception is not None and answer.exception.only == GARBLED


def make_case() -> tuple[str, str]:
    """Makes a case in the exception format that cannot pass; answers its function's name and its source."""
    key = f"test_{secrets.token_hex(4)}"
    decorator = '@__import__("otter.test_files", fromlist=["*"]).test_case()'
    return key, f"{decorator}\ndef {key}():\n    assert [{secrets.randbelow(10_000)}] == {secrets.randbelow(10_000)}\n"


def disbelieve(claimed: dict[int, CaseVerdict]) -> dict[int, CaseVerdict]:
    """Makes of what a snapshot claims that no case passes."""
    return {number: CaseVerdict(False, CREDULOUS) for number in claimed}
