"""Ending a command from outside as Ctrl-C ends it, so that it cleans up after itself."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

# Windows knows the first two and Ctrl-Break, POSIX the first three.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


@contextlib.contextmanager
def on_any_end() -> Iterator[None]:
    """Raises KeyboardInterrupt in the block when the process is asked to end, once.

    Further requests are not heard, so that none disturbs the cleaning up that the first one has begun.
    A signal that is ignored stays so (``nohup``).
    """
    if threading.current_thread() is not threading.main_thread():  # where no signal can be handled
        yield
        return
    kept: dict[int, Any] = {}

    def end(_number: int, _frame: FrameType | None) -> None:
        for number in kept:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            kept[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
