"""The end of what a notebook prints."""

import os

LOG_BYTES = 20_000


class Tail:
    """Reads what a notebook prints, all of it, and keeps the end."""

    def __init__(self, source: int) -> None:
        self.source = source
        os.set_blocking(source, False)
        self._kept = b""
        self.is_over = False

    def read(self) -> None:
        """Reads what is there, but not for ever: somebody may write faster than this reads."""
        for _ in range(64):
            try:
                chunk = os.read(self.source, 2**16)
            except BlockingIOError:
                return
            if not chunk:
                self.is_over = True
                return
            self._kept = (self._kept + chunk)[-LOG_BYTES:]

    def text(self) -> str:
        """Answers the end of what was printed, as text that can be written as JSON."""
        self.read()
        return self._kept.decode("utf-8", "replace")
