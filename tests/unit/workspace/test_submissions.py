"""News of a submission, for those who wait for it."""

import asyncio
from typing import Any

from scaffold.workspace.submissions import Submissions

LONG_SECONDS = 60.0


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


def test_events_come_in_their_order_and_none_twice():
    async def scenario() -> None:
        submissions = Submissions()
        for number in range(3):
            submissions.tell("s", f"event {number}", number=number)

        assert await submissions.after("s", 0, 0) == [{"event": f"event {n}", "number": n} for n in range(3)]
        assert names(await submissions.after("s", 2, LONG_SECONDS)) == ["event 2"]
        assert await submissions.after("s", 3, 0) == []

    asyncio.run(scenario())


def test_whoever_waits_is_woken_by_the_next_event():
    async def scenario() -> None:
        submissions = Submissions()
        waiting = [asyncio.create_task(submissions.after("s", 0, LONG_SECONDS)) for _ in range(3)]
        await asyncio.sleep(0)
        submissions.tell("s", "first")
        submissions.tell("s", "second")

        for events in await asyncio.gather(*waiting):
            assert names(events) == ["first", "second"]

    asyncio.run(scenario())


def test_another_submissions_events_wake_nobody():
    async def scenario() -> None:
        submissions = Submissions()
        waiting = asyncio.create_task(submissions.after("mine", 0, LONG_SECONDS))
        await asyncio.sleep(0)
        submissions.tell("another", "news")
        submissions.tell(None, "of nobody's")
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()

        submissions.tell("mine", "news")
        assert names(await waiting) == ["news"]

    asyncio.run(scenario())


def test_when_nothing_comes_the_answer_is_empty():
    async def scenario() -> None:
        submissions = Submissions()
        assert await submissions.after("s", 0, 0.01) == []
        submissions.tell("s", "later")
        assert names(await submissions.after("s", 0, 0)) == ["later"]

    asyncio.run(scenario())


def test_one_who_stops_waiting_does_not_keep_the_news_from_the_others():
    async def scenario() -> None:
        submissions = Submissions()
        gone, there = (asyncio.create_task(submissions.after("s", 0, LONG_SECONDS)) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        submissions.tell("s", "news")

        assert names(await there) == ["news"]

    asyncio.run(scenario())


def test_only_the_latest_submissions_are_remembered():
    async def scenario() -> None:
        submissions = Submissions()
        for number in range(1000):
            submissions.tell(str(number), "queued")
            submissions.tell("busy", f"{number}")

        assert await submissions.after("0", 0, 0) == []
        assert names(await submissions.after("999", 0, 0)) == ["queued"]
        # One that goes on having news is not an old one.
        assert len(await submissions.after("busy", 0, 0)) == 1000

    asyncio.run(scenario())
