"""Takes snapshots where otter would run a test."""

import inspect
import os
import select
import socket
from collections.abc import Callable
from typing import Any

from otter.execute import Checker

from . import snapshot

#: The first word of a registration.
WORD = "snapshot"
#: How many snapshots prepare for their questions while the notebook goes on: each takes some megabytes for that.
MOST_REHEARSED = 40


class Registrar:
    """Forks snapshots and has them registered by the sandbox's first process, which knows them by their pids.

    `calls` is where that process takes calls.
    """

    def __init__(self, registry: socket.socket, calls: bytes) -> None:
        self._registry = registry
        self._calls = calls
        self._taken = 0

    def take(self, path: str, environment: dict[str, Any]) -> None:
        """Takes a snapshot and goes on when it is registered, or has ended."""
        while self._is_told():
            pass
        self._taken += 1
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            self._become_snapshot(path, environment, tell)
        os.close(tell)
        poll = select.poll()
        for source in (told, self._registry):
            poll.register(source, select.POLLIN)
        poll.poll()
        os.close(told)

    def _is_told(self) -> bool:
        try:
            return bool(self._registry.recv(1, socket.MSG_DONTWAIT))
        except OSError:
            return False

    def _become_snapshot(self, path: str, environment: dict[str, Any], tell: int) -> None:
        try:
            own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            own.connect(self._calls)
            self._registry.send(f"{WORD} {path}".encode()[:500])
            # The first process says when it has written this one down, and copied the work folder. Where it does not say
            # so to the notebook as well, the end of `tell` does.
            if own.recv(1) == b"+":
                snapshot.close_all_but(own)
                if self._taken <= MOST_REHEARSED:
                    snapshot.rehearse(environment)
                snapshot.wait_and_answer(own, environment)
        except BaseException:  # noqa: S110
            pass  # Nobody is there to hear of it; a snapshot that says nothing is a test without an answer.
        os._exit(0)


def install(registrar: Registrar) -> None:
    """Makes every check of the notebook take its snapshots first, and then run the public cases as it always does."""
    run_public: Callable[..., Any] = Checker.check

    def check(
        nb_or_test_path: str,
        nbmeta_config: Any,
        test_name: str | None = None,
        global_env: dict[str, Any] | None = None,
    ) -> Any:
        if global_env is None:
            frame = inspect.currentframe()
            caller = frame.f_back if frame else None
            global_env = caller.f_globals if caller else {}
        registrar.take(os.path.normpath(os.path.relpath(nb_or_test_path)), global_env)
        return run_public(nb_or_test_path, nbmeta_config, test_name=test_name, global_env=global_env)

    Checker.check = staticmethod(check)
