"""Notices that this process waits for something that will never come: it is still there, and sends nothing."""

import sys
import threading
import time
from collections.abc import Callable

_SENT = ("http.client.send", "http.client.connect", "socket.connect", "socket.sendto")
# A person may take their time to log in, and a piece of a large file to be sent over a slow line.
PATIENCE_SECONDS = 20 * 60.0


def watch(give_up: Callable[[float], None], patience: float = PATIENCE_SECONDS) -> None:
    """Calls something once this process has sent nothing for so long, from a thread of its own.

    Args:
        give_up: is told how long.
        patience: so long.
    """
    last = time.monotonic()

    def hear(event: str, _: tuple[object, ...]) -> None:
        nonlocal last
        if event in _SENT:
            last = time.monotonic()

    def look() -> None:
        while (idle := time.monotonic() - last) < patience:
            time.sleep(min(patience - idle, 30.0))
        give_up(patience)

    sys.addaudithook(hear)
    threading.Thread(target=look, daemon=True).start()
