"""The warm process: everything that a notebook needs is loaded, nothing of any assignment is. It forks for each submission."""

import gc
import os
import signal
import socket
import sys
import warnings

from . import container, huge_pages, loaded_layer, rehearsal, syscalls
from .kernel import GradingShell, make_shell
from .processes import reap

#: What most notebooks import. What is not installed is not missed.
LIBRARIES = ("numpy", "pandas", "matplotlib.pyplot", "scipy", "datascience", "sklearn", "seaborn")


def preload() -> GradingShell:
    """Loads libraries and uses once what is slow at first use: the notebook's schema, a cell, a traceback."""
    import nbformat

    for name in LIBRARIES:
        try:
            __import__(name)
        except ImportError:
            continue
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.validate(notebook)
    shell = make_shell()
    warm_up(shell)
    return shell


def warm_up(shell: GradingShell) -> None:
    """Runs a cell that prints a table and one that fails, and leaves no trace of them."""
    import asyncio

    from . import kernel

    out, error = sys.stdout, sys.stderr
    with open(os.devnull, "w") as nothing, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stdout = sys.stderr = nothing
        try:
            for source in ("import pandas\npandas.DataFrame({'a': [1]})", "def _fail():\n    1 / 0\n_fail()"):
                asyncio.run(kernel.run_cell(shell, source))
        finally:
            sys.stdout, sys.stderr = out, error
    shell.reset(new_session=True)
    shell.user_ns.pop("pandas", None)
    shell.execution_count = 1


def settle() -> None:
    """Makes of what is loaded what is cheap to fork."""
    gc.collect()
    gc.freeze()
    huge_pages.collapse()


def serve(judge: socket.socket) -> None:
    """Forks a sandbox for each message. The message carries the socket on which the judge will talk to it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    shell = preload()
    rehearsal.rehearse()
    settle()
    judge.send(b"warm")
    while True:
        message, descriptors, _, _ = socket.recv_fds(judge, 16, 1)
        reap()
        if not message or not descriptors:
            return
        if message == b"layer":
            loaded_layer.load(socket.socket(fileno=descriptors[0]))
            settle()
            continue
        if os.fork() == 0:
            judge.close()
            container.start(socket.socket(fileno=descriptors[0]), shell)
        os.close(descriptors[0])


if __name__ == "__main__":
    syscalls.die_with_parent()
    serve(socket.socket(fileno=int(sys.argv[1])))
