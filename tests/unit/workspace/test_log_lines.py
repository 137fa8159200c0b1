"""Any line of a log of any length, while it grows."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold.workspace.portal import lines
from scaffold.workspace.portal.lines import LogLines


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks so small that every text has many."""
    monkeypatch.setattr(lines, "_BLOCK", 16)
    monkeypatch.setattr(lines, "_READ", 8)


def expected(content: bytes) -> list[str]:
    """The lines as a terminal leaves them."""
    split = content.decode(errors="replace").split("\n")
    if split[-1] == "":
        split.pop()
    return [line.rstrip("\r").rpartition("\r")[2] for line in split]


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(st.text(alphabet="ab \n\r", max_size=40).map(str.encode), min_size=1, max_size=6),
    first=st.integers(-60, 60),
    count=st.integers(0, 60),
)
def test_every_window_of_a_growing_log_is_its_lines(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], first: int, count: int
):
    log, file = LogLines(), tmp_path_factory.mktemp("log") / "log.txt"
    content = b""
    for part in parts:
        content += part
        file.write_bytes(content)
        whole = expected(content)
        window = log.window(file, first, count)

        start = max(0, len(whole) + first) if first < 0 else min(first, len(whole))
        assert (window["total"], window["size"], window["first"]) == (len(whole), len(content), start)
        assert window["lines"] == whole[start : start + count]


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=150, deadline=None)
@given(
    content=st.text(alphabet="abAB\n", max_size=120).map(str.encode),
    needle=st.text(alphabet="abB", min_size=1, max_size=3),
    after=st.integers(0, 30),
    limit=st.integers(1, 5),
)
def test_a_search_finds_the_lines_that_hold_the_text(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, needle: str, after: int, limit: int
):
    file = tmp_path_factory.mktemp("log") / "log.txt"
    file.write_bytes(content)
    whole = expected(content)
    found = [
        number for number, line in enumerate(whole) if needle.lower() in line.lower() and number >= after
    ]

    answer = LogLines().search(file, needle, after, limit)

    assert answer == {"matches": found[:limit], "more": len(found) > limit}


def test_a_log_that_was_begun_anew_is_read_anew(tmp_path: Path):
    log, file = LogLines(), tmp_path / "log.txt"
    file.write_text("1\n2\n3\n")
    log.window(file, 0, 9)
    file.write_text("4\n")

    assert log.window(file, 0, 9) == {"first": 0, "lines": ["4"], "total": 1, "size": 2}


def test_of_a_line_that_nobody_could_read_the_beginning_is_shown(tmp_path: Path):
    file = tmp_path / "log.txt"
    file.write_bytes(b"x" * 300_000 + b"\nshort\n" + b"progress\r" * 100_000 + b"done")

    long, short, progress = LogLines().window(file, 0, 9)["lines"]

    assert long.startswith("x" * 4000) and long.endswith("(296000 more)")
    assert (short, progress) == ("short", "done")


def test_bytes_that_are_no_text_cost_nothing(tmp_path: Path):
    file = tmp_path / "log.txt"
    file.write_bytes(b"\xff\xfe ok\n")

    assert LogLines().window(file, 0, 1)["lines"] == ["\ufffd\ufffd ok"]
