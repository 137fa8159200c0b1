"""What a file's content is, and source text in colours."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

from markupsafe import Markup

from scaffold.words import inert

HIGHLIGHTED_BYTES = 512 * 1024
_SNIFFED = 8192
_ROWS, _COLUMNS = 500, 60
IMAGES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".webp": "image/webp", ".bmp": "image/bmp", ".svg": "image/svg+xml",
}  # fmt: skip
_LOGS = {".log", ".txt", ".out", ".err"}


def suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def is_text(file: Path) -> bool:
    """True for a file that begins like text."""
    with file.open("rb") as stream:
        start = stream.read(_SNIFFED)
    if b"\0" in start:
        return False
    try:
        start.decode()
    except UnicodeDecodeError as error:
        return error.start > len(start) - 4  # cut within a character
    return True


def kind_of(path: str, file: Path) -> str:
    """How a file is shown: ``image``, ``table``, ``source``, ``log`` or ``binary``."""
    ending = suffix(path)
    if ending in IMAGES:
        return "image"
    if not is_text(file):
        return "binary"
    if ending in (".csv", ".tsv"):
        return "table"
    if ending in _LOGS or file.stat().st_size > HIGHLIGHTED_BYTES:
        return "log"
    return "source"


def source(path: str, text: str) -> list[Markup]:
    """The lines of a source text in colours, as HTML that holds nothing but ``span`` elements."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import TextLexer, get_lexer_for_filename
    from pygments.util import ClassNotFound

    if suffix(path) in (".json", ".ipynb"):
        text = _indented(text)
    text = inert(text.replace("\r\n", "\n"))
    try:
        lexer = get_lexer_for_filename(PurePosixPath(path).name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False, ensurenl=False)
    html = highlight(text, lexer, HtmlFormatter(nowrap=True, classprefix="tok-"))
    return [Markup(line) for line in _balanced(html)]  # noqa: S704  (Pygments has escaped the text)


def _balanced(html: str) -> list[str]:
    """The lines of what Pygments wrote; with ``nowrap`` it closes and opens its elements at each line end itself."""
    return html.removesuffix("\n").split("\n")


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def table(path: str, file: Path) -> dict[str, Any]:
    """The first rows of a CSV file."""
    import csv
    import itertools

    with file.open(newline="", encoding="utf-8", errors="replace") as stream:
        reader = csv.reader(stream, delimiter="\t" if suffix(path) == ".tsv" else ",")
        try:
            rows = [row[:_COLUMNS] for row in itertools.islice(reader, _ROWS + 2)]
        except csv.Error:
            return {"columns": [], "rows": [], "more": False}
    return {"columns": rows[0] if rows else [], "rows": rows[1 : _ROWS + 1], "more": len(rows) > _ROWS + 1}
