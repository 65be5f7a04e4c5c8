"""Compares a value that a snapshot claims with the author's."""

from .literals import Comparison
from .plain_data import decode
from .results import CaseVerdict

FORGED = "The value that was compared is not the one that the test names: this case was not passed honestly.\n"
UNTOLD = (
    "The value that was compared is of a kind that cannot be told apart from a false one: answer with plain data.\n"
)


def compare(comparison: Comparison, told: object) -> bool | None:
    """Compares a claimed value with the author's; None where the value does not say enough."""
    if not isinstance(told, dict) or "value" not in told:
        return None
    try:
        return comparison.compare(decode(told["value"]))
    except ValueError:
        return None


def join(held: bool | None, holds: bool | None) -> bool | None:
    """Adds one comparison to a case's others.

    A value that differs is the end of it; one that cannot be told only keeps the case from passing.
    """
    return held if holds is True or held is False else holds


def confirm(verdict: CaseVerdict, holds: bool | None) -> CaseVerdict:
    """Lets a case pass only where its values hold."""
    if not verdict.passed or holds:
        return verdict
    return CaseVerdict(False, UNTOLD if holds is None else FORGED)
