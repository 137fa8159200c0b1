"""Everything else: addresses, methods and pages that there are not."""

from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from scaffold.workspace.routes import OPERATIONS, Operation
from tests.fuzz import hostile, surface
from tests.fuzz.conftest import Fuzz
from tests.fuzz.service import Watched
from tests.fuzz.test_operations import PARTS, path_of

METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
    "LINK",
    "M-SEARCH",
)
_ADDRESSES = sorted({operation.template for operation in OPERATIONS})


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "POST"])
def test_a_method_that_an_address_does_not_have_is_not_implemented(service: Watched, method: str):
    served = {(one, operation.template) for one, operation in surface.operations(also_fatal=True)}
    for _, operation in surface.operations():
        path = path_of(service, operation, PARTS, {})
        if (
            (method, operation.template) in served
            or "mlflow" in path
            or _another_serves(service, method, operation)
        ):
            continue
        answer = service.request(method, path)
        assert answer.status == 501, (method, operation.path)
        assert answer.headers["x-ms-error-code"] == "NotImplemented"
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def _another_serves(service: Watched, method: str, operation: Operation) -> bool:
    """True when a template with parameters in other places fits the same address."""
    from starlette.routing import compile_path

    path = path_of(service, operation, PARTS, {}).partition("?")[0]
    return any(
        method in other.methods and compile_path(other.template)[0].fullmatch(path) for other in OPERATIONS
    )


def test_a_head_is_the_get_without_its_body(service: Watched):
    for method, operation in surface.operations():
        if method == "GET":
            path = path_of(service, operation, PARTS, {})

            got, head = service.request("GET", path), service.request("HEAD", path)

            assert (head.status, head.body) == (got.status, b""), path
            assert head.headers.get("content-type") == got.headers.get("content-type"), path


def test_addresses_of_any_form_are_answered_or_not_implemented(service: Watched, fuzz: Fuzz):
    parts = st.lists(st.one_of(st.sampled_from(_ADDRESSES), hostile.texts(surrogates=False)), max_size=4)

    def ask(method: str, parts: list[str], token: bool) -> None:
        path = "/" + quote("/".join(map(service.fill, parts))[:5000])
        answer = service.request(method, path, token="own" if token else None)
        assert answer.status in (200, 400, 401, 403, 404, 409, 413, 501), (method, path)
        if not token:
            assert answer.status != 200 or path == "/metadata/endpoints"

    fuzz(ask, 400, method=st.sampled_from(METHODS), parts=parts, token=st.booleans())


def test_pages_of_any_form_are_there_or_not(service: Watched, fuzz: Fuzz):
    inside = f"/{service.pages}"
    pages = st.sampled_from(("/", "/runs/<<run>>", "/runs/<<run>>/file/", "/experiments/", "/experiments/id/",
                             "/static/", "/runs/", ""))  # fmt: skip
    headers = st.dictionaries(
        st.sampled_from(("accept", "range", "if-none-match", "cookie")),
        st.sampled_from(
            ("application/json", "bytes=0-1", "scaffold=\xe9", "scaffold=x; scaffold-1=y", "*/*", "")
        ),
        max_size=2,
    )

    def ask(method: str, page: str, rest: str, headers: dict[str, str], json_form: bool) -> None:
        path = quote(service.fill(page) + service.fill(rest)[:5000]) + ("?format=json" if json_form else "")
        answer = service.page(inside + path, method=method, headers=headers)
        assert answer.status in (200, 400, 403, 404, 405), (method, path)
        assert "location" not in answer.headers
        assert service.page(path, method=method, headers=headers).status in (400, 403)

    fuzz(
        ask, 300, method=st.sampled_from(METHODS), page=pages, rest=hostile.texts(surrogates=False), headers=headers,
        json_form=st.booleans(),
    )  # fmt: skip
