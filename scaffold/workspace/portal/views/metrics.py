"""The metrics of a run, each as what it is drawn as: a value, lines, a table, an image, a matrix, bars."""

import itertools
import json
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from scaffold.workspace.portal.pages import Look
from scaffold.workspace.portal.views import files
from scaffold.workspace.portal.views.run import artifact_file, artifacts, frame
from scaffold.workspace.store.metrics import Summary

_ARTIFACT = "aml://artifactId/"
_POINTS = 2000
_ROWS = 200
_LONG, _MOST_KEPT = 500, 200
_COUNTERS = {"step", "epoch", "iteration", "iter", "batch"}  # columns that the others are drawn over
_JSON_BYTES = 16 * 1024 * 1024
Point = tuple[int | None, str, dict[str, Any]]


def page(look: Look, run_id: str) -> dict[str, Any] | None:
    """The metrics of a run in the order of their first values."""
    run = look.store.runs.get(run_id)
    if run is None:
        return None
    drawn = [
        _DRAWINGS.get((look.store.workspace_id, run_id, metric), partial(_drawn, look, run_id, metric))
        for metric in look.store.metrics.overview(run_id)
    ]
    refused = [warning["message"] for warning in run.warnings if warning.get("source") == "metrics"]
    return {**frame(look, run, "metrics"), "metrics": drawn, "refused": refused}


def one(look: Look, run_id: str) -> dict[str, Any] | None:
    """One metric between two steps, with more of its points than the page of all shows."""
    name, low, high = look.query.get("name", ""), look.query.get("from"), look.query.get("to")
    points = look.store.metrics.points(run_id, name)
    if not points:
        return None
    try:
        bounds = (float(low or "-inf"), float(high or "inf"))
    except ValueError:
        bounds = (-math.inf, math.inf)
    kind = next((metric.kind for metric in look.store.metrics.overview(run_id) if metric.name == name), None)
    return _numbers(name, kind or "", points, bounds) or {"name": name, "draw": "table"}


def curves_of(look: Look, run_id: str, name: str) -> dict[str, Any] | None:
    """The line of a metric of single numbers; None where there is none."""
    points = look.store.metrics.points(run_id, name)
    if (
        not points
        or len(points[0][2]) != 1
        or not (drawn := _numbers(name, "", points, (-math.inf, math.inf)))
    ):
        return None
    if drawn["draw"] == "value":
        return {"x": [float(points[0][0] or 0)], "y": [_finite(drawn["last"])], "x_label": "step"}
    return {"x": drawn["x"], "y": drawn["series"][0]["values"], "x_label": drawn["x_label"]}


def images(look: Look, run_id: str) -> dict[str, Any] | None:
    """The images of a run: what ``log_image`` was given, then the others among its files."""
    run = look.store.runs.get(run_id)
    if run is None:
        return None
    logged: dict[str, str] = {}
    for metric in look.store.metrics.overview(run_id):
        if metric.kind and metric.kind.endswith(".image"):
            for _, _, data in look.store.metrics.points(run_id, metric.name):
                logged[_path(next(iter(data.values()), ""))] = metric.name
    every = [name for name in artifacts(look, run_id) if files.is_image(name)]
    shown = [path for path in logged if path in every] + [path for path in every if path not in logged]
    return {
        **frame(look, run, "images"),
        "images": [
            {"path": path, "name": logged.get(path, path), "logged": path in logged} for path in shown[:500]
        ],
        "more": max(0, len(shown) - 500),
    }


class _Drawings:
    """What was drawn of long metrics, so that the next page of the same values need not look at each value again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str, Summary], draw: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the drawing of these values, drawn now if it is not kept."""
        if key[-1].count < _LONG:
            return draw()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        drawing = draw()
        with self._lock:
            self._kept[key] = drawing
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return drawing


_DRAWINGS = _Drawings()


def _drawn(look: Look, run_id: str, metric: Summary) -> dict[str, Any]:
    name, kind, count = metric.name, metric.kind or "", metric.count
    what = kind.rpartition(".")[2]
    points = look.store.metrics.points(run_id, name)
    if what == "image":
        paths = [_path(next(iter(data.values()), "")) for _, _, data in points]
        return {"name": name, "kind": kind, "draw": "images", "count": count, "paths": paths[-50:]}
    if what in _FROM_FILES:
        document = _document(look, run_id, points[-1][2])
        try:
            return {"name": name, "kind": kind, "count": count, **_FROM_FILES[what](document["data"])}
        except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError):
            text = json.dumps(document, indent=2, ensure_ascii=False)[:20_000] if document else ""
            return {"name": name, "kind": kind, "draw": "text", "count": count, "text": text}
    return _numbers(name, kind, points, (-math.inf, math.inf)) or _table(name, kind, points)


