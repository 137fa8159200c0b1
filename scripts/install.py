"""Installs packages into the environment of the Python that runs this, and shows how far it has come.

    python scripts/install.py ARGUMENT…        the arguments of `pip install`

On a terminal one line is redrawn in place; elsewhere a line is printed for every tenth package. The output of pip
itself is shown when it fails.
"""

import subprocess
import sys

_KEPT_LINES = 40
_EVERY = 10


class Progress:
    """The line that tells how many packages pip has looked at, and which one it is at."""

    def __init__(self) -> None:
        self._packages: set[str] = set()

    def read(self, line: str) -> None:
        """Take in a line of pip's output."""
        words = line.split()
        if words[:1] == ["Collecting"]:
            self._packages.add(words[1])
            count = len(self._packages)
            self._say(f"{count} packages: {words[1]}", worth_a_line=count % _EVERY == 0)
        elif line.startswith("Installing collected packages"):
            self._say(f"installing {line.count(',') + 1} packages …", worth_a_line=True)

    @staticmethod
    def _say(text: str, *, worth_a_line: bool) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[2K  {text}"[:80])
        elif worth_a_line:
            sys.stderr.write(f"  {text}\n")
        sys.stderr.flush()

    @staticmethod
    def close() -> None:
        """Take the line away."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def install(arguments: list[str]) -> int:
    """Run `pip install` with these arguments and return its exit code."""
    command = [sys.executable, "-m", "pip", "install", "--progress-bar", "off", "--no-input", *arguments]
    progress = Progress()
    kept: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            kept = [*kept[-_KEPT_LINES:], line]
            progress.read(line)
    progress.close()
    if process.returncode != 0:
        sys.stderr.writelines(kept)
    return process.returncode


if __name__ == "__main__":
    try:
        sys.exit(install(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
