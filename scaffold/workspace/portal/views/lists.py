"""The list of experiments, and lists of runs with the columns that people chose."""

import hashlib
import json
from typing import Any
from urllib.parse import quote

from scaffold import ranking
from scaffold.workspace.portal import words
from scaffold.workspace.portal.pages import Look
from scaffold.workspace.runs import TERMINAL, Status
from scaffold.workspace.store.experiments import Experiment
from scaffold.workspace.store.listing import Query
from scaffold.workspace.store.runs import Run
from scaffold.workspace.store.search import SearchError
from scaffold.workspace.store.sweeps import Sweep

PAGE = 50
_MOST_COLUMNS = 12
_AT_FIRST = 3
BUSY = [status.value for status in Status if status not in TERMINAL]
FINISHED = [Status.COMPLETED.value, Status.FAILED.value, Status.CANCELED.value]


def row_of(run: Run) -> dict[str, Any]:
    """A run as a row."""
    return {
        "run_id": run.run_id,
        "number": run.number,
        "name": run.display_name or run.run_id,
        "status": run.status.value,
        "terminal": run.status.terminal,
        "target": run.target,
        "created": run.created,
        "started": run.started,
        "seconds": words.seconds(run),
    }


def experiments(look: Look) -> dict[str, Any]:
    """The experiments: those that something happened in last first."""
    store, text = look.store, look.query.get("q", "").strip()
    counts = store.run_lists.counts_by_experiment()
    rows: list[dict[str, Any]] = []
    for experiment in store.experiments.all():
        if text.lower() not in experiment.name.lower():
            continue
        (latest,) = store.runs.of_experiment(experiment.experiment_id, limit=1) or (None,)
        of = counts.get(experiment.experiment_id, {})
        rows.append(
            {
                "name": experiment.name,
                "address": _address(look, experiment),
                "archived": experiment.archived is not None,
                "created": experiment.created,
                "runs": sum(of.values()),
                "busy": sum(of.get(status, 0) for status in BUSY),
                "failed": of.get(Status.FAILED.value, 0),
                "latest": row_of(latest) if latest else None,
            }
        )
    rows.sort(key=lambda row: row["latest"]["created"] if row["latest"] else row["created"], reverse=True)
    return {
        "title": "Experiments",
        "section": "experiments",
        "experiments": rows,
        "text": text,
        "live": "/live",
    }


def _address(look: Look, experiment: Experiment) -> str:
    """The page of an experiment: by its name, unless an active one has that name now."""
    named = look.store.experiments.by_name(experiment.name)
    by_name = named is not None and named.experiment_id == experiment.experiment_id
    return f"/experiments/{quote(experiment.name) if by_name else 'id/' + experiment.experiment_id}"


def runs(look: Look) -> dict[str, Any]:
    """The runs of all experiments."""
    return _list(look, None)


def experiment(
    look: Look, experiment: str | None = None, experiment_id: str | None = None
) -> dict[str, Any] | None:
    """One experiment's runs."""
    store = look.store.experiments
    found = store.by_id(experiment_id) if experiment_id else store.by_name(experiment or "")
    return None if found is None else _list(look, found)


def _statuses(look: Look) -> list[str]:
    """The statuses that are asked for; ``active`` stands for all before the end."""
    return [status for status in look.query.getlist("status") if status in (*BUSY, *FINISHED, "active")]


def _wanted(look: Look, of: Experiment | None) -> Query:
    """The page of the list that is asked for."""
    query = look.query
    return Query(
        experiment_id=of.experiment_id if of else None,
        target=query.get("target", "").strip(),
        text=query.get("q", "").strip(),
        statuses=tuple(dict.fromkeys(x for s in _statuses(look) for x in (BUSY if s == "active" else [s]))),
        condition=query.get("filter", "").strip(),
        archived=query.get("archived") == "1",
        sort=query.get("sort", "created"),
        descending=query.get("order", "desc") != "asc",
        limit=PAGE,
        offset=PAGE * (_number(query.get("page", "1")) - 1),
    )


def _rows(look: Look, found: list[Run], of: Experiment | None, columns: list[str]) -> list[dict[str, Any]]:
    """The runs as rows, with the values of the columns that people chose."""
    rows = [row_of(run) for run in found]
    values = look.store.run_lists.values([run.run_id for run in found], columns)
    names = {} if of else {e.experiment_id: (e.name, _address(look, e)) for e in look.store.experiments.all()}
    for row, run in zip(rows, found, strict=True):
        row["values"] = values[run.run_id]
        if of is None:
            row["experiment"], row["experiment_address"] = names.get(run.experiment_id, ("", ""))
    return rows


