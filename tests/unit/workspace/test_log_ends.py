"""The end of a log file."""

from pathlib import Path

import pytest

from scaffold.workspace.logs import last_lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "std_log.txt"


def test_the_last_lines_come_in_order(log: Path):
    log.write_text("".join(f"line {number}\n" for number in range(100)))

    assert last_lines(log, lines=3, limit=4096) == "line 97\nline 98\nline 99"


def test_a_short_file_comes_whole(log: Path):
    log.write_text("one\ntwo")

    assert last_lines(log, lines=12, limit=4096) == "one\ntwo"


def test_no_more_than_the_limit_is_read(log: Path):
    log.write_text("x" * 10_000)

    assert last_lines(log, lines=12, limit=100) == "x" * 100


def test_a_file_that_is_empty_or_not_there_has_no_end(log: Path):
    assert last_lines(log, lines=12, limit=100) == ""
    log.touch()
    assert last_lines(log, lines=12, limit=100) == ""


def test_bytes_that_are_no_text_do_not_hide_the_rest(log: Path):
    log.write_bytes(b"before\n\xff\xfe\nGr\xc3\xb6\xc3\x9fe\n")

    first, _, last = last_lines(log, lines=12, limit=100).splitlines()
    assert (first, last) == ("before", "Größe")
