"""Every address of the pages, as HTML and as JSON, with every parameter that a view reads, missing and odd."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from scaffold.workspace import portal
from scaffold.workspace.portal.app import PAGES
from tests.fuzz.conftest import SEED
from tests.fuzz.service import Watched

_READ = re.compile(r"""query(?:_params)?(?:\.get|\.getlist)?[(\[]["']([a-z_]+)""")
_SERVED = (
    "/live?x=", "/runs/{run_id}/lines/{path}", "/runs/{run_id}/file/{path}", "/runs/{run_id}/source/{path}",
    "/runs/{run_id}/snapshot.zip", "/static/{name}",
)  # fmt: skip
ACCEPTED = (
    None,
    "text/html",
    "application/json",
    "*/*",
    "text/html;q=0.1, application/json",
    "",
    "x",
    "image/png",
)
# As they stand in an address: also such as are no text.
ODD = (
    "", "0", "-1", "1.5", "nan", "inf", "-inf", "1e999", "9" * 400, "0x1", "%C2%B2", "%D9%A3", "+", "%00", "%0A",
    "%FF", "%ED%A0%80", "%", "%2e%2e%2f", "[]", "{}", "null", "desc", "metrics.", "metrics.loss", "tags.", "tags.%00",
    "params.a", "x" * 9000, "fuzz_run", "loss", "image", "download", "%3Cscript%3E", "%E2%80%AE", "'", "%22", "x,y",
    "active", "Running",
)  # fmt: skip


@pytest.fixture(
    params=[pytest.param(8, id="quick"), pytest.param(len(ODD), id="long", marks=pytest.mark.slow)]
)
def odd(request: pytest.FixtureRequest) -> list[str]:
    """Odd values: all of them, or a few that are others with every seed."""
    return random.Random(SEED).sample(ODD, request.param)


def parameters() -> list[str]:
    """The names of what the views read from an address."""
    root = Path(portal.__file__).parent
    found = {name for file in root.rglob("*.py") for name in _READ.findall(file.read_text(encoding="utf-8"))}
    assert {"name", "from", "page", "columns", "runs", "version", "search"} <= found
    return sorted(found)


def addresses(service: Watched) -> Iterator[str]:
    """Every address, of things that are there and of things that are not."""
    for template in (*(address for address, _, view in PAGES), *_SERVED):
        if "/live" in template:  # ends when it wants to
            continue
        yield re.sub(r"\{[^}]+\}", "none", template)
        parts = {
            "run_id": service.known["run"], "experiment_id": service.known["experiment_id"],
            "experiment": service.known["experiment"], "path": service.known["artifact"], "key": "none",
        }  # fmt: skip
        names = {"/models": "model", "/datasets": "dataset", "/environments": "environment"}
        parts["name"] = service.known[names.get(template.rpartition("/")[0], "environment")]
        yield re.sub(r"\{(\w+)[^}]*\}", lambda match, parts=parts: quote(parts[match[1]]), template)


def ask(service: Watched, address: str, accept: str | None) -> None:
    answer = service.page(service.inside(address), headers={} if accept is None else {"Accept": accept})
    assert answer.status in (200, 400, 404), (address, accept, answer.body)


@pytest.mark.parametrize("twin", ["", ".json"])
def test_no_page_fails_whatever_it_is_asked_for_as(service: Watched, twin: str):
    for address in addresses(service):
        for accept in ACCEPTED:
            ask(service, address + (twin if address != "/" else ""), accept)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_no_page_fails_of_odd_parameters(service: Watched, odd: list[str], accept: str):
    names = parameters()
    for address in addresses(service):
        for value in odd:
            # All at once, so that each page meets those that it reads; then those that come twice.
            ask(
                service,
                f"{address}?{'&'.join(f'{name}={value}' for name in names if name != 'format')}",
                accept,
            )
        ask(service, f"{address}?{'&'.join(f'{name}&{name}=1&{name}=x' for name in names)}", accept)
        ask(service, f"{address}?&&=&=x&%", accept)


def test_no_page_fails_of_one_odd_parameter(service: Watched, odd: list[str]):
    """Where the others are as they should be."""
    chosen = random.Random(SEED)
    for address in addresses(service):
        for name in parameters():
            value = chosen.choice(odd)
            ask(service, f"{address}?name=loss&runs=fuzz_run&{name}={value}", "text/html")


def test_one_metric_is_there_as_json_however_it_is_asked_for(service: Watched):
    run, name = service.known["run"], "scaffold-test"
    service.metric(run, name, [1.0, 2.0, 3.0])

    for accept in ACCEPTED:
        answer = service.own_page(f"/runs/{run}/metric?name={name}", **({"Accept": accept} if accept else {}))
        assert (answer.status, answer.json()["name"]) == (200, name)
    for address in (f"/runs/{run}/metric", f"/runs/{run}/metric?name=none", f"/runs/none/metric?name={name}"):
        assert service.own_page(address).status == 404
