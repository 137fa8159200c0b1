"""Questions about runs, answered by the SDK's own clients; runs are told as the service's records (``RunDto``).

What a filter of the service would have to quote is compared here, after it was read: names and values of tags are
anybody's, and the service's filters know no quotes.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import Any

from scaffold.submission.child.errors import record_of
from scaffold.submission.child.follower import Follower
from scaffold.submission.child.session import Session

_AT_ONCE = 8
_MOST_LOOKED_AT = 5000
_PAGE, _LARGE_PAGE = 100, 500
_PLAIN = re.compile(r"[\w.-]+")
_CHUNK = 256 * 1024


def get(session: Session, run_id: str) -> dict[str, Any] | None:
    """One run's record with ``experimentName``, or None when the workspace has no such run."""
    client = _client(session)
    try:
        dto = client.get_run(run_id)
    except Exception as error:
        if record_of(error, "")["status"] == 404:
            return None
        raise
    return _record(dto, client.get_experiment_by_id(dto.experiment_id).name)


def find(session: Session, prefix: str, experiment: str | None, most: int, children: bool) -> list[str]:
    """Ids of the newest runs that begin with a prefix."""
    found = query(session, experiment=experiment, most=most, prefix=prefix, children=children)["runs"]
    return [run["runId"] for run in found]


def query(  # noqa: PLR0913  (what a query is made of)
    session: Session,
    *,
    most: int,
    experiment: str | None = None,
    parent: str | None = None,
    statuses: list[str] | None = None,
    tags: list[tuple[str, str | None]] | None = None,
    target: str | None = None,
    since: str | None = None,
    prefix: str = "",
    children: bool = False,
) -> dict[str, Any]:
    """The newest runs for which all that is given holds.

    Args:
        session: the login and the workspace.
        most: how many.
        experiment: of this experiment; of all by default.
        parent: the children of this run.
        statuses: of one of these statuses.
        tags: with all of these tags, of this value where there is one.
        target: submitted to this compute target.
        since: made at this time or later (ISO 8601).
        prefix: what the run's id begins with.
        children: also those that have a parent.

    Returns:
        ``runs``, and ``more``: whether there may be others.
    """
    since_time = datetime.fromisoformat(since) if since else None

    def wanted(dto: Any) -> bool:
        own = dto.tags or {}
        return (
            not dto.hidden
            and dto.run_id.startswith(prefix)
            and (not statuses or dto.status in statuses)
            and (target is None or (dto.target or "").lower() == target.lower())
            and all(key in own and value in (None, own[key]) for key, value in tags or [])
        )

    filters: dict[str, Any] = {} if children or parent else {"include_children": False}
    if statuses and len(statuses) == 1:
        filters["status"] = statuses[0]
    plain = {
        key: value for key, value in tags or [] if value and _PLAIN.fullmatch(key) and _PLAIN.fullmatch(value)
    }
    if plain:
        filters["tags"] = plain

    def of(name: str) -> tuple[list[dict[str, Any]], bool]:
        found = _runs_of(session, name, filters, _LARGE_PAGE if prefix else _PAGE)
        return _taken(found, wanted, since_time, most, name)

    if parent is not None:
        run = _run(session, parent)
        dtos = run._client.run.get_child_runs(parent, order_by=("CreatedUtc", "desc"))
        runs, more = _taken(dtos, wanted, since_time, most, run.experiment.name)
        return {"runs": runs, "more": more}
    names = [experiment] if experiment else [found.name for found in _client(session).list_experiments()]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(of, names))
    runs = [run for found, _ in results for run in found]
    runs.sort(key=lambda run: (run["createdUtc"], run["runNumber"]), reverse=True)
    return {"runs": runs[:most], "more": len(runs) > most or any(more for _, more in results)}


def _taken(
    dtos: Iterator[Any], wanted: Callable[[Any], bool], since: datetime | None, most: int, experiment: str
) -> tuple[list[dict[str, Any]], bool]:
    """The first runs that are wanted, of runs that come the newest first, and whether there may be more."""
    taken: list[dict[str, Any]] = []
    for place, dto in enumerate(dtos):
        if since is not None and dto.created_utc < since:
            break
        if len(taken) == most or place == _MOST_LOOKED_AT:
            return taken, True
        if wanted(dto):
            taken.append(_record(dto, experiment))
    return taken, False


def _runs_of(session: Session, experiment: str, filters: dict[str, Any], page: int) -> Iterator[Any]:
    from azureml._restclient.experiment_client import ExperimentClient

    client = ExperimentClient(session.workspace.service_context, experiment)
    try:
        yield from client.get_runs(page_size=page, order_by=("CreatedUtc", "desc"), **filters)
    except Exception as error:
        if record_of(error, "")["status"] != 404:  # an experiment that is not there has no runs
            raise


