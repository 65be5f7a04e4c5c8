"""Loads an assignment's layer of packages in the warm process, so that every submission begins with them."""

import contextlib
import importlib
import os
import signal
import socket
import sys
from types import FrameType

from . import frames

#: What the import of one package may take.
SECONDS = 30

_places: list[str] = []


def list_places() -> list[str]:
    """Lists the folders that a sandbox must show beside the grader's own Python."""
    return list(_places)


def load(judge: socket.socket) -> None:
    """Takes a layer's folder and modules from the judge, and tells which cannot be imported."""
    with judge:
        order = frames.receive(judge)
        assert isinstance(order, dict)
        # Last on the path: the grader's own packages win.
        sys.path.append(order["packages"])
        _places.append(order["packages"])
        failed = [f"{name} cannot be imported: {why}" for name in order["modules"] if (why := import_module(name))]
        frames.send(judge, {"failed": failed})


def import_module(name: str) -> str:
    """Imports a module; answers why it cannot be, or nothing. A notebook may never need it."""
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(SECONDS)
    try:
        with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing), contextlib.redirect_stderr(nothing):
            importlib.import_module(name)
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"[:300].encode(errors="replace").decode()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    return ""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"it takes more than {SECONDS} seconds")
