"""What a submitting script prints, passed on."""

from collections.abc import Callable

from scaffold.cli import console
from scaffold.cli.login import show_said


class Printed:
    """The lines of a script, each shown as it comes.

    A traceback is held back: when the script ends with it, the error is told in two lines instead.

    Args:
        is_own_address: true for a line with an address that the command shows by itself.
    """

    def __init__(self, is_own_address: Callable[[str], bool]) -> None:
        self._is_own_address = is_own_address
        self._holding = False
        self._held: list[str] = []

    def show(self, line: str) -> None:
        """Shows a line, or holds it back."""
        if line.startswith("Traceback (most recent call last)") and not console.debugging():
            self._holding = True
        if self._holding:
            self._held.append(line)
        elif not self._is_own_address(line) and line.strip():
            _show(line)

    def forget(self) -> None:
        """Drops what was held back: the script is run again."""
        self._held, self._holding = [], False

    def release(self) -> None:
        """Shows a traceback that the script printed and survived."""
        for line in self._held:
            _show(line)


def _show(line: str) -> None:
    show_said(line, "  | ")
