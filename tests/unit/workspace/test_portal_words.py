"""Times and durations as the pages say them."""

import os
import time
from collections.abc import Iterator

import pytest

from scaffold.workspace.portal.words import span, when


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0.0 s"),
        (1.94, "1.9 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 00 s"),
        (60, "1 min 00 s"),
        (61.4, "1 min 01 s"),
        (119.6, "2 min 00 s"),
        (3599, "59 min 59 s"),
        (3599.7, "1 h 00 min"),
        (3600, "1 h 00 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds: float | None, text: str):
    assert span(seconds) == text


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC-05:30")  # POSIX counts westward: this is 5 h 30 min east of Greenwich
    if os.name == "posix":
        time.tzset()
    yield
    monkeypatch.undo()
    if os.name == "posix":
        time.tzset()


@pytest.mark.skipif(os.name == "nt", reason="Windows takes its time zone from elsewhere")
@pytest.mark.usefixtures("zone")
def test_a_time_is_shown_in_the_machines_own_zone():
    assert when("2026-11-23T21:40:07.123456+00:00") == "2026-11-24 03:10:07"


def test_a_time_that_has_not_come_is_nothing():
    assert when(None) == ""