def _list(look: Look, of: Experiment | None) -> dict[str, Any]:
    wanted = _wanted(look, of)
    error = None
    try:
        found, total = look.store.run_lists.page(wanted)
    except SearchError as reason:
        error, found, total = str(reason), [], 0
    columns, available, remember = _columns(look, found, of)
    rows = _rows(look, found, of, columns)
    counts = look.store.run_lists.counts(of.experiment_id if of else None)
    return {
        "title": of.name if of else "Runs",
        "section": "experiments" if of else "runs",
        "name": of.name if of else None,
        "experiment": {"name": of.name, "description": of.description, "tags": of.tags, "created": of.created,
                       "archived": of.archived} if of else None,
        "runs": rows,
        "total": total,
        "page": wanted.offset // PAGE + 1,
        "pages": max(1, -(-total // PAGE)),
        "first": wanted.offset + 1 if rows else 0,
        "columns": columns,
        "available": available,
        "error": error,
        "asked": {"q": wanted.text, "target": wanted.target, "status": _statuses(look), "filter": wanted.condition,
                  "sort": wanted.sort, "order": "desc" if wanted.descending else "asc",
                  "archived": "1" if wanted.archived else ""},
        "counts": {"active": sum(counts.get(status, 0) for status in BUSY)}
        | {status: counts.get(status, 0) for status in FINISHED},
        "all": sum(counts.values()),
        "live": "/live",
        "remember": remember,
    }  # fmt: skip


def _number(text: str) -> int:
    return min(max(1, int(text)), 10**9) if text.isdecimal() and len(text) < 12 else 1


def _columns(
    look: Look, shown: list[Run], of: Experiment | None
) -> tuple[list[str], list[str], dict[str, str]]:
    """The chosen columns, those that could be chosen, and what the browser should remember.

    Chosen in the address, else the last time in this experiment, else the metrics that most of the runs shown have.
    """
    names = [f"metrics.{name}" for name in look.store.run_lists.metric_names([run.run_id for run in shown])]
    tags = sorted({f"tags.{tag}" for run in shown for tag in run.tags if not tag.startswith("mlflow.")})
    params = sorted(
        {f"params.{key.removeprefix('mlflow.param.')}" for run in shown for key in run.properties
         if key.startswith("mlflow.param.")}
    )  # fmt: skip
    available = sorted(names) + tags + params
    key = "columns-" + hashlib.sha256((of.experiment_id if of else "").encode()).hexdigest()[:10]
    remember: dict[str, str] = {}
    if "columns" in look.query:
        chosen = [name for name in look.query.getlist("columns") if name]
        text = _packed(chosen)
        if len(text) < 1500:
            remember[key] = text
    elif key in look.cookies:
        chosen = _unpacked(look.cookies[key])
    else:
        chosen = names[:_AT_FIRST]
    valid = [
        name for name in dict.fromkeys(chosen) if name.partition(".")[0] in ("metrics", "tags", "params")
    ]
    chosen = [name for name in valid if name.partition(".")[2]][:_MOST_COLUMNS]
    return chosen, list(dict.fromkeys([*chosen, *available])), remember


def _packed(names: list[str]) -> str:
    """Names as a cookie may hold them."""
    import base64
    import json

    return base64.urlsafe_b64encode(json.dumps(names).encode()).decode()


def _unpacked(text: str) -> list[str]:
    import base64
    import json

    try:
        names = json.loads(base64.urlsafe_b64decode(text))
    except ValueError:
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def children(look: Look, run_id: str, limit: int = 500) -> list[dict[str, Any]]:
    """The children of a run as rows, the newest last."""
    found, _ = look.store.run_lists.page(Query(parent_run_id=run_id, descending=False, limit=limit))
    metrics = _child_metrics(look, run_id, [run.run_id for run in found])
    return [row_of(run) | {"drawn": drawn_of(run), "metrics": metrics[run.run_id]} for run in found]


def _child_metrics(look: Look, run_id: str, child_ids: list[str]) -> dict[str, dict[str, Any]]:
    """The metrics of children by their heads: the best values of what a sweep is about, and the last ones of others.

    Every child has every head, with None where it logged no such metric.
    """
    sweep = look.store.sweeps.get(run_id)
    names = [
        name for name in look.store.run_lists.metric_names(child_ids) if not sweep or name != sweep.metric
    ]
    last = look.store.run_lists.values(child_ids, [f"metrics.{name}" for name in names[:_AT_FIRST]])
    found: dict[str, dict[str, Any]] = {}
    for child in child_ids:
        primary = {ranking.head(sweep.metric, "best"): _best(look, child, sweep)} if sweep else {}
        others = {
            ranking.head(name, "last"): last[child].get(f"metrics.{name}") for name in names[:_AT_FIRST]
        }
        found[child] = primary | others
    return found


def _best(look: Look, run_id: str, sweep: Sweep) -> float | None:
    """The value that a sweep compares a child by: the best that it logged of the sweep's metric."""
    points = look.store.metrics.points(run_id, sweep.metric)
    logged = [next(iter(data.values()), None) for _, _, data in points]
    return ranking.value_of(logged, "best", "maximize" if sweep.maximize else "minimize")


def drawn_of(run: Run) -> dict[str, str]:
    """The parameters that a sweep has given a child, by name."""
    try:
        drawn = json.loads(run.tags.get("hyperparameters", ""))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in drawn.items()} if isinstance(drawn, dict) else {}
