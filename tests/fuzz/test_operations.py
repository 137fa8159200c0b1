"""Every operation of the table, asked by its owner with what nobody should send: it answers, and never fails."""

import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import strategies as st

from scaffold.workspace.routes import Access, Operation
from scaffold.workspace.services.execution import NewRun
from scaffold.workspace.services.hyperdrive import NewSweep
from tests.fuzz import hostile, surface
from tests.fuzz.conftest import Fuzz
from tests.fuzz.service import Watched
from tests.workspace.client import SCOPE

_EXAMPLES = 100
_FORMS = {
    "localrun.start_local_run": (NewRun, "definition.json"),
    "hyperdrive.create_sweep": (NewSweep, "config.json"),
}
_OPERATIONS = [pytest.param(*one, id=surface.name_of(*one)) for one in surface.operations()]
# What the service has, by the names of the table's path parameters.
PARTS = {
    "run_id": "<<run>>", "experiment": "<<experiment>>", "experiment_id": "<<experiment_id>>",
    "snapshot_id": "<<snapshot>>", "saved_id": "<<saved_id>>", "dataset_id": "<<dataset_id>>", "id": "<<model>>",
    "model_id": "<<logged_model>>", "origin": "ExperimentRun", "container": "dcid.<<run>>", "path": "<<artifact>>",
    "name": "fuzz", "version": "1", "label": "latest", "submission": "s", "operation": "x", "workspace_id": "w",
    "location": "local", "rest": "api/2.0/mlflow/x",
}  # fmt: skip
_OWN = {"subscription": "00000000-0000-0000-0000-000000000000", "group": "local", "workspace": "local"}


def _parts(operation: Operation) -> Any:
    """A value for every parameter of a path."""
    names = re.findall(r"\{(\w+)(?::\w+)?\}", operation.path.replace("{S}", ""))
    free = [name for name in names if name not in ("secret", *_OWN)]
    return st.fixed_dictionaries(
        {name: st.one_of(*[st.just(PARTS.get(name, "fuzz"))] * 2, _in_address()) for name in free}
    )


def _in_address() -> Any:
    """What goes into an address; a longer one than this the server does not even read."""
    return hostile.texts(surrogates=False).map(lambda text: text[:5000])


def _queries(operation: Operation) -> Any:
    return st.dictionaries(st.sampled_from(surface.query_names(operation)), _in_address(), max_size=3)


def _headers() -> Any:
    names = st.sampled_from([name for name in surface.header_names() if name != "authorization"])
    values = st.one_of(
        st.sampled_from([text for text in hostile.QUERIES if text.isascii() and len(text) < 8000]),
        st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20),
    )
    return st.dictionaries(names, values, max_size=2)


def _bodies(method: str, operation: Operation) -> Any:
    if method in ("GET", "HEAD"):
        return st.none()
    if operation.name in _FORMS:
        return hostile.forms(*_FORMS[operation.name])
    return hostile.bodies(surface.body_type(operation))


def path_of(service: Watched, operation: Operation, parts: dict[str, str], query: dict[str, str]) -> str:
    def part(match: "re.Match[str]") -> str:
        name = match[1]
        if name == "secret":
            return service.secret_of(operation.path)
        return quote(service.fill({**_OWN, **parts}.get(name, "fuzz")), safe="")

    path = re.sub(r"\{(\w+)(?::\w+)?\}", part, operation.path.replace("{S}", SCOPE[1:]))
    filled = urlencode({name: service.fill(value) for name, value in query.items()})
    if operation.access is Access.SIGNATURE:
        signature = service.signed(operation.path.split("/")[1], service.fill(parts.get("name", "")))
        return f"{path}?{filled}&{signature.partition('?')[2]}"
    return f"{path}?{filled}"


@pytest.mark.parametrize(("method", "operation"), _OPERATIONS)
def test_an_operation_answers_whatever_it_is_asked(
    service: Watched, fuzz: Fuzz, method: str, operation: Operation
):
    token = "own" if operation.access is Access.BEARER else None

    def ask(
        parts: dict[str, str], query: dict[str, str], headers: dict[str, str], body: bytes | None
    ) -> None:
        path = path_of(service, operation, parts, query)
        kind = {"Content-Type": hostile.FORM} if operation.name in _FORMS else {}
        service.request(method, path, service.fill_bytes(body), token=token, headers=kind | headers)

    fuzz(
        ask,
        _EXAMPLES,
        parts=_parts(operation),
        query=_queries(operation),
        headers=_headers(),
        body=_bodies(method, operation),
    )
    if method not in ("GET", "HEAD"):
        service.look()


_ASKED = {"filter": (*hostile.FILTERS, *hostile.SEARCHES), "order": hostile.ORDERS, "token": hostile.TOKENS}


@pytest.mark.slow
def test_a_filter_an_order_and_a_token_are_read_or_refused(service: Watched):
    for method, operation in surface.operations(Access.BEARER):
        for field in surface.field_names(operation):
            for word, values in _ASKED.items():
                if word in field.lower():
                    _ask_for_each(service, method, operation, field, values)


def _ask_for_each(
    service: Watched, method: str, operation: Operation, field: str, values: tuple[str, ...]
) -> None:
    for value in map(service.fill, values):
        if method == "GET":
            service.get(path_of(service, operation, PARTS, {field: value[:5000]}))
            continue
        body = {"experiment_ids": [service.known["experiment_id"]]}
        answers = [
            service.request(method, path_of(service, operation, PARTS, {}), {**body, field: one})
            for one in (value, [value] * 40)
        ]
        assert min(answer.status for answer in answers) in (200, 400), value
