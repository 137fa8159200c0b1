"""Examples in the documentation, run: what each command is shown to print is what it prints.

What differs from run to run (ids, times, addresses) is compared by its place alone.
"""

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY, Machine
from tests.waiting import PROCESS_SECONDS

_RUN = re.compile(r"\bExperiment_1_\d{10}_[0-9a-f]{8}\b")
_CHANGING = (
    (re.compile(r"http://127\.0\.0\.1:\d+/[^/\s]+/"), "PAGES/"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "GUID"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00"), "TIME"),
    (re.compile(r"\d+ (s|min) ago"), "AGO"),
    (re.compile(r"\d+\.\d s\b|\d+ min \d\d s\b"), "TOOK"),
    (re.compile(r"(?m)^(run +seconds) +\S+ +\S+$"), r"\1 SECONDS"),
    (re.compile(r" {2,}"), "  "),
    # A stage is told by itself when it lasts longer than a second.
    (re.compile(r"(?m)^  · (preparing|queued|starting|running|finalizing)\n"), ""),
)


@dataclass(frozen=True)
class Example:
    """A command and what it is shown to print."""

    command: str
    output: str


def examples(page: str) -> list[Example]:
    """The commands of a page of docs/ in its order."""
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Example(command, output))
    return found


def printed(machine: Machine, command: str, cwd: Path) -> str:
    """What a command line prints, on both streams in their order."""
    program, *arguments = shlex.split(command)
    assert program == "scaffold", command
    done = subprocess.run(
        [sys.executable, "-m", "scaffold", *arguments],
        cwd=cwd, env=machine.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", timeout=PROCESS_SECONDS, check=False,
    )  # fmt: skip
    return done.stdout


def fits(shown: str, said: str) -> bool:
    """Whether what a command has printed is what is shown, where ``…`` stands for anything.

    A line that is nothing else stands for any number of lines.
    """
    lines = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in shown.splitlines()
    ]
    return re.fullmatch("".join(lines), said) is not None


class Names:
    """The runs of an example under numbers, by the order in which they are first named."""

    def __init__(self) -> None:
        self._seen: list[str] = []

    def told(self, text: str) -> str:
        """The text with all that changes from run to run in its place."""
        text = _RUN.sub(self._number, text)
        for pattern, name in _CHANGING:
            text = pattern.sub(name, text)
        return text

    def real(self, command: str, other: "Names") -> str:
        """A command with the runs of another's text in place of those that are shown in it."""
        return _RUN.sub(lambda found: other._seen[self._seen.index(found[0])], command)

    def _number(self, found: "re.Match[str]") -> str:
        if found[0] not in self._seen:
            self._seen.append(found[0])
        return f"RUN{self._seen.index(found[0])}"
