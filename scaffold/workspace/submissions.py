"""What happens to a submission while somebody waits for it: events, handed to those who follow.

A submission is one run of a submitting program. Its token carries an id (claim ``sid``), so the service
knows what belongs together although the SDK says nothing of it. Kept in memory alone: it is news, and
what it tells of is in the store.
"""

import asyncio
from collections import OrderedDict, defaultdict
from typing import Any

_KEPT = 200


class Submissions:
    """The events of the latest submissions."""

    def __init__(self) -> None:
        self._events: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()
        self._waiting: dict[str, list[asyncio.Future[None]]] = defaultdict(list)

    def tell(self, submission: str | None, event: str, **details: Any) -> None:
        """Adds an event; without a submission nobody waits for it."""
        if submission is None:
            return
        self._events.setdefault(submission, []).append({"event": event, **details})
        self._events.move_to_end(submission)
        while len(self._events) > _KEPT:
            self._events.popitem(last=False)
        for future in self._waiting.pop(submission, []):
            if not future.done():
                future.set_result(None)

    def queued(self, submission: str) -> set[str]:
        """The ids of the runs that the submission's events tell of."""
        events = self._events.get(submission, [])
        return {event["run_id"] for event in events if event["event"] == "queued"}

    async def after(self, submission: str, seen: int, timeout: float) -> list[dict[str, Any]]:
        """The events after the first ``seen``, waiting up to ``timeout`` seconds when there is none yet."""
        events = self._events.get(submission, [])
        if len(events) <= seen and timeout > 0:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[submission].append(future)
            try:
                await asyncio.wait_for(future, timeout)
            except asyncio.TimeoutError:
                pass
            finally:
                waiting = self._waiting.get(submission, [])
                if future in waiting:
                    waiting.remove(future)
                if not waiting:
                    self._waiting.pop(submission, None)
            events = self._events.get(submission, [])
        return events[seen:]
