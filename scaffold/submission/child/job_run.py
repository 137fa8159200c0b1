"""Jobs as those who follow runs of SDK v1 see them: the same service tells of both, in the same words.

Each is given azure-ai-ml's client, and imports nothing of it.
"""

from collections.abc import Callable
from typing import Any

from scaffold.submission.child.follower import TERMINAL
from scaffold.submission.child.trials import Trial, parameters_of

_ENOUGH = 20  # trials of one sweep log the same
_SILENT = ("NotStarted", "Queued", "Preparing", "Provisioning", "Starting")


class JobRun:
    """A job as ``Follower`` sees a run.

    Args:
        client: an ``MLClient``.
        name: the job's.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._operations = client.jobs._runs_operations
        self._name = name

    def get_details(self) -> dict[str, Any]:
        details = self._operations.get_run_details(self._name)
        error = details.error.error if details.error else None
        return {
            "status": details.status,
            "logFiles": details.log_files or {},
            "error": {"error": {"message": error.message, "code": error.code}} if error else {},
            "startTimeUtc": _time(details.start_time_utc),
            "endTimeUtc": _time(details.end_time_utc),
            "properties": details.properties or {},
            "warnings": [{"message": warning.message} for warning in details.warnings or []],
        }

    def why_it_waits(self, _: str) -> list[str]:
        """What it says of its place in the queue; of nodes, SDK v2 tells nothing."""
        info = self._operations.get_run_data(self._name).run_metadata.queueing_info
        text = (info.message or info.code) if info else None
        return [text] if text else []


def _time(value: Any) -> str | None:
    return value.isoformat() if value is not None else None


class SweepRun(JobRun):
    """A sweep job as ``trials.follow`` sees a sweep.

    Of metrics azure-ai-ml has no words of its own; its client asks the history for them as SDK v1 does.

    Args:
        client, name: see :class:`JobRun`.
        metric: the one that trials are compared by.
        options: the script's option of each parameter.
        request: makes a request that the client can send (azure-core's ``HttpRequest``).
    """

    def __init__(
        self,
        client: Any,
        name: str,
        metric: str,
        options: dict[str, str],
        request: Callable[..., Any],
    ) -> None:
        super().__init__(client, name)
        self._metric, self._options, self._request = metric, options, request
        self._pipeline = self._operations._operation._client
        self._services = client.jobs._api_url.rstrip("/")
        self._workspace = (
            f"subscriptions/{client.subscription_id}/resourceGroups/{client.resource_group_name}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{client.workspace_name}"
        )
        self._whole: dict[str, list[Any]] = {}

    def trials(self) -> list[Trial]:
        path = f"history/v1.0/{self._workspace}/runs/{self._name}/children"
        children: list[dict[str, Any]] = []
        token: str | None = None
        while True:
            params = {"$orderby": "CreatedUtc asc"} | ({"$continuationToken": token} if token else {})
            page = self._ask("GET", path, params=params) or {}
            children += page.get("value") or []
            token = page.get("continuationToken")
            if not token:
                return [self._trial(child) for child in children]

    def metric_names(self) -> set[str]:
        names: set[str] = set()
        for run in self.trials()[:_ENOUGH]:
            path = f"metric/v2.0/{self._workspace}/runs/{run.run_id}/list"
            listed = self._ask("POST", path, json={}) or {}
            keys = [entry.get("metricKey") or {} for entry in listed.get("value") or []]
            names |= {str(key["name"]) for key in keys if key.get("name")}
        return names

    def _trial(self, run: dict[str, Any]) -> Trial:
        values = parameters_of(run.get("tags"))
        return Trial(
            run_id=run["runId"],
            status=run["status"],
            parameters={self._options.get(name, name): value for name, value in values.items()},
            logged=self._logged(run["runId"], run["status"]),
            started=run.get("startTimeUtc"),
            ended=run.get("endTimeUtc"),
            error=((run.get("error") or {}).get("error") or {}).get("message"),
        )

    def _logged(self, run_id: str, status: str) -> list[Any]:
        """The values of the metric; those of a run that is over do not change any more."""
        if status in _SILENT:
            return []
        if run_id not in self._whole:
            values = self._read(run_id)
            if status not in TERMINAL:
                return values
            self._whole[run_id] = values
        return self._whole[run_id]

    def _read(self, run_id: str) -> list[Any]:
        path = f"metric/v2.0/{self._workspace}/runs/{run_id}/full"
        values: list[Any] = []
        token: str | None = None
        while True:
            asked = {"metricName": self._metric, "continuationToken": token}
            page = self._ask("POST", path, json=asked) or {}
            values += [(entry.get("data") or {}).get(self._metric) for entry in page.get("value") or []]
            token = page.get("continuationToken")
            if not token:
                return values

    def _ask(self, method: str, path: str, **body: Any) -> dict[str, Any] | None:
        """What a service answers; None for what it does not have."""
        answer = self._pipeline.send_request(self._request(method, f"{self._services}/{path}", **body))
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document
