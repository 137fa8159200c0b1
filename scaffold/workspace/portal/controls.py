"""What the pages may do: nothing but this. The service hands it in; the pages themselves only read the store."""

from typing import Protocol


class Controls(Protocol):
    """What a person can do from a page."""

    @property
    def width(self) -> int:
        """How many runs may execute at once."""

    @property
    def stopping(self) -> bool:
        """True once the service is on its way down, so that what streams should end."""

    def cancel(self, run_id: str) -> None:
        """Asks for the end of a run; of one that is over, nothing."""

    def resubmit(self, run_id: str) -> str:
        """Submits the snapshot and configuration of a run again, and returns the new run's id.

        Raises:
            RefusedError: it cannot be, and why.
        """

    def tag(self, run_id: str, name: str, value: str | None) -> None:
        """Gives a run a tag, or (with None) takes it away."""


class RefusedError(Exception):
    """What was asked for cannot be done; the message says why."""
