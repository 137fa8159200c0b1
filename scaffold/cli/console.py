"""Everything that is printed: results on stdout, progress and errors on stderr.

The only module that may import rich, and only when a table or a spinner is really drawn. Text that
comes from elsewhere (names, log lines, messages of a service) goes through :func:`inert` first, so
that no escape sequence reaches the terminal.
"""

import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import typer

from scaffold import words
from scaffold.errors import StoppedError

# Beyond what JSON escapes anyway: control characters, direction marks, line ends of Unicode's own, halves of letters.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_state = {"quiet": False, "debug": False}
_drawing = threading.RLock()
_spinners: list["_Spinner"] = []
_tables: list["LiveTable"] = []


def inert(text: str) -> str:
    """Text from elsewhere as it may be shown: nothing in it is obeyed, and no password of an address is told."""
    return words.inert(words.masked(text))


def configure(*, quiet: bool, debug: bool) -> None:
    """Sets what the root command was told; called once before any command."""
    _state.update(quiet=quiet, debug=debug)


def debugging() -> bool:
    """True when a traceback is wanted."""
    return _state["debug"]


def quiet() -> bool:
    """True when only results are wanted."""
    return _state["quiet"]


def interactive() -> bool:
    """True when a person sits at both ends, so that a prompt can be answered."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _paint(text: str, stream: TextIO, **style: Any) -> str:
    if "NO_COLOR" in os.environ or not stream.isatty():
        return text
    return typer.style(text, **style)


def styled(text: str, **style: Any) -> str:
    """Text for stdout in a colour or weight, which a pipe and NO_COLOR leave out."""
    return _paint(text, sys.stdout, **style)


def _say(text: str) -> None:
    """One line on stderr, in place of a spinner's line if there is one."""
    with _drawing:
        if _tables:
            _tables[-1].print_above(text)
            return
        if _spinners:
            sys.stderr.write("\r\x1b[2K")
        typer.echo(text, err=True)


def result(text: str) -> None:
    """One line of the command's result, on stdout."""
    typer.echo(text)


def result_json(document: Any) -> None:
    """The one JSON document of ``--json``, on stdout; a terminal finds nothing in it to obey.

    Of a file name that is no UTF-8 there are signs that only JSON's own ``\\uXXXX`` can say.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False)
    typer.echo(_OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def wrapped(text: str, first: str, later: str) -> Iterator[str]:
    """The text in lines of the terminal's width; in one line where there is no terminal."""
    if not sys.stdout.isatty():
        yield first + text
        return
    import shutil
    import textwrap

    width = max(shutil.get_terminal_size().columns, 30)
    yield from textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def rows(rows: dict[str, str]) -> None:
    """Names and what each one is, on stdout, one below the other; wrapped to the terminal's width."""
    column = max(map(len, rows)) + 2
    for name, text in rows.items():
        for line in wrapped(inert(text), f"{name:<{column}}", " " * column):
            result(line)


def plain(text: str) -> str:
    """The text without rich's markup, which questions of cookiecutter templates may hold."""
    if "[" not in text:
        return text
    from rich.errors import MarkupError
    from rich.text import Text

    try:
        return Text.from_markup(text).plain
    except MarkupError:
        return text


def browse(address: str) -> None:
    """Opens an address in the browser, or says that there is none."""
    from scaffold.cli.entrance import open_browser

    if not open_browser(address):
        warn("No browser was found here; open the address by hand.")


def note(text: str) -> None:
    """A line for the person watching, on stderr; silent under ``--quiet``."""
    if not quiet():
        _say(text)


def done(text: str) -> None:
    """A stage that succeeded, on stderr."""
    note(f"  {_paint('✓', sys.stderr, fg='green')} {text}")


def failed(text: str) -> None:
    """A stage that failed, on stderr (also under ``--quiet``)."""
    _say(f"  {_paint('✗', sys.stderr, fg='red')} {text}")


