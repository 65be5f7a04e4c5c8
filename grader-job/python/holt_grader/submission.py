"""One submission as the judge sees it: an order goes in, sealed snapshots come back, and questions are asked of them."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import frames
from .example import GARBLED, Answer, ExceptionText, Question
from .processes import MOST_SEAL_SECONDS
from .warm_client import Warm

#: What sealing and the copies may take beyond the notebook's own time.
SLACK_SECONDS = 30.0
#: What one question may take, and a part of the notebook's time. All of them together have as long as the notebook had.
ASK_SECONDS = 30.0
ASK_PART = 0.5
LEAST_CHECK_SECONDS = 5.0
#: What the sandbox's first process may take to answer: at most to end everything that a notebook has started.
CONTROL_SECONDS = MOST_SEAL_SECONDS + 10.0
#: No honest answer is as long: its texts are cut, and a value that is longer proves nothing.
ANSWER_BYTES = 2**20
LOST = "The test did not end: the notebook's state took too long, too much memory, or ended the process."


class Broken(Exception):
    """The sandbox did not work. It is nobody's fault who submitted."""


@dataclass
class Sealed:
    """What is left of a notebook's run when nothing of it runs any more."""

    ended: str
    cell: int
    log: str
    refused: int
    #: Snapshots of the last check of each test, by the test's path, in the order of their results.
    snapshots: dict[str, int] = field(default_factory=dict)


class Submission:
    """Talks to the first process of one sandbox."""

    def __init__(self, warm: Warm, order: dict[str, Any]) -> None:
        self._control, theirs = socket.socketpair()
        self.order = order
        self._held: dict[int, list[dict[str, Any]]] = {}
        self._channels: dict[int, socket.socket] = {}
        self._turn: int | None = None
        self._is_paused = False
        self._seconds = float(order["allowance"]["seconds"])
        self._deadline = 0.0
        with theirs:
            warm.fork(theirs)
        self._control.settimeout(self._seconds + SLACK_SECONDS)
        frames.send(self._control, order)

    def begin(self, job: dict[str, Any]) -> None:
        """Gives the sandbox its notebook. Until then it may have waited for long."""
        try:
            frames.send(self._control, job, frames.JOB_BYTES)
        except OSError as error:
            raise Broken(f"the sandbox ended before its notebook came ({type(error).__name__}: {error})") from None

    def __enter__(self) -> "Submission":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the sandbox, which ends with that."""
        for channel in self._channels.values():
            channel.close()
        self._control.close()

    def wait_until_sealed(self, *, is_named: bool = False) -> Sealed:
        """Waits for the end of the notebook; raises `Broken` where the sandbox did not work.

        Where the notebook's file name is known, the results have otter's own order.
        """
        try:
            told = frames.receive(self._control)
        except (OSError, EOFError, ValueError) as error:
            raise Broken(f"the sandbox ended without a word ({type(error).__name__}: {error})") from None
        self._deadline = time.monotonic() + max(self._seconds, LEAST_CHECK_SECONDS)
        if not isinstance(told, dict) or "broken" in told:
            raise Broken(str(told.get("broken") if isinstance(told, dict) else told))
        sealed = Sealed(told["ended"], told["cell"], told["log"], told["refused"])
        found = {snapshot["path"]: snapshot["id"] for snapshot in told["sealed"]}
        own = {snapshot["path"] for snapshot in told["sealed"] if snapshot["cell"] < told["cell"]}
        sealed.snapshots = {path: found[path] for path in (list(found) if is_named else order_checks(list(found), own))}
        return sealed

    def ask(self, snapshot: int, frame: dict[str, Any], *, answers: bool = True) -> Any:
        """Asks one snapshot; None where there is no answer. Another snapshot's turn ends with the first question.

        What needs no answer goes with the next question: a way there and back takes time.
        """
        if not answers:
            self._held.setdefault(snapshot, []).append(frame)
            return None
        before = self._held.pop(snapshot, [])
        seconds = min(ASK_SECONDS, self._seconds * ASK_PART, self._deadline - time.monotonic())
        if seconds <= 0 or not self._take_turn(snapshot):
            return None
        channel = self._channels[snapshot]
        channel.settimeout(seconds)
        try:
            for one in (*before, frame):
                frames.send(channel, one)
            return frames.receive(channel, ANSWER_BYTES)
        except (OSError, EOFError, ValueError):
            # Whatever it says from now on could be the answer to an earlier question.
            self._turn = None
            with self._telling():
                frames.send(self._control, {"end": snapshot})
            return None

    def pause(self, snapshot: int) -> None:
        """Ends a snapshot's turn, not the snapshot: it is stopped, and what it has forked ended, before the next turn begins."""
        if self._turn == snapshot:
            self._turn, self._is_paused = None, True

    def _take_turn(self, snapshot: int) -> bool:
        """Has the sandbox's first process let one snapshot run, and no other; tells whether it still can."""
        if self._turn == snapshot:
            return True
        with self._telling():
            frames.send(self._control, {"turn": snapshot, "pause": self._is_paused})
            self._is_paused = False
            if "lost" in read_word(frames.receive(self._control)):
                return False
            _, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
            if not descriptors:
                raise EOFError("no way to a snapshot")
        if snapshot in self._channels:
            self._channels[snapshot].close()
        self._channels[snapshot] = socket.socket(fileno=descriptors[0])
        self._turn = snapshot
        return True

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Talks to the sandbox's first process, which nobody but this program has a say in: it answers, or all is lost."""
        self._control.settimeout(CONTROL_SECONDS)
        try:
            yield
        except (OSError, EOFError, ValueError) as error:
            raise Broken(f"the sandbox was lost ({type(error).__name__}: {error})") from None

    def make_asker(self, snapshot: int) -> Callable[[Question], Answer]:
        """Makes the function that executes examples of one case in a snapshot."""
        self.ask(snapshot, {"do": "case"}, answers=False)
        lost = False

        def ask(question: Question) -> Answer:
            nonlocal lost
            told = None if lost else self.ask(snapshot, {"do": "example", "question": question.write()})
            try:
                return Answer.read(told)
            except ValueError:
                lost = True
                said = LOST if told is None else GARBLED
                return Answer(exception=ExceptionText(said, said + "\n"))

        return ask


def read_word(told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise ValueError("a word that is none")
    return told


def order_checks(paths: list[str], own: set[str]) -> list[str]:
    """Puts the tests that a notebook did not check itself among those it did, where those are in the files' order.

    Otter puts them last, or all in the files' order when it cannot open the notebook under the name it calls itself by,
    which depends on a file's name that a submission does not have. Their scores are the same.
    """
    checked = [path for path in paths if path in own]
    return sorted(paths) if checked == sorted(checked) else paths