def _is_stepped(points: list[Point]) -> bool:
    """True for values that say at which of several steps they were."""
    return len({step for step, _, _ in points}) > 1


def _by_step(points: list[Point]) -> list[Point]:
    """Values in the order of their steps where they have any, else in the order they were logged."""
    if not _is_stepped(points):
        return points
    return sorted(points, key=lambda point: point[0] if point[0] is not None else -1)


def _axis(points: list[Point], numeric: list[str]) -> tuple[list[float], str, list[str]]:
    """Where each value is on the x axis (its step, what a column counts, or its place), what that is called, and the
    columns that are drawn over it.
    """
    if _is_stepped(points):
        return [float(step or 0) for step, _, _ in points], "step", numeric
    counted = next((column for column in numeric if column.lower() in _COUNTERS), None)
    if counted is not None and len(numeric) > 1:
        ordered = [float(data[counted]) for _, _, data in points]
        if all(before <= after for before, after in itertools.pairwise(ordered)):
            return ordered, counted, [column for column in numeric if column != counted]
    return [float(place) for place in range(len(points))], "index", numeric


def _numbers(name: str, kind: str, points: list[Point], bounds: tuple[float, float]) -> dict[str, Any] | None:
    """Values that are numbers: one, or lines over steps; None when there is none to draw."""
    columns = _columns(points)
    numeric = [c for c in columns if all(_is_number(data.get(c)) for _, _, data in points)]
    if not numeric:
        return None
    is_table = kind.endswith(".table")
    if is_table and len(numeric) < len(columns):
        return None
    last = points[-1][2]
    if len(points) == 1:
        if is_table or len(columns) > 1:
            return None
        return {
            "name": name,
            "kind": kind,
            "draw": "value",
            "count": 1,
            "last": last[numeric[0]],
            "step": points[0][0],
        }
    points = _by_step(points)
    x, label, numeric = _axis(points, numeric)
    last = points[-1][2]
    kept = [place for place, at in enumerate(x) if bounds[0] <= at <= bounds[1]]
    rows = [[_finite(points[place][2].get(column)) for column in numeric] for place in kept]
    thin = _thinned(rows) if len(kept) > _POINTS else range(len(kept))
    start = datetime.fromisoformat(points[0][1])
    return {
        "name": name,
        "kind": kind,
        "draw": "line",
        "count": len(points),
        "thinned": len(kept) > _POINTS,
        "x_label": label,
        "x": [x[kept[place]] for place in thin],
        "seconds": [
            round(max(0.0, (datetime.fromisoformat(points[kept[place]][1]) - start).total_seconds()), 3)
            for place in thin
        ],
        "series": [
            {"label": column if len(columns) > 1 else name, "values": [rows[place][number] for place in thin]}
            for number, column in enumerate(numeric)
        ],
        "last": last[numeric[0]] if len(numeric) == 1 else None,
        **({k: v for k, v in _table(name, kind, points).items() if k in ("columns", "rows")}
           if is_table or len(columns) > 1 else {}),
    }  # fmt: skip