def warn(text: str) -> None:
    """Something to know that stops nothing, on stderr (also under ``--quiet``)."""
    _say(f"  {_paint('!', sys.stderr, fg='yellow')} {text}")


def error(message: str, hint: str) -> None:
    """The two lines of an error, on stderr."""
    for mark, style, text in (("Error:", {"fg": "red", "bold": True}, message), ("→", {"dim": True}, hint)):
        line = inert(" ".join(text.split()))
        _say(f"{_paint(mark, sys.stderr, **style)} {line}")


def traceback() -> None:
    """The traceback of the exception being handled, on stderr."""
    import traceback as module

    module.print_exc()


@contextmanager
def stopping(message: str, hint: str) -> Iterator[None]:
    """Says what Ctrl-C means for what is done in this block.

    Raises:
        StoppedError: it was pressed.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise StoppedError(message, hint) from None


class _Spinner:
    """The line of a stage under way: redrawn in place on a terminal, absent everywhere else.

    Not rich's: importing that takes longer than most of the stages it would show.
    """

    FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

    def __init__(self, text: str) -> None:
        self._text = text
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def update(self, text: str) -> None:
        self._text = text

    def start(self) -> None:
        if quiet() or not sys.stderr.isatty():
            return
        self._thread = threading.Thread(target=self._draw, daemon=True)
        _spinners.append(self)
        self._thread.start()

    def _draw(self) -> None:
        import shutil

        started = time.monotonic()
        # A stage that is over at once should not flicker.
        if self._stop.wait(0.15):
            return
        count = 0
        while not self._stop.is_set():
            seconds = time.monotonic() - started
            width = shutil.get_terminal_size().columns - 1
            line = f"  {self.FRAMES[count % len(self.FRAMES)]} {self._text} … {seconds:.0f} s"[:width]
            with _drawing:
                sys.stderr.write("\r\x1b[2K" + line)
                sys.stderr.flush()
            count += 1
            self._stop.wait(0.1)

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            with _drawing:
                _spinners.remove(self)
                sys.stderr.write("\r\x1b[2K")
                sys.stderr.flush()


@contextmanager
def working(text: str) -> Iterator[_Spinner]:
    """Shows that a stage is under way; the caller reports its end with :func:`done`."""
    spinner = _Spinner(text)
    spinner.start()
    try:
        yield spinner
    finally:
        spinner.stop()


class LiveTable:
    """A table on stderr that is drawn in place while its rows change: on a terminal, absent everywhere else."""

    def __init__(self) -> None:
        self._live: Any = None

    @property
    def drawn(self) -> bool:
        """False where there is no terminal to draw it on."""
        return not quiet() and sys.stderr.isatty()

    def update(self, heads: list[str], rows: list[list[str]], caption: str) -> None:
        """Draws the rows in place of those that were there; as many of the first as the terminal has room for."""
        if not self.drawn:
            return
        from rich.console import Console
        from rich.live import Live
        from rich.table import Table
        from rich.text import Text

        if self._live is None:
            self._live = Live(console=Console(file=sys.stderr), transient=True, auto_refresh=False)
            self._live.start()
            _tables.append(self)
        room = max(1, self._live.console.height - 5)
        table = Table(box=None, pad_edge=False, header_style="dim", caption_justify="left")
        for head in heads:
            table.add_column(Text(inert(head)), no_wrap=True, overflow="ellipsis")
        for row in rows[:room]:
            table.add_row(*(Text(inert(cell)) for cell in row))
        more = f"{len(rows) - room} more; " if len(rows) > room else ""
        table.caption = Text(inert(f"{more}{caption}"))
        self._live.update(table, refresh=True)

    def print_above(self, text: str) -> None:
        """One line above the table, which stays below."""
        from rich.text import Text

        self._live.console.print(Text.from_ansi(text), soft_wrap=True)

    def stop(self) -> None:
        """Takes the table away."""
        if self._live is not None:
            _tables.remove(self)
            self._live.stop()
            self._live = None
