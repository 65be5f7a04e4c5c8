"""Has the cases of a test file in the doctest format executed in a snapshot, which can only make claims."""

import doctest
import re
from textwrap import dedent

from .decoys import find_names, says_yes_to_all
from .doctest_verdict import judge_case, parse_examples
from .example import Question
from .literals import Comparison, find_comparison
from .read_tests import TestSource
from .results import CaseVerdict
from .submission import Submission
from .told_literals import gives_away, quiet, tells
from .value_claims import compare, join

#: What an example may want that a notebook could say without knowing anything.
GUESSED = ("", "True", "False")


def list_cases(test: TestSource) -> list[dict[str, object]]:
    """Lists a test's cases as its author wrote them."""
    assert test.spec is not None
    cases: list[dict[str, object]] = test.spec["suites"][0]["cases"]
    return cases


def read_body(case: dict[str, object]) -> str:
    return dedent(str(case["code"]))


def is_hidden(case: dict[str, object]) -> bool:
    return bool(case.get("hidden", True))


def find_comparisons(name: str, case: dict[str, object]) -> dict[int, Comparison]:
    """Finds in a hidden case the examples whose verdict does not depend on the student's memory alone, by number."""
    if not is_hidden(case):
        return {}
    examples = parse_examples(name, read_body(case))
    if any(doctest.SKIP in example.options for example in examples):
        return {}
    found = {number: find_comparison(example.source, example.want) for number, example in enumerate(examples)}
    return {number: comparison for number, comparison in found.items() if comparison}


def reads_names_only(examples: tuple[doctest.Example, ...], comparisons: dict[int, Comparison]) -> bool:
    """Tells whether all that a case asks of the student's side is what some names hold. To read a name changes nothing."""
    return len(examples) == len(comparisons) and all(each.source.isidentifier() for each in comparisons.values())


def reads_shown_names(test: TestSource) -> bool:
    """Tells whether all that a test's comparisons ask for are names that its public cases tell students already."""
    cases = [(f"{test.name} {number}", case) for number, case in enumerate(list_cases(test))]
    shown = set(re.findall(r"\w+", " ".join(read_body(case) for _, case in cases if not is_hidden(case))))
    found = [(parse_examples(name, read_body(case)), find_comparisons(name, case)) for name, case in cases]
    return all(
        reads_names_only(examples, comparisons) and {each.source for each in comparisons.values()} <= shown
        for examples, comparisons in found
        if comparisons
    )


def list_forgeable(test: TestSource) -> list[int]:
    """Lists the hidden cases, by number, that a notebook could pass by claiming so.

    A case is safe when some example of it wants a text, or compares with a literal that the judge holds, and no example
    before has told it.
    """
    return [
        number
        for number, case in enumerate(list_cases(test))
        if is_hidden(case) and not is_safe(f"{test.name} {number}", case)
    ]


def is_safe(name: str, case: dict[str, object]) -> bool:
    """Tells whether nobody can pass a hidden case who does not know what it wants."""
    examples, comparisons = parse_examples(name, read_body(case)), find_comparisons(name, case)
    sources = [example.source for example in examples]
    if comparisons and not gives_away(sources, comparisons):
        return True
    return any(
        example.want.strip() not in GUESSED and not tells(sources[: place + 1], [example.want.strip()])
        for place, example in enumerate(examples)
    )


class DoctestTurn:
    """One test's turns in its snapshot: first what students may see, then values, then what is hidden."""

    def __init__(self, test: TestSource, snapshot: int, submission: Submission) -> None:
        self._test = test
        self._snapshot = snapshot
        self._submission = submission

    def judge_public(self) -> dict[int, CaseVerdict]:
        """Judges the public cases."""
        return self._judge(hidden=False)

    def judge_hidden(self) -> dict[int, CaseVerdict]:
        """Judges the hidden cases."""
        return self._judge(hidden=True)

    def hold_values(self) -> dict[int, bool | None]:
        """Asks for the student's side of every comparison; answers for each case that has some whether all hold.

        Where more than names is read, it is a fork that answers, until the snapshot is paused.
        """
        found = {}
        for number, case in enumerate(list_cases(self._test)):
            if comparisons := find_comparisons(self._name(number), case):
                found[number] = (parse_examples(self._name(number), read_body(case)), comparisons)
        if found and not all(reads_names_only(*case) for case in found.values()):
            self._submission.ask(self._snapshot, {"do": "values"}, answers=False)
        return {number: self._hold(number, *case) for number, case in found.items()}

    def says_yes_to_all(self) -> bool:
        """Tells whether the snapshot claims what cannot be. Asked last: what a case sees is not touched."""
        name = self._name(0)
        examples = [one for case in list_cases(self._test) for one in parse_examples(name, read_body(case))]
        names = find_names(example.source for example in examples)
        return says_yes_to_all(name, names, self._submission.make_asker(self._snapshot))

    def _hold(
        self, number: int, examples: tuple[doctest.Example, ...], comparisons: dict[int, Comparison]
    ) -> bool | None:
        ask = self._submission.make_asker(self._snapshot)
        held: bool | None = True
        for place, example in enumerate(examples):
            comparison = comparisons.get(place)
            if comparison is None:
                ask(Question(self._name(number), place, quiet(example.source)))
            else:
                told = self._submission.ask(self._snapshot, {"do": "value", "source": comparison.source})
                held = join(held, compare(comparison, told))
        return held

    def _judge(self, *, hidden: bool) -> dict[int, CaseVerdict]:
        """Judges cases in the file's order, each with names of its own, as otter runs them."""
        verdicts = {}
        for number, case in enumerate(list_cases(self._test)):
            if is_hidden(case) == hidden:
                ask = self._submission.make_asker(self._snapshot)
                verdicts[number] = CaseVerdict(*judge_case(self._name(number), read_body(case), ask))
        return verdicts

    def _name(self, number: int) -> str:
        return f"{self._test.name} {number}"
