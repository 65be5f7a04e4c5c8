"""A frozen copy of the student's process, taken at a check. It answers the judge's questions when everything else is dead.

Whatever is in this memory may be the student's: what leaves it is a claim, and the judge compares.
"""

import os
import signal
import socket
import sys
from typing import Any

from .exception_case import ExceptionRunner
from .frames import receive, send
from .plain_data import encode
from .run_example import Question, execute_example, forget_case

REQUEST_BYTES = 2**20


def wait_and_answer(channel: socket.socket, environment: dict[str, Any]) -> None:
    """Answers questions until the other side hangs up. Each case gets its own copy of the names, as otter gives it."""
    names = environment.copy()
    exceptions = ExceptionRunner(environment)
    while True:
        try:
            request = receive(channel, REQUEST_BYTES)
        except (EOFError, OSError):
            return
        assert isinstance(request, dict)
        if request["do"] == "values":
            answer_values(channel, environment, exceptions)
        elif request["do"] == "case":
            names = environment.copy()
        elif request["do"] == "example":
            send(channel, execute_example(Question.read(request["question"]), names).write())
        elif request["do"].startswith("exception-"):
            send(channel, exceptions.answer(request))
        elif request["do"] == "value":
            # More than a name is asked of a fork. Where there was one, it has ended.
            plain = request["source"].isidentifier()
            send(channel, read_value(request["source"], names) if plain else {"failed": "ended"})


def rehearse(environment: dict[str, Any]) -> None:
    """Executes examples that change nothing: what a fork copies when it is first written to is copied while others run.

    There is no value in them that a notebook could take for an answer.
    """
    names = {**environment, "rehearsed": ()}
    for number, source in enumerate(("assert not rehearsed\n", "assert rehearsed\n")):
        execute_example(Question("rehearsal", number, source), names).write()
    forget_case()


def answer_values(channel: socket.socket, environment: dict[str, Any], exceptions: ExceptionRunner) -> None:
    """Has a fork answer until a pause ends it: what the values change is gone when the cases come.

    It is paused when it has answered all, so it has read whole questions only.
    """
    child = os.fork()
    if child:
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended != -signal.SIGKILL:
            # A question has ended it; a pause would have killed it.
            send(channel, {"failed": "ended"})
        return
    names = environment.copy()
    while True:
        request = receive(channel, REQUEST_BYTES)
        assert isinstance(request, dict)
        if request["do"] == "case":
            names = environment.copy()
        elif request["do"] == "example":
            send(channel, execute_example(Question.read(request["question"]), names).write())
        elif request["do"] == "value":
            send(channel, read_value(request["source"], names))
        elif request["do"] == "exception-names":
            names = exceptions.make_names(request["parameters"])
            send(channel, {})
        elif request["do"] == "exception-step":
            send(channel, exceptions.execute(request["source"], names))
        elif request["do"].startswith("exception-"):
            send(channel, exceptions.answer(request))


def read_value(source: str, names: dict[str, Any]) -> dict[str, object]:
    """Evaluates the student's side of a comparison, which does not tell what it is compared with."""
    try:
        return {"value": encode(eval(compile(source, "<doctest>", "eval"), names))}
    except BaseException as error:
        return {"failed": type(error).__name__}


def close_all_but(channel: socket.socket) -> None:
    """Lets go of everything inherited, so that no file or pipe of the notebook is held or written by a snapshot."""
    kept = channel.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, 65_536)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    if nothing > 2:
        os.close(nothing)
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", closefd=False)
