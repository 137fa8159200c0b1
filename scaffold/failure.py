"""The one line that tells why a run failed, found in all that is known of its failure."""

import re

_LONGEST = 300
_TRACEBACK = "Traceback (most recent call last)"
_EXCEPTION = re.compile(
    r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Failure|Warning|Timeout)(?:: .*)?$"
)
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
# How uv, pip and conda begin an error. uv puts the causes below it: as a tree with wrapped lines, or line by line.
_TOOL_ERROR = re.compile(r"\s*(?:error|critical)\b[: ]|\s*× |\w+(?:Error|NotFound):", re.IGNORECASE)
_CAUSE = re.compile(r"\s*(?:[╰├]─[▶>]|(?:cause|caused by):)\s*", re.IGNORECASE)
_STATUS = re.compile(r"(?:Execution failed\. )?.*exited with status code (-?\d+)")
_NOT_BUILT = "The environment could not be built"


def plain_text(text: str) -> str:
    """Remove escape sequences, and keep of each line what its last carriage return left."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in _ESCAPES.sub("", text).split("\n"))


def find_reason(error: str | None) -> str:
    """Find the line of an error that says most.

    Args:
        error: the message of a failed run, as the service gives it: a sentence, often followed by the end of the
            run's log, or by the output of the tool that could not build its environment.

    Returns:
        The last exception of a traceback; what a build's tool gives as its cause; else the first line, with the last
        one where the run printed something before it ended. Empty without an error.
    """
    lines = [line.rstrip() for line in plain_text(error or "").strip().splitlines() if line.strip()]
    if not lines:
        return ""
    first, rest = lines[0].strip(), lines[1:]
    if first.startswith(_NOT_BUILT):
        found = _join(first, _find_cause(rest))
    elif exception := _find_exception(lines):
        found = exception
    elif _STATUS.match(first) and len(rest) > 1:  # the second line says which log follows
        found = f"{first} Its last line: {rest[-1].strip()}"
    else:
        found = first
    return found if len(found) <= _LONGEST else found[: _LONGEST - 1] + "…"


def _join(sentence: str, cause: str) -> str:
    return f"{sentence.rstrip('.')}: {cause}" if cause else sentence


def _find_exception(lines: list[str]) -> str:
    """The line that names the last exception, or an empty text."""
    headers = [number for number, line in enumerate(lines) if _TRACEBACK in line]
    for line in lines[headers[-1] + 1 :] if headers else []:
        if not line.startswith((" ", "\t")):
            return line
    return next((line for line in reversed(lines) if _EXCEPTION.match(line)), "")


def _find_cause(lines: list[str]) -> str:
    """The cause in the output of a tool that installs packages: the deepest one that it gives, else its error."""
    for number, line in reversed(list(enumerate(lines))):
        if _CAUSE.match(line):
            return _unwrap(lines, number, _CAUSE.sub("", line))
    for number, line in enumerate(lines):
        if _TOOL_ERROR.match(line):
            return _unwrap(lines, number, re.sub(r"^\s*(?:× |error: |ERROR: )", "", line))
    return lines[-1].strip() if lines else ""


def _unwrap(lines: list[str], number: int, text: str) -> str:
    """The text with the lines that continue it: those that are indented deeper."""
    indent = _indent(lines[number])
    for line in lines[number + 1 :]:
        if _indent(line) <= indent or _CAUSE.match(line):
            break
        text += f" {line.strip()}"
    return text.strip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
