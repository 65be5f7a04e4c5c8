"""The judge's end of the warm process."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

START_SECONDS = 60.0
LOAD_SECONDS = 120.0

#: All of the environment that student code will ever see, and one thread for each library.
ENVIRONMENT = {
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "USER": "student",
    "LOGNAME": "student",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class Warm:
    """A process with everything loaded that notebooks need, which knows nothing of any assignment."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._lock = threading.Lock()
        path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "holt_grader.warm", str(theirs.fileno())]
                if sys.version_info >= (3, 11)
                else [sys.executable, "-m", "holt_grader.warm", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**ENVIRONMENT, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[1])},
                cwd="/",
                stdin=subprocess.DEVNULL,
            )

    def wait(self) -> None:
        """Waits until it is warm."""
        self._socket.settimeout(START_SECONDS)
        if self._socket.recv(4) != b"warm":
            raise RuntimeError("the warm process ended at its start: its last words are in the log")
        self._socket.settimeout(None)

    def load(self, packages: str, modules: list[str]) -> list[str]:
        """Has it load a layer, before it forks for the first time; answers what of that failed, a sentence each."""
        # Not above: nothing is loaded before the warm process has started.
        from . import frames

        own, theirs = socket.socketpair()
        with own:
            with theirs, self._lock:
                socket.send_fds(self._socket, [b"layer"], [theirs.fileno()])
            own.settimeout(LOAD_SECONDS)
            frames.send(own, {"packages": packages, "modules": modules})
            told = frames.receive(own)
        return list(told["failed"]) if isinstance(told, dict) else []

    def fork(self, control: socket.socket) -> None:
        """Has it fork a process for one submission, which will talk on this socket."""
        with self._lock:
            socket.send_fds(self._socket, [b"fork"], [control.fileno()])

    def close(self) -> None:
        """Ends it, and everything that was forked from it."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid
