"""Requests that are each in order, one after the other: made, changed, archived, deleted, and asked for again."""

from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from scaffold.workspace.routes import Access, Operation
from tests.fuzz import hostile, surface
from tests.fuzz.conftest import Fuzz
from tests.fuzz.service import Watched
from tests.fuzz.test_operations import PARTS, path_of

MLFLOW = "/mlflow/v1.0{S}/api/2.0/mlflow"
# Few names, so that requests meet.
_NAMES = (
    "fuzz",
    "other",
    "other_run",
    "<<experiment_id>>",
    "<<other_id>>",
    "<<child>>",
    "<<run>>",
    "<<artifact>>",
)


def _step(method: str, operation: Operation) -> Any:
    parts = {name: st.sampled_from((value, value, *_NAMES)) for name, value in PARTS.items()}
    named = {name: one for name, one in parts.items() if f"{{{name}" in operation.path}
    kind = surface.body_type(operation)
    body = st.none() if kind is None or method == "GET" else hostile.of_type(kind, clean=True)
    query = st.dictionaries(
        st.sampled_from(surface.query_names(operation)), st.sampled_from(_NAMES), max_size=1
    )
    return st.tuples(st.just((method, operation)), st.fixed_dictionaries(named), query, body)


def test_requests_one_after_the_other_are_all_answered(service: Watched, fuzz: Fuzz):
    steps = [_step(*one) for one in surface.operations(Access.BEARER)]

    def ask(sequence: list[Any]) -> None:
        service.furnish()
        other = service.post("/history/v1.0{S}/experiments/other").json()
        service.known["other_id"] = other["experimentId"]
        for (method, operation), parts, query, body in sequence:
            sent = None if body is None else service.fill_bytes(hostile.encoded(body))
            service.request(method, path_of(service, operation, parts, query), sent)
        service.look()

    fuzz(ask, 150, sequence=st.lists(st.one_of(*steps), min_size=2, max_size=12))


def test_an_experiment_that_was_archived_deleted_or_made_again_is_always_answered_for(
    service: Watched, fuzz: Fuzz
):
    """By both of the interfaces that it has."""
    both = [
        ("POST", "/history/v1.0{S}/experiments/again", None),
        ("PATCH", "/history/v1.0{S}/experimentids/<<again>>", {"archive": True}),
        ("PATCH", "/history/v1.0{S}/experimentids/<<again>>", {"archive": False}),
        ("DELETE", "/history/v1.0{S}/experimentids/<<again>>", None),
        ("PATCH", "/history/v1.0{S}/experiments/again/runs/again_run", {"status": "Running"}),
        ("POST", "{M}/experiments/create", {"name": "again"}),
        ("POST", "{M}/experiments/delete", {"experiment_id": "<<again>>"}),
        ("POST", "{M}/experiments/restore", {"experiment_id": "<<again>>"}),
        ("POST", "{M}/experiments/update", {"experiment_id": "<<again>>", "new_name": "renamed"}),
        ("POST", "{M}/experiments/update", {"experiment_id": "<<again>>", "new_name": "again"}),
        ("POST", "{M}/logged-models", {"experiment_id": "<<again>>", "source_run_id": "<<run>>"}),
        ("POST", "{M}/runs/create", {"experiment_id": "<<again>>"}),
        ("POST", "{M}/runs/search", {"experiment_ids": ["<<again>>"]}),
    ]  # fmt: skip

    def ask(sequence: list[Any]) -> None:
        service.known["again"] = service.post("/history/v1.0{S}/experiments/again").json()["experimentId"]
        for method, path, body in sequence:
            sent = None if body is None else service.fill_bytes(hostile.encoded(body))
            service.request(method, service.fill(path.replace("{M}", MLFLOW)), sent)
        service.own_page(f"/experiments/{quote('again')}")
        service.get("/history/v1.0{S}/experiments/again?" + urlencode({"viewType": "All"}))

    fuzz(ask, 150, sequence=st.lists(st.sampled_from(both), max_size=12))