def _thinned(rows: list[list[float | None]]) -> list[int]:
    """The places to keep of many: of each stretch the lowest and the highest of the first column, and the ends."""
    kept = {0, len(rows) - 1}
    width = len(rows) / (_POINTS / 2)
    for number in range(_POINTS // 2):
        places = range(int(number * width), max(int(number * width) + 1, int((number + 1) * width)))
        known = [place for place in places if place < len(rows) and rows[place][0] is not None]
        if known:
            kept.add(min(known, key=lambda place: rows[place][0] or 0.0))
            kept.add(max(known, key=lambda place: rows[place][0] or 0.0))
    return sorted(kept)


def _columns(points: list[Point]) -> list[str]:
    """The columns of all values, in the order they came."""
    kinds = dict.fromkeys(tuple(data) for _, _, data in points)
    return list(dict.fromkeys(column for kind in kinds for column in kind))


def _table(name: str, kind: str, points: list[Point]) -> dict[str, Any]:
    columns = _columns(points)
    rows = [[data.get(column) for column in columns] for _, _, data in points[:_ROWS]]
    return {
        "name": name,
        "kind": kind,
        "draw": "table",
        "count": len(points),
        "columns": columns,
        "rows": rows,
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _finite(value: Any) -> float | None:
    """A number that can be drawn; a gap for one that cannot."""
    return value if abs(value) <= 1e300 else None


# Metrics that are files


def _path(location: Any) -> str:
    """The path among the run's artifacts: the SDK writes ``aml://artifactId/ExperimentRun/dcid.…/path``."""
    text = str(location).removeprefix(_ARTIFACT)
    return text.split("/", 2)[2] if text.startswith("ExperimentRun/") and text.count("/") >= 2 else text


def _document(look: Look, run_id: str, data: dict[str, Any]) -> Any:
    file = artifact_file(look, run_id, _path(next(iter(data.values()), "")))
    if file is None or file.stat().st_size > _JSON_BYTES:
        return None
    try:
        return json.loads(file.read_bytes())
    except ValueError:
        return None


def _matrix(data: dict[str, Any]) -> dict[str, Any]:
    matrix = [[_number(value) for value in row] for row in data["matrix"]][:100]
    most = max((value for row in matrix for value in row), default=0) or 1
    # Ten shades: a style of its own for each cell is what the pages' policy forbids.
    shades = [[max(0, min(9, round(9 * value / most))) for value in row] for row in matrix]
    labels = [str(label) for label in data["class_labels"]][: len(matrix)]
    return {"draw": "matrix", "labels": labels, "matrix": matrix, "shades": shades}


def _number(value: Any) -> float:
    if not _is_number(value):
        raise TypeError(value)
    return float(value) if isinstance(value, float) and not value.is_integer() else int(value)


def _curves(data: dict[str, Any]) -> dict[str, Any]:
    """Receiver operating characteristic and precision over recall of each class against the others."""
    roc, recall = [], []
    for label, table in list(zip(data["class_labels"], data["probability_tables"], strict=False))[:20]:
        rates = [
            (fp / ((fp + tn) or 1), tp / ((tp + fn) or 1), tp / ((tp + fp) or 1)) for tp, fp, tn, fn in table
        ]
        roc.append(_curve(str(label), [(false, true) for false, true, _ in rates]))
        recall.append(_curve(str(label), [(true, precise) for _, true, precise in rates]))
    return {
        "draw": "curves",
        "charts": [
            {
                "title": "ROC",
                "x_label": "false positive rate",
                "y_label": "true positive rate",
                "curves": roc,
            },
            {"title": "Precision–recall", "x_label": "recall", "y_label": "precision", "curves": recall},
        ],
    }


def _curve(label: str, points: list[tuple[float, float]]) -> dict[str, Any]:
    ordered = sorted(points)
    return {"label": label, "x": [point[0] for point in ordered], "y": [point[1] for point in ordered]}


def _bars(data: dict[str, Any]) -> dict[str, Any]:
    edges, counts = [_number(e) for e in data["bin_edges"]], [_number(c) for c in data["bin_counts"]]
    return {
        "draw": "bars",
        "x": [(low + high) / 2 for low, high in itertools.pairwise(edges)][: len(counts)],
        "counts": counts[: len(edges) - 1],
        "edges": edges,
        "facts": {key: data[key] for key in ("mean", "std", "res_count") if _is_number(data.get(key))},
    }


def _predictions(data: dict[str, Any]) -> dict[str, Any]:
    edges = [_number(edge) for edge in data["bin_edges"]]
    averages = [_number(value) for value in data["bin_averages"]]
    errors = [_number(value) for value in data.get("bin_errors") or [0] * len(averages)]
    middles = [(low + high) / 2 for low, high in itertools.pairwise(edges)][: len(averages)]
    return {
        "draw": "predictions",
        "x": middles,
        "predicted": averages[: len(middles)],
        "low": [a - e for a, e in zip(averages, errors, strict=False)][: len(middles)],
        "high": [a + e for a, e in zip(averages, errors, strict=False)][: len(middles)],
    }


_FROM_FILES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "confusion_matrix": _matrix,
    "accuracy_table": _curves,
    "residuals": _bars,
    "predictions": _predictions,
    "forecast_table": lambda data: {"draw": "text", "text": json.dumps(data, indent=2)[:20_000]},
}
