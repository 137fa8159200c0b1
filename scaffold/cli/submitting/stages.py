"""The stages of a run on the local workspace: one line for each that somebody has to wait for."""

import threading
from collections.abc import Callable

from scaffold.cli import console

_PATIENCE_SECONDS = 1.0


class Stages:
    """Tells a stage once it has lasted a while: a run that is over at once has none to tell."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def enter(self, stage: str) -> None:
        """A stage has begun, and the one before it is over."""
        self.leave()
        self._timer = threading.Timer(_PATIENCE_SECONDS, console.note, [f"  · {stage}"])
        self._timer.daemon = True
        self._timer.start()

    def leave(self) -> None:
        """The stage is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class BuildLog:
    """The log of an environment's build, shown line by line while it grows.

    Args:
        read: gives the bytes of the log from an offset on.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._over = threading.Event()
        self._offset = 0
        self._rest = b""
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._over.wait(0.3):
            self._show()
        self._show()
        if self._rest:
            self._line(self._rest)

    def _show(self) -> None:
        try:
            piece = self._read(self._offset)
        except OSError:  # the service is gone, which who follows the run finds out
            return
        self._offset += len(piece)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._line(line)

    @staticmethod
    def _line(line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            console.note(f"  | {console.inert(text)}")

    def close(self) -> None:
        """The build is over: shows the rest."""
        self._over.set()
        self._thread.join(timeout=10)
