"""Finds what each case of each test is worth believing, from snapshots that can only make claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .decoys import disbelieve
from .doctest_turn import DoctestTurn, list_cases, reads_shown_names
from .exception_listing import ExceptionTest
from .exception_turn import ExceptionTurn
from .read_tests import TestSource
from .results import CaseVerdict, CheckVerdict
from .submission import Sealed, Submission
from .value_claims import confirm


@dataclass
class Verdicts:
    """Every verdict of a submission, in the order of the checks, and signs of tampering."""

    checks: list[CheckVerdict] = field(default_factory=list)
    review: list[str] = field(default_factory=list)


def find_verdicts(
    tests: Mapping[str, TestSource | ExceptionTest], sealed: Sealed, submission: Submission, why: str
) -> Verdicts:
    """Judges every case, in three rounds through all snapshots.

    Public cases come before anything hidden enters a snapshot, so that no text that students see can carry any of it.
    Values come before any case enters whole: what comes first tells no literal.
    """
    verdicts = Verdicts()
    snapshots = {path: snapshot for path, snapshot in sealed.snapshots.items() if path in tests}
    turns = {path: take_turn(tests[path], snapshot, submission) for path, snapshot in snapshots.items()}
    public: dict[str, dict[int, CaseVerdict]] = {}
    held: dict[str, dict[int, bool | None]] = {}
    for path, turn in turns.items():
        public[path] = turn.judge_public()
        test = tests[path]
        if isinstance(test, TestSource) and reads_shown_names(test):
            # Nothing hidden is told by that, and a turn is saved.
            held[path] = turn.hold_values()
        submission.pause(snapshots[path])
    for path, turn in turns.items():
        if path in held:
            continue
        held[path] = turn.hold_values()
        if held[path]:
            submission.pause(snapshots[path])
    for path, turn in turns.items():
        claimed = {**public[path], **turn.judge_hidden()}
        if any(verdict.passed for verdict in claimed.values()) and turn.says_yes_to_all():
            claimed = disbelieve(claimed)
            verdicts.review.append(f"{tests[path].name}: the snapshot says yes to what cannot be.")
        cases = [confirm(claimed[number], held[path].get(number, True)) for number in sorted(claimed)]
        verdicts.checks.append(CheckVerdict(path, tuple(cases)))
        verdicts.review += list_forged(tests[path].name, claimed, held[path])
    for path in sorted(set(tests) - set(snapshots)):
        verdicts.checks.append(CheckVerdict(path, (CaseVerdict(False, why),) * count_cases(tests[path])))
    return verdicts


def take_turn(test: TestSource | ExceptionTest, snapshot: int, submission: Submission) -> DoctestTurn | ExceptionTurn:
    if isinstance(test, ExceptionTest):
        return ExceptionTurn(test, snapshot, submission)
    return DoctestTurn(test, snapshot, submission)


def count_cases(test: TestSource | ExceptionTest) -> int:
    return len(test.keys if isinstance(test, ExceptionTest) else list_cases(test))


def list_forged(name: str | None, claimed: dict[int, CaseVerdict], held: dict[int, bool | None]) -> list[str]:
    """Lists the cases that a snapshot claims to pass with a value that does not."""
    forged = [number for number, verdict in sorted(claimed.items()) if verdict.passed and held.get(number) is False]
    return [f"{name}, case {number + 1}: passes, but the value it compares is another one." for number in forged]
