"""Executes single examples as doctest does. This runs in a snapshot: what it returns is a claim."""

import contextlib
import doctest
import io
from typing import Any

from .example import CAP, Answer, ExceptionText, Question

__all__ = ["Answer", "CaseRunner", "Question", "execute_example"]


#: What is said where doctest ended without a look at the example, as it does when a notebook has changed it.
NOT_RUN = "The example was not executed.\n"


class _KeptOutput(doctest._SpoofOut):  # type: ignore[name-defined,misc]
    """Keeps what doctest took last, which doctest itself puts together with the traceback."""

    last = ""

    def getvalue(self) -> str:
        self.last = str(super().getvalue())
        return self.last


class _Recorder(doctest.OutputChecker):
    """Stands where doctest compares, to see an exception's text; nothing is compared in a snapshot."""

    printed: str | None = None
    raised: str | None = None

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        # An empty text is wanted of what is printed, an empty line of an exception.
        if want:
            self.raised = got
        else:
            self.printed = got
        return True


class _Runner(doctest.DocTestRunner):
    got: str = ""

    def report_start(self, out: Any, test: doctest.DocTest, example: doctest.Example) -> None:
        pass

    def report_success(self, out: Any, test: doctest.DocTest, example: doctest.Example, got: str) -> None:
        self.got = got


class CaseRunner:
    """Executes the examples of one case, in one namespace, through doctest's own loop.

    The loop is doctest's so that tracebacks, captured output and displayed values are what they would have been.
    """

    def __init__(self, globs: dict[str, Any]) -> None:
        self.globs = globs
        self._errors = io.StringIO()
        self._sources: dict[int, str] = {}
        # Taken once, as doctest does: a future import in one example does not reach the next.
        self._flags: int = doctest._extract_future_flags(globs)  # type: ignore[attr-defined]

    def execute(self, question: Question) -> Answer:
        """Executes one example. What doctest does not catch (KeyboardInterrupt) is not caught here either."""
        from otter.utils import hide_outputs

        self._sources[question.number] = question.source
        test = doctest.DocTest([], {}, question.name, None, None, None)
        test.globs = self.globs
        # An empty wanted message makes doctest's loop hand over the text of an exception to the checker.
        test.examples = [self._make_example(number, question.number) for number in range(question.number + 1)]
        checker = _Recorder()
        runner = _Runner(checker, verbose=True)
        output = _KeptOutput()
        runner._fakeout = output  # type: ignore[attr-defined]
        start = len(self._errors.getvalue())
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(self._errors), hide_outputs():
            runner.run(test, self._flags, clear_globs=False)
        errors = self._errors.getvalue()[start:]
        got = output.last
        traceback = runner.got[len(got) :]
        if checker.raised is not None:
            raised = ExceptionText(checker.raised[: CAP + 1], traceback[: CAP + 1])
        elif checker.printed is not None:
            raised = None
        else:
            raised = ExceptionText(NOT_RUN, NOT_RUN)
        return Answer(got[: CAP + 1], errors[: CAP + 1], raised)

    def _make_example(self, number: int, last: int) -> doctest.Example:
        """Returns an example for doctest's list: earlier ones are there for their numbers and sources only."""
        options = {} if number == last else {doctest.SKIP: True}
        return doctest.Example(self._sources.get(number, "\n"), "", exc_msg="\n", options=options)


_current: CaseRunner | None = None


def forget_case() -> None:
    """Lets go of the case whose examples came last."""
    global _current
    _current = None


def execute_example(question: Question, globs: dict[str, Any]) -> Answer:
    """Executes one example in a namespace; calls with the same namespace are examples of one case."""
    global _current
    if _current is None or _current.globs is not globs:
        _current = CaseRunner(globs)
    return _current.execute(question)
