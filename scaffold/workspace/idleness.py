"""Whether anybody needs the service: connections that are open or were made, and runs that are under way.

A command that looks for the service makes a connection and no request, so connections are what counts: a
service that was just found does not end before it is asked. A page that is open holds one, or asks again.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from scaffold.workspace.doors import Doors
from scaffold.workspace.engine.engine import Engine
from scaffold.workspace.protocol import LimitedProtocol
from scaffold.workspace.store import Store
from scaffold.workspace.store.database import now, timestamp

_LOOK_SECONDS = 30.0
_INTERACTIVE = timedelta(days=1)


class Activity:
    """The connections of the service.

    Args:
        doors: what takes notice of each.

    Attributes:
        protocol: what uvicorn has to speak with, so that they are counted.
    """

    def __init__(self, doors: Doors) -> None:
        self._open = 0
        self._last = time.monotonic()
        activity = self

        class Counted(LimitedProtocol):
            def connection_made(self, transport: Any) -> None:
                activity.note(1)
                self.key = doors.made(transport)
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                activity.note(-1)
                doors.let_in(self.key)
                super().connection_lost(exc)

        self.protocol = Counted

    def note(self, change: int) -> None:
        """Counts a connection that was made (1) or lost (-1)."""
        self._open += change
        self._last = time.monotonic()

    def idle_for(self, seconds: float) -> bool:
        """True when there was no connection for so long."""
        return self._open <= 0 and time.monotonic() - self._last >= seconds


async def stop_when_idle(
    activity: Activity, engine: Engine, store: Store, seconds: float, stop: Callable[[], None]
) -> None:
    """Ends the service when nobody has needed it for so long.

    An interactive run (of a notebook) counts as under way for a day: nobody says so when one is given up.
    """
    while True:
        await asyncio.sleep(min(seconds / 4, _LOOK_SECONDS))
        needed = True
        with contextlib.suppress(sqlite3.OperationalError):  # locked: somebody may need it
            needed = engine.busy or store.runs.interactive_since(timestamp(now() - _INTERACTIVE))
        if activity.idle_for(seconds) and not needed:
            stop()
            return
