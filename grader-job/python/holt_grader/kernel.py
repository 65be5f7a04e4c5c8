"""An IPython shell that runs cells as a Jupyter kernel runs them, without the kernel's sockets and threads."""

import asyncio
import builtins
import os
import sys
from types import SimpleNamespace
from typing import Any

from ipykernel.compiler import XCachingCompiler
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.error import StdinNotImplementedError
from jupyter_client.session import Session
from traitlets.config import Config

NO_INPUT = "raw_input was called, but this frontend does not support input requests."


class SilentSession(Session):
    """Builds a kernel's messages and sends none: nobody looks at a graded notebook's outputs."""

    def send(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {}


class GradingShell(ZMQInteractiveShell):
    """The shell of ipykernel; what it would ask its kernel for is answered here."""

    compiler_class = XCachingCompiler

    def enable_gui(self, gui: str | None = None) -> None:
        self.active_eventloop = gui


def make_shell() -> GradingShell:
    """Makes the process's shell. It can be made before a fork: it has no thread and no open file."""
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    shell = GradingShell.instance(config=config, user_ns={}, kernel=SimpleNamespace(eventloop=None))
    session = SilentSession(key=b"", username="student")
    publishers: tuple[Any, ...] = (shell.displayhook, shell.display_pub)
    for publisher in publishers:
        publisher.session = session
        publisher.pub_socket = None
    shell.colors = "nocolor"
    return shell


def refuse_input(*_: object, **__: object) -> str:
    raise StdinNotImplementedError(NO_INPUT)


async def run_cell(shell: GradingShell, source: str) -> None:
    """Runs one cell; what it raises is shown as a kernel would show it, and goes no further.

    Source: ipykernel 7, `IPythonKernel.do_execute`.
    """
    real_input = builtins.input
    builtins.input = refuse_input
    failure = None
    try:
        try:
            transformed = shell.transform_cell(source)
        except Exception:
            transformed, failure = source, sys.exc_info()
        if shell.should_run_async(source, transformed_cell=transformed, preprocessing_exc_tuple=failure):
            cell = shell.run_cell_async(
                source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=failure
            )
            result = await asyncio.ensure_future(cell)
            shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)
        else:
            shell.run_cell(source, store_history=True)
    finally:
        builtins.input = real_input
        if shell.payload_manager:
            shell.payload_manager.clear_payload()
    # A kernel goes back to its loop between cells, so what a cell has started goes on a little.
    await asyncio.sleep(0)
