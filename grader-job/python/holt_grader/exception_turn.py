"""Has the cases of a test file in otter's exception format run in a snapshot, which can only make claims."""

from typing import Any

from .decoys import make_case
from .example import Answer
from .exception_listing import ExceptionTest
from .exception_steps import Step, list_parameters
from .results import CaseVerdict
from .submission import LOST, Submission
from .told_literals import quiet
from .value_claims import compare, join

NOT_LOADED = "The question's test could not be loaded with what the notebook has left:\n"


class ExceptionTurn:
    """One test's turns in its snapshot: first what students may see, then values, then what is hidden."""

    def __init__(self, test: ExceptionTest, snapshot: int, submission: Submission) -> None:
        self._test = test
        self._snapshot = snapshot
        self._submission = submission
        self._problem = ""

    def judge_public(self) -> dict[int, CaseVerdict]:
        """Loads the file and runs the public cases."""
        told = self._ask("open", source=self._test.source.public, path=self._test.path)
        if not isinstance(told, dict) or "failed" in told:
            self._problem = f"{NOT_LOADED}{told['failed']!s:.1500}" if isinstance(told, dict) else LOST
        return {number: self._run(number, self._test.source.public) for number in self._test.public_numbers}

    def hold_values(self) -> dict[int, bool | None]:
        """Asks for the student's side of every comparison; answers for each case that has some whether all hold.

        It is a fork that answers, until the snapshot is paused.
        """
        if self._problem or not self._test.steps:
            return {}
        self._submission.ask(self._snapshot, {"do": "values"}, answers=False)
        return {number: self._hold(number, steps) for number, steps in self._test.steps.items()}

    def judge_hidden(self) -> dict[int, CaseVerdict]:
        """Shows the hidden cases, one after the other, and runs them."""
        source = self._test.source
        if self._test.hidden_numbers and not self._problem:
            self._ask("enter", source=source.helpers)
        verdicts = {}
        for number in self._test.hidden_numbers:
            key = self._test.keys[number]
            if not self._problem:
                self._ask("enter", source=source.show(key))
            verdicts[number] = self._run(number, source.show_with(key))
        return verdicts

    def says_yes_to_all(self) -> bool:
        """Tells whether the snapshot claims what cannot be. Asked last: what a case sees is not touched."""
        key, source = make_case()
        self._ask("enter", source=source)
        told = self._ask("run", key=key, name=self._test.name, source=source)
        try:
            return Answer.read(told).exception is None
        except ValueError:
            # None is no answer. Another that cannot be read comes from another program than ours.
            return told is not None

    def _run(self, number: int, source: str) -> CaseVerdict:
        if self._problem:
            return CaseVerdict(False, self._problem)
        told = self._ask("run", key=self._test.keys[number], name=self._test.name, source=source)
        try:
            raised = Answer.read(told).exception
        except ValueError:
            self._problem = LOST
            return CaseVerdict(False, LOST)
        return CaseVerdict(raised is None, "" if raised is None else raised.traceback)

    def _hold(self, number: int, steps: list[Step]) -> bool | None:
        function = self._test.source.function(self._test.keys[number])
        self._ask("enter", source=self._test.source.helpers_of(step.shown for step in steps))
        self._ask("names", parameters=list_parameters(function))
        held: bool | None = True
        for step in steps:
            if step.comparison is None:
                self._ask("step", source=quiet(step.source))
            else:
                told = self._submission.ask(self._snapshot, {"do": "value", "source": step.comparison.source})
                held = join(held, compare(step.comparison, told))
        return held

    def _ask(self, action: str, **fields: Any) -> Any:
        return self._submission.ask(self._snapshot, {"do": f"exception-{action}", **fields})
