"""What can be asked of a workspace about its runs, whichever workspace it is."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from scaffold.runs.model import Details, Listing, Metric, Query, Run


class Source(AbstractContextManager["Source"], Protocol):
    """A workspace; everything raises ``WorkspaceError`` when it cannot be reached or refuses.

    A run id is one of a run that is there, such as ``finding.find`` gives.
    """

    @property
    def workspace(self) -> str:
        """Which one, in a sentence: ``the local workspace``."""

    def get(self, run_id: str) -> Run | None:
        """The run of that id; None when there is none."""

    def beginning_with(
        self, prefix: str, experiment: str | None, most: int, *, children: bool
    ) -> Sequence[str]:
        """Ids of runs that begin so, the newest first.

        Args:
            prefix: how they begin.
            experiment: of this one alone; None for all.
            most: how many.
            children: also those that have a parent.
        """

    def query(self, query: Query) -> Listing:
        """The runs that it asks for."""

    def details(self, run_id: str) -> Details:
        """One run with everything."""

    def url(self, run_id: str) -> str:
        """The address of its page."""

    def log(self, run_id: str, name: str) -> Iterator[bytes]:
        """A log as it is now, in pieces."""

    def follow(
        self, run_id: str, name: str | None, write: Callable[[bytes], None], tell: Callable[[str], None]
    ) -> Run:
        """Follows a log to the run's end.

        Args:
            run_id: the run.
            name: of the log; None for what the script prints.
            write: called with each piece.
            tell: called with what a person should know meanwhile.

        Returns:
            the run at its end.
        """

    def metrics(self, run_id: str) -> Sequence[Metric]:
        """What it has logged, by name."""

    def files(self, run_id: str) -> Sequence[str]:
        """The paths of what it has left."""

    def download(self, run_id: str, targets: Sequence[tuple[str, Path]], done: Callable[[str], None]) -> None:
        """Writes files of the run to the files behind their paths; ``done`` is told each path."""

    def snapshot(self, run_id: str, folder: Path) -> Path | None:
        """Writes its snapshot as a zip into a folder; None when it has none."""

    def cancel(self, run_id: str) -> bool:
        """Asks for its end; False when it is over already."""

    def tag(self, run_id: str, added: dict[str, str], removed: Sequence[str]) -> dict[str, str]:
        """Sets tags and takes others away, and returns all that it has then."""
