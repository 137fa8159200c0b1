"""A log on its way to a terminal: text and colours stay, everything that a terminal would do goes."""

import io
import random

import pytest

from scaffold.cli.logtext import LogText


def shown(*pieces: bytes) -> bytes:
    stream = io.BytesIO()
    text = LogText(stream)
    for piece in pieces:
        text.write(piece)
    text.close()
    return stream.getvalue()


CASES = {
    b"plain \xc3\xbc\ttext\n": b"plain \xc3\xbc\ttext\n",
    b"10%\r20%\r\n": b"10%\r20%\r\n",
    b"\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[m": b"\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[m",
    # The clipboard, the title, a link, a program's string, a device's, with either end.
    b"a\x1b]52;c;ZWNobyBoaQ==\x07b": b"ab",
    b"a\x1b]0;title\x1b\\b\x1b]2;title\x07c": b"abc",
    b"\x1b]8;;http://evil.example\x1b\\text\x1b]8;;\x1b\\": b"text",
    b"a\x1bP1$r0m\x1b\\b\x1b_G;x\x1b\\c\x1b^x\x1b\\d\x1bXx\x1b\\e": b"abcde",
    # The cursor, the screen, modes, reports.
    b"a\x1b[2J\x1b[1;1H\x1b[A\x1b[K\x1b[?1049h\x1b[6n\x1b[>cb\x1bc\x1b7\x1b8\x1b(0\x1b#8": b"ab",
    b"ring\x07 back\x08": b"ring back",
    # What does not end swallows nothing.
    b"a\x1b]0;title\nnext\n": b"a\\x1b]0;title\nnext\n",
    b"a\x1b]52;c;" + b"x" * 20_000 + b"\nnext": b"a\\x1b]52;c;" + b"x" * 20_000 + b"\nnext",
    b"end\x1b": b"end\\x1b",
    b"end\x1b[": b"end\\x1b[",
    # Controls of eight bits, as letters and as bytes; direction marks; other controls.
    "a\x9d0;t\x9cb\x9b2Jc".encode(): b"a\\x9d0;t\\x9cb\\x9b2Jc",
    b"a\x9b2J\x85": b"a\\x9b2J\\x85",
    "\u202edoc.exe\u2066\u200f".encode(): b"\\x202edoc.exe\\x2066\\x200f",
    b"\x00\x0b\x0c\x0e\x7f\x18": b"\\x00\\x0b\\x0c\\x0e\\x7f\\x18",
    # What is no text is passed on as it is.
    b"latin \xfc\xe4 \xff\n": b"latin \xfc\xe4 \xff\n",
}  # fmt: skip


@pytest.mark.parametrize("log", CASES)
def test_what_a_terminal_would_do_is_left_out(log: bytes):
    assert shown(log) == CASES[log]


@pytest.mark.parametrize("log", CASES)
def test_it_makes_no_difference_where_a_log_is_cut(log: bytes):
    log = log[:300]
    whole = shown(log)

    assert shown(*(log[place : place + 1] for place in range(len(log)))) == whole
    for seed in range(20):
        chosen = random.Random(seed)
        cuts = sorted(chosen.choices(range(len(log) + 1), k=3))
        assert shown(*(log[a:b] for a, b in zip([0, *cuts], [*cuts, len(log)], strict=True))) == whole


def test_nothing_made_up_reaches_the_terminal():
    chosen = random.Random(7)
    letters = [
        b"\x1b",
        b"[",
        b"]",
        b"P",
        b"\x07",
        b"\\",
        b"0",
        b";",
        b"m",
        b"J",
        b"\n",
        b"\x9b",
        b"\xc2",
        b"\xe2\x80\xae",
        b"a",
    ]
    for _ in range(3000):
        log = b"".join(chosen.choices(letters, k=chosen.randrange(20)))
        left = shown(log)
        for part in left.split(b"\x1b")[1:]:
            head, colour, _ = part.partition(b"m")
            assert colour and head.startswith(b"[") and not head[1:].strip(b"0123456789;:"), log
        assert b"\x07" not in left
        assert "\u202e" not in left.decode("utf-8", "surrogateescape")
        assert not [
            c
            for c in left.decode("utf-8", "surrogateescape")
            if "\x80" <= c <= "\x9f" or "\udc80" <= c <= "\udc9f"
        ]


def test_text_comes_at_once_and_only_what_is_cut_waits():
    stream = io.BytesIO()
    text = LogText(stream)

    text.write(b"epoch 1\x1b[3")
    assert stream.getvalue() == b"epoch 1"
    text.write(b"1mred")
    assert stream.getvalue() == b"epoch 1\x1b[31mred"
