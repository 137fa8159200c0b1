"""The runs of a workspace on Azure ML, through the SDK (``child.operations.runs``)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scaffold.errors import WorkspaceError
from scaffold.runs import reading
from scaffold.runs.model import Details, Listing, Metric, Query, Run
from scaffold.submission.asking import Asking

_SORTED_AMONG = 500
_SORT_KEYS: dict[str, Callable[[Run], Any]] = {
    "created": lambda run: run.created,
    "started": lambda run: run.started,
    "number": lambda run: run.number,
    "name": lambda run: run.display_name.lower(),
    "status": lambda run: run.status,
    "target": lambda run: (run.target or "").lower() or None,
    "duration": lambda run: run.seconds,
}


class AzureRuns:
    """See :class:`scaffold.runs.source.Source`.

    Args:
        asking: the workspace.
        name: its name.
    """

    def __init__(self, asking: Asking, name: str) -> None:
        self._asking = asking
        self.workspace = f"the workspace {name!r}"

    def __enter__(self) -> "AzureRuns":
        return self

    def __exit__(self, *_: object) -> None:
        self._asking.close()

    def get(self, run_id: str) -> Run | None:
        record = self._asking.ask("runs.get", run_id=run_id)
        return reading.run_of(record) if record else None

    def beginning_with(
        self, prefix: str, experiment: str | None, most: int, *, children: bool
    ) -> Sequence[str]:
        found: list[str] = self._asking.ask(
            "runs.find", prefix=prefix, experiment=experiment, most=most, children=children
        )
        return found

    def query(self, query: Query) -> Listing:
        # The service sorts by the time alone of what can be sorted by.
        newest_first = query.sort == "created" and query.descending
        answer = self._asking.ask(
            "runs.query",
            experiment=query.experiment,
            parent=query.parent,
            statuses=query.statuses,
            tags=query.tags,
            target=query.target,
            since=query.since.isoformat() if query.since else None,
            most=query.limit if newest_first else _SORTED_AMONG,
        )
        runs = [reading.run_of(record) for record in answer["runs"]]
        if newest_first:
            return Listing(tuple(self._with_values(runs, query.columns)), answer["more"])
        if query.sort not in _SORT_KEYS:
            runs = self._with_values(runs, (query.sort,))
        chosen = sorted_by(runs, query.sort, descending=query.descending)[: query.limit]
        considered = len(runs) if answer["more"] else None
        more = answer["more"] or len(runs) > len(chosen)
        return Listing(tuple(self._with_values(chosen, query.columns)), more, considered)

    def _with_values(self, runs: list[Run], columns: Sequence[str]) -> list[Run]:
        names = [column.partition(".")[2] for column in columns if column.startswith("metrics.")]
        metrics: dict[str, dict[str, Any]] = {}
        if names and runs:
            metrics = self._asking.ask("runs.last_values", run_ids=[run.run_id for run in runs], names=names)
        found = []
        for run in runs:
            values = {f"metrics.{name}": value for name, value in metrics.get(run.run_id, {}).items()}
            values |= {
                column: reading.column_value(run, column) for column in columns if column not in values
            }
            present = {column: values[column] for column in columns if values.get(column) is not None}
            found.append(replace(run, values=present))
        return found

    def details(self, run_id: str) -> Details:
        return reading.details_of(self._asking.ask("runs.details", run_id=run_id))

    def url(self, run_id: str) -> str:
        return str(self._asking.ask("runs.url", run_id=run_id))

    def log(self, run_id: str, name: str) -> Iterator[bytes]:
        for event in self._asking.tell("runs.log", run_id=run_id, name=name, follow=False):
            if event["event"] == "log":
                yield event["text"].encode()

    def follow(
        self, run_id: str, name: str | None, write: Callable[[bytes], None], tell: Callable[[str], None]
    ) -> Run:
        for event in self._asking.tell("runs.log", run_id=run_id, name=name, follow=True):
            kind = event["event"]
            if kind == "log" and event["kind"] == "user":
                write(event["text"].encode())
            elif kind == "log":
                for line in event["text"].splitlines():
                    tell(f"| {line}")
            elif kind == "status" and event["status"] not in ("Completed", "Failed", "Canceled"):
                tell(f"· {event['status'].lower()}")
            elif kind == "waiting":
                tell(f"· it waits: {event['text']}")
            elif kind == "warning":
                tell(f"! {event['text']}")
            elif kind == "trouble":
                tell(f"· the workspace did not answer, asking again: {event['message'][:200]}")
            elif kind == "answer" and event["value"] is not None:
                return reading.run_of(event["value"])
        raise WorkspaceError(
            f"The run {run_id} is not in {self.workspace} any more.", "See 'scaffold runs list'."
        )

    def metrics(self, run_id: str) -> Sequence[Metric]:
        answer = self._asking.ask("runs.metrics", run_id=run_id)
        return sorted(map(reading.metric_of, answer), key=lambda metric: metric.name)

    def files(self, run_id: str) -> Sequence[str]:
        found: list[str] = self._asking.ask("runs.files", run_id=run_id)
        return found

    def download(self, run_id: str, targets: Sequence[tuple[str, Path]], done: Callable[[str], None]) -> None:
        pairs = [(path, str(target)) for path, target in targets]
        for event in self._asking.tell("runs.download", run_id=run_id, targets=pairs):
            if event["event"] == "file":
                done(event["path"])

    def snapshot(self, run_id: str, folder: Path) -> Path | None:
        found = self._asking.ask("runs.snapshot", run_id=run_id, folder=str(folder))
        return Path(found) if found else None

    def cancel(self, run_id: str) -> bool:
        return bool(self._asking.ask("runs.cancel", run_id=run_id))

    def tag(self, run_id: str, added: dict[str, str], removed: Sequence[str]) -> dict[str, str]:
        tags: dict[str, str] = self._asking.ask("runs.tag", run_id=run_id, added=added, removed=list(removed))
        return tags


def sorted_by(runs: list[Run], key: str, *, descending: bool) -> list[Run]:
    """The runs by a key, those that have none of it last, and of equal ones the newest first (or last)."""
    value = _SORT_KEYS.get(key) or (lambda run: run.values.get(key))
    known = [run for run in runs if value(run) is not None]
    unknown = [run for run in runs if value(run) is None]
    for part in (known, unknown):
        part.sort(key=lambda run: (run.created, run.number), reverse=descending)
    known.sort(key=lambda run: _comparable(value(run)), reverse=descending)
    return known + unknown


def _comparable(value: Any) -> tuple[bool, Any]:
    """What values of any kinds can be compared by: numbers before texts."""
    return isinstance(value, str), value
