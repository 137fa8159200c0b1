"""The stages of a run on the local workspace: one line for each that somebody has to wait for."""

import threading
from collections import deque
from collections.abc import Callable

from scaffold.cli import console

_PATIENCE_SECONDS = 1.0
_END_LINES = 40
_FAILED = "The environment was not built:"  # how a build ends its log (see ``workspace.engine.builds``)


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
    """The log of an environment's build: its newest line while it grows, and its end when the build fails.

    Args:
        read: gives the bytes of the log from an offset on.
        show_newest: called with each new line.
    """

    def __init__(self, read: Callable[[int], bytes], show_newest: Callable[[str], None]) -> None:
        self._read = read
        self._show_newest = show_newest
        self._over = threading.Event()
        self._offset = 0
        self._rest = b""
        self._end: deque[str] = deque(maxlen=_END_LINES)
        self._count = 0
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._over.wait(0.3):
            self._read_more()
        self._read_more()
        self._keep(self._rest)

    def _read_more(self) -> None:
        try:
            piece = self._read(self._offset)
        except OSError:  # the service is gone, which who follows the run finds out
            return
        self._offset += len(piece)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._keep(line)

    def _keep(self, line: bytes) -> None:
        text = console.inert(line.decode("utf-8", "replace").rstrip())
        if text:
            self._count += 1
            self._end.append(text)
            self._show_newest(text)

    def close(self) -> None:
        """Stop reading, and show the end of the log where it says that the build has failed."""
        self._over.set()
        self._thread.join(timeout=10)
        if not any(line.startswith(_FAILED) and not line.endswith(": canceled") for line in self._end):
            return
        if self._count > len(self._end):
            console.note(f"  | … {self._count - len(self._end)} lines before these")
        for text in self._end:
            console.note(f"  | {text}")