def details(session: Session, run_id: str) -> dict[str, Any]:
    """A ``run``, its ``logs`` by name, its ``definition``, its page's ``url``, and how many ``children`` it has."""
    run = _run(session, run_id)
    told = run.get_details()
    children = run._client.run.get_child_runs(run_id)
    return {
        "run": get(session, run_id),
        "logs": sorted(told.get("logFiles") or {}),
        "definition": told.get("runDefinition"),
        "url": run.get_portal_url(),
        "children": sum(1 for _ in islice(children, _MOST_LOOKED_AT)),
    }


def url(session: Session, run_id: str) -> str:
    """The address of its page."""
    return str(_run(session, run_id).get_portal_url())


def log(session: Session, run_id: str, name: str | None, follow: bool) -> dict[str, Any] | None:
    """Tells ``log`` (``text``) of one log, or with ``follow`` what ``follower`` tells, to the run's end.

    Returns:
        the run's record at its end, where it was followed.
    """
    run = _run(session, run_id)
    if follow:
        Follower(run, session.report, name=name).follow()
        return get(session, run_id)
    import codecs

    import requests

    address = run.get_details()["logFiles"][name]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with requests.get(address, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        for piece in answer.iter_content(_CHUNK):
            session.report("log", kind="user", text=decoder.decode(piece))
    return None


def metrics(session: Session, run_id: str, names: list[str] | None = None) -> list[dict[str, Any]]:
    """All values of all metrics, or of those of the names, as ``MetricV2Dto``."""
    client = _run(session, run_id)._client.metrics
    known = client.list_metric_names_for_run_id(run_id)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        wanted = [name for name in known if names is None or name in names]
        found = list(pool.map(lambda name: client.get_metric_dto_for_run_v2(name, run_id=run_id), wanted))
    return [dto.serialize() for dto in found if dto is not None]


def last_values(session: Session, run_ids: list[str], names: list[str]) -> dict[str, dict[str, Any]]:
    """Of each run the last values of its metrics of these names, by run and name."""
    if not run_ids or not names:
        return {}
    client = _run(session, run_ids[0])._client.metrics
    pairs = [(run_id, name) for run_id in run_ids for name in names]

    def last(pair: tuple[str, str]) -> Any:
        dto = client.get_metric_dto_for_run_v2(pair[1], run_id=pair[0])
        values = dto.value if dto else None
        if not values:
            return None
        newest = max(enumerate(values), key=lambda entry: (entry[1].step or 0, entry[0]))[1]
        return next(iter(newest.data.values()), None)

    found: dict[str, dict[str, Any]] = {run_id: {} for run_id in run_ids}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for (run_id, name), value in zip(pairs, pool.map(last, pairs), strict=True):
            if value is not None:
                found[run_id][name] = value
    return found


def files(session: Session, run_id: str) -> list[str]:
    """The paths of what the run has left."""
    return sorted(_run(session, run_id).get_file_names())


def download(session: Session, run_id: str, targets: list[tuple[str, str]]) -> int:
    """Writes files of a run to the paths behind their own; tells ``file`` (``path``) of each.

    Returns:
        how many.
    """
    run = _run(session, run_id)

    def fetch(pair: tuple[str, str]) -> str:
        run.download_file(pair[0], output_file_path=pair[1])
        return pair[0]

    with ThreadPoolExecutor(_AT_ONCE // 2) as pool:
        for path in pool.map(fetch, targets):
            session.report("file", path=path)
    return len(targets)


def snapshot(session: Session, run_id: str, folder: str) -> str | None:
    """Downloads the run's snapshot as a zip into a folder.

    Returns:
        the zip, or None when the run has no snapshot.
    """
    run = _run(session, run_id)
    snapshot_id = run.get_properties().get("ContentSnapshotId")
    return str(run.restore_snapshot(snapshot_id, path=folder)) if snapshot_id else None


def cancel(session: Session, run_id: str) -> bool:
    """Asks for the end of a run; False when it is over already."""
    run = _run(session, run_id)
    if run.get_status() in ("Completed", "Failed", "Canceled"):
        return False
    run.cancel()
    return True


def tag(session: Session, run_id: str, added: dict[str, str], removed: list[str]) -> dict[str, str]:
    """Adds tags and takes others away.

    Returns:
        all that the run has then.
    """
    run = _run(session, run_id)
    if added:
        run.set_tags(added)
    if removed:
        run.remove_tags(removed)
    record = get(session, run_id)
    return dict(record["tags"] or {}) if record else {}


def _client(session: Session) -> Any:
    from azureml._restclient.workspace_client import WorkspaceClient

    return WorkspaceClient(session.workspace.service_context)


def _run(session: Session, run_id: str) -> Any:
    return session.workspace.get_run(run_id)


def _record(dto: Any, experiment: str) -> dict[str, Any]:
    return {**dto.serialize(), "experimentName": experiment}


OPERATIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        get, find, query, details, url, log, metrics, last_values, files, download, snapshot, cancel, tag,
    )
}  # fmt: skip
