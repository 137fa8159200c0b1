"""The runs of the local workspace, through its service."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from scaffold.runs import reading
from scaffold.runs.model import Details, Listing, Metric, Query, Run
from scaffold.submission import local
from scaffold.workspace.lifecycle import Service

_CHUNK = 1024 * 1024


class LocalRuns:
    """See :class:`scaffold.runs.source.Source`.

    Args:
        service: the running local workspace.
    """

    workspace = "the local workspace"

    def __init__(self, service: Service) -> None:
        self._service = service

    def __enter__(self) -> "LocalRuns":
        return self

    def __exit__(self, *_: object) -> None:
        """The service goes on."""

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return self._service.json(method, path, body=body)

    def get(self, run_id: str) -> Run | None:
        answer = self._service.request("GET", _address(run_id))
        return self.details(run_id).run if answer.status == 200 else None

    def beginning_with(
        self, prefix: str, experiment: str | None, most: int, *, children: bool
    ) -> Sequence[str]:
        asked = {"prefix": prefix, "experiment": experiment, "most": most, "children": children}
        return [run["runId"] for run in self._ask("POST", "/runs:query", asked)["runs"]]

    def query(self, query: Query) -> Listing:
        answer = self._ask(
            "POST",
            "/runs:query",
            {
                "experiment": query.experiment,
                "parent": query.parent,
                "statuses": query.statuses,
                "tags": query.tags,
                "target": query.target,
                "since": query.since.isoformat() if query.since else None,
                "sort": query.sort,
                "descending": query.descending,
                "most": query.limit,
                "columns": query.columns,
            },
        )
        values = answer["values"]
        runs = tuple(reading.run_of(record, values.get(record["runId"])) for record in answer["runs"])
        return Listing(runs, answer["more"])

    def details(self, run_id: str) -> Details:
        return reading.details_of(self._ask("GET", _address(run_id, "/details")))

    def url(self, run_id: str) -> str:
        return f"{self._service.portal}/runs/{quote(run_id)}"

    def log(self, run_id: str, name: str) -> Iterator[bytes]:
        offset = 0
        while True:
            asked = urlencode({"name": name, "offset": offset})
            answer = self._service.request("GET", _address(run_id, f"/log?{asked}"))
            if answer.status != 200:
                raise answer.refusal()
            if not answer.body:
                return
            yield answer.body
            offset += len(answer.body)

    def follow(
        self, run_id: str, name: str | None, write: Callable[[bytes], None], tell: Callable[[str], None]
    ) -> Run:
        def tell_status(status: str) -> None:
            if status not in ("Completed", "Failed", "Canceled"):
                tell(f"· {status.lower()}")
            if status == "Queued":
                queueing = self._ask("GET", _address(run_id, "/details"))["run"]["queueingInfo"]
                if queueing:
                    tell(f"· it waits: {queueing['message']}")

        local.follow(self._service, run_id, write, name=name, tell_status=tell_status)
        return self.details(run_id).run

    def metrics(self, run_id: str) -> Sequence[Metric]:
        answer = self._ask("GET", _address(run_id, "/metrics"))
        return sorted(map(reading.metric_of, answer["metrics"]), key=lambda metric: metric.name)

    def files(self, run_id: str) -> Sequence[str]:
        return sorted(self._ask("GET", _address(run_id, "/files"))["files"])

    def download(self, run_id: str, targets: Sequence[tuple[str, Path]], done: Callable[[str], None]) -> None:
        paths = {target: path for path, target in targets}
        requests = [(_address(run_id, f"/files/{quote(path)}"), target) for path, target in targets]
        self._service.save(requests, lambda target: done(paths[target]))

    def snapshot(self, run_id: str, folder: Path) -> Path | None:
        if self.details(run_id).run.snapshot is None:
            return None
        target = folder / "snapshot.zip"
        self._service.save([(_address(run_id, "/snapshot"), target)])
        return target

    def cancel(self, run_id: str) -> bool:
        return bool(self._ask("POST", _address(run_id, "/cancel"))["canceled"])

    def tag(self, run_id: str, added: dict[str, str], removed: Sequence[str]) -> dict[str, str]:
        changes = {"added": added, "removed": list(removed)}
        tags: dict[str, str] = self._ask("POST", _address(run_id, "/tags"), changes)["tags"]
        return tags


def _address(run_id: str, rest: str = "") -> str:
    return f"/runs/{quote(run_id, safe='')}{rest}"
