"""Waiting for what others do: no longer than they need, and as long as the slowest machine may take."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 120.0
PROCESS_SECONDS = 600.0
"""How long a command, or a program that calls an SDK, may take: in vain is it waited for only where it hangs."""


def until(condition: Callable[[], Any]) -> Any:
    """The first true answer of a condition that is asked again and again; fails the test when there is none."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
    return answer


async def comes(condition: Callable[[], Any]) -> Any:
    """The same in an event loop, which goes on meanwhile."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.01)
    return answer
