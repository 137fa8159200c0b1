"""Patience with what passes: a full disk, and a database that another program has locked.

What a run left, and how it ended, must not be lost to either.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

from scaffold.workspace.room import is_locked, passes

_ROOM_POLL_SECONDS = 2.0
_LOCK_POLL_SECONDS = 0.5


def why(error: BaseException) -> str:
    """What a person is told that a run waits for."""
    if is_locked(error):
        return "waiting: another program has the workspace's database locked"
    return "waiting: the disk that holds the workspace is full"


def pause(error: BaseException) -> float:
    """How long to wait (seconds) before the next attempt."""
    return _LOCK_POLL_SECONDS if is_locked(error) else _ROOM_POLL_SECONDS


async def patiently(work: Callable[[], Any], waiting: Callable[[str], None] = lambda _: None) -> Any:
    """The outcome of work that can be done again; while it fails by what passes, it is tried again.

    Args:
        work: the work; what it returns is awaited where it can be.
        waiting: told once why it has to wait.
    """
    told = False
    while True:
        try:
            outcome = work()
            return await outcome if asyncio.iscoroutine(outcome) else outcome
        except (OSError, sqlite3.OperationalError) as error:
            if not passes(error):
                raise
            reason, seconds = why(error), pause(error)
        if not told:
            told = True
            waiting(reason)
        await asyncio.sleep(seconds)
