"""Who is let in: every operation of the table, on both ports."""

import base64
import re
import socket
import ssl
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from scaffold.workspace.routes import OPERATIONS, Access, Operation
from tests.workspace.client import SCOPE, Answer, Workspace

_VALUES = {"subscription": "00000000-0000-0000-0000-000000000000", "group": "local", "workspace": "local"}


def path_of(operation: Operation, **values: str) -> str:
    """A path of the operation with its parameters filled in."""
    known = _VALUES | values

    def value(match: "re.Match[str]") -> str:
        return known.get(match[1].partition(":")[0], "x")

    return re.sub(r"\{([^}]+)\}", value, operation.template)


def requests_to(*access: Access) -> list[Any]:
    return [
        pytest.param(operation, method, id=f"{method} {operation.name} {operation.path}")
        for operation in OPERATIONS
        if operation.access in access
        for method in operation.methods
    ]


def code(answer: Answer) -> str:
    return answer.headers["x-ms-error-code"]  # of whichever shape


@pytest.mark.parametrize(("operation", "method"), requests_to(Access.BEARER))
def test_without_a_token_nothing_is_answered(workspace: Workspace, operation: Operation, method: str):
    answer = workspace.request(method, path_of(operation), token=None)

    assert answer.status == 401
    assert code(answer) == "UserError"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("operation", "method"), requests_to(Access.SECRET))
@pytest.mark.parametrize("secret", ["wrong", "%C3%BC", "the token"])
def test_with_a_wrong_secret_in_the_path_nothing_is_answered(
    workspace: Workspace, operation: Operation, method: str, secret: str
):
    """Whatever token it comes with."""
    if secret == "the token":
        secret = workspace.token

    answer = workspace.request(method, path_of(operation, secret=secret))

    assert answer.status == 403, answer.body


@pytest.mark.parametrize(("operation", "method"), requests_to(Access.SECRET))
def test_one_secret_does_not_open_what_another_is_for(
    workspace: Workspace, operation: Operation, method: str
):
    own = path_of(operation).split("/")[1]
    others = [name for name in ("identity", "control", "portal", "discovery", "signing") if name != own]

    answers = [workspace.request(method, path_of(operation, secret=workspace.keys[name])) for name in others]

    assert {answer.status for answer in answers} == {403}


@pytest.mark.parametrize(("operation", "method"), requests_to(Access.SIGNATURE))
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?sig=wrong&se=2099-01-01T00:00:00Z&sp=rw&sv=2021-08-06&sr=b",
        "?sig=%C3%BC&se=2099-01-01T00:00:00Z&sp=rw",
    ],
    ids=["none", "wrong", "of other letters"],
)
def test_without_a_signature_of_ours_no_blob_is_read_or_written(
    workspace: Workspace, operation: Operation, method: str, query: str
):
    answer = workspace.request(method, path_of(operation) + query)

    assert answer.status == 403


def test_a_token_that_was_got_by_logging_in_is_the_owners(workspace: Workspace):
    """Whichever tenant and principal were named; who was let in is who knew the address."""
    clouds = workspace.get(f"/identity/{workspace.keys['identity']}/metadata", token=None).json()
    login = "/" + clouds[0]["authentication"]["loginEndpoint"].split("/", 3)[3].rpartition("/")[0]
    form = b"grant_type=client_credentials&client_id=x&client_secret=y"

    granted = workspace.request("POST", f"{login}/some-tenant/oauth2/token", form, token=None)
    other = workspace.request("POST", f"{login}/t/oauth2/token", b"grant_type=password", token=None)

    assert workspace.get("/subscriptions", token=granted.json()["access_token"]).status == 200
    assert other.status == 501


def test_nothing_is_open_to_all():
    """An operation that asked for nothing would have to be of another kind of access."""
    assert {operation.access for operation in OPERATIONS} == {Access.BEARER, Access.SECRET, Access.SIGNATURE}


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x.y.z",
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer {signing}",
    ],
)
def test_a_header_that_holds_no_token_of_ours_is_refused(workspace: Workspace, authorization: str):
    header = authorization.format(token=workspace.token, **workspace.keys)

    answer = workspace.get("/subscriptions", token=None, headers={"Authorization": header})

    assert answer.status == 401


def files_address(workspace: Workspace, run_id: str) -> tuple[str, str]:
    """The password and the path of the address at which MLflow 1 is told that a run's files are."""
    got = workspace.get(
        f"/mlflow/v1.0{{S}}/api/2.0/mlflow/runs/get?run_id={run_id}",
        headers={"User-Agent": "mlflow-python-client/1.30.0"},
    )
    address = urlsplit(got.json()["run"]["info"]["artifact_uri"])
    assert address.password
    return address.password, address.path


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(credentials.encode('latin-1')).decode()}"}


def test_the_password_in_an_address_opens_the_files_of_its_run_alone(workspace: Workspace, finished_run: str):
    other = workspace.finished(experiment="passwords")
    password, path = files_address(workspace, finished_run)
    listed, _, _ = path.rpartition("/")

    def status(method: str, path: str, headers: dict[str, str]) -> int:
        body = b"x" if method == "PUT" else None
        return workspace.request(method, path, body, token=None, headers=headers).status

    for username in ("token", ""):
        own = basic(f"{username}:{password}")
        assert status("GET", f"{path}/outputs/model.txt", own) == 200
        assert status("PUT", f"{path}/by-password", own) == 200
        assert status("DELETE", f"{path}/by-password", own) == 200
        assert status("GET", f"{listed}?path={finished_run}/outputs", own) == 200
    for method, foreign in (("GET", f"{listed}/{other}/user_logs/std_log.txt"), ("PUT", f"{listed}/{other}/x"),
                            ("DELETE", f"{listed}/{other}/user_logs"), ("GET", f"{listed}?path={other}"),
                            ("GET", listed), ("GET", f"{listed}/ExperimentRun:dcid.{finished_run}/outputs/model.txt"),
                            ("GET", "/subscriptions"),
                            ("GET", f"/history/v1.0{SCOPE}/runs/{finished_run}")):  # fmt: skip
        assert status(method, foreign, own) == 401, foreign
    bearer = {"Authorization": f"Bearer {password}"}
    assert [status("GET", where, bearer) for where in ("/subscriptions", f"{path}/outputs/model.txt")] == [
        401,
        401,
    ]
    for wrong in (f"{password}:", password, "token:x", "\xff:", f"token:{workspace.token}", f":{password}x"):
        assert status("GET", f"{path}/outputs/model.txt", basic(wrong)) == 401, wrong


def test_a_file_that_a_browser_is_given_runs_nothing_there(workspace: Workspace):
    script = "open('outputs/page.html', 'w').write('<script>alert(1)</script>')"
    run_id = workspace.finished(script, experiment="passwords")
    password, path = files_address(workspace, run_id)

    answer = workspace.get(f"{path}/outputs/page.html", token=None, headers=basic(f":{password}"))

    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_password_stays_out_of_the_log_and_the_registry(workspace: Workspace):
    script = "import os\nos.mkdir('outputs/model')\nopen('outputs/model/MLmodel', 'w').write('{}')"
    run_id = workspace.finished(script, experiment="passwords")
    password, path = files_address(workspace, run_id)
    root = "/mlflow/v1.0{S}/api/2.0/mlflow"
    source = f"https://token:{password}@127.0.0.1:{workspace.https_port}{path}/outputs/model"
    workspace.post(f"{root}/registered-models/create", {"name": "by-password"})

    made = workspace.post(f"{root}/model-versions/create", {"name": "by-password", "source": source})
    refused = workspace.post(
        f"{root}/model-versions/create",
        {"name": "by-password", "source": source.replace("/mlflow/", "/else/")},
    )

    assert made.json()["model_version"]["source"] == source.replace(f"token:{password}@", "")
    assert made.json()["model_version"]["run_id"] == run_id
    assert refused.status == 400
    assert password not in refused.json()["message"]
    assert password.encode() not in b"".join(
        file.read_bytes() for file in workspace.state.iterdir() if file.is_file()
    )


def test_the_word_bearer_may_be_written_in_any_case(workspace: Workspace):
    answer = workspace.get(
        "/subscriptions", token=None, headers={"Authorization": f"bearer {workspace.token}"}
    )

    assert answer.status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example:{port}",
        "[::1]:{port}",
        "",
    ],
)
@pytest.mark.parametrize("page", [False, True], ids=["wire", "page"])
def test_another_host_name_is_refused_whoever_asks(workspace: Workspace, host: str, page: bool):
    if page:
        answer = workspace.own_page("/", Host=host.format(port=workspace.http_port))
    else:
        answer = workspace.get("/subscriptions", headers={"Host": host.format(port=workspace.https_port)})

    assert answer.status in (400, 403) if not host else answer.status == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://127.0.0.1:{https}", "http://127.0.0.1:1"]
)
def test_a_web_page_can_ask_for_nothing(workspace: Workspace, origin: str):
    origin = origin.format(https=workspace.https_port)

    wire = workspace.get("/subscriptions", headers={"Origin": origin})
    metadata = f"/identity/{workspace.keys['identity']}/metadata"
    opened = workspace.get(metadata, token=None, headers={"Origin": origin})
    page = workspace.own_page("/", Origin=origin)
    preflight = workspace.request("OPTIONS", "/subscriptions", token=None, headers={"Origin": origin})

    assert [answer.status for answer in (wire, opened, page, preflight)] == [403] * 4
    for answer in (wire, opened, page, preflight):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_our_own_page_may_ask_our_own_pages(workspace: Workspace):
    assert workspace.own_page("/", Origin=f"http://127.0.0.1:{workspace.http_port}").status == 200


def test_localhost_is_this_machine_too(workspace: Workspace):
    assert (
        workspace.get("/subscriptions", headers={"Host": f"localhost:{workspace.https_port}"}).status == 200
    )
    assert workspace.own_page("/", Host=f"localhost:{workspace.http_port}").status == 200


@pytest.mark.parametrize("port", ["https_port", "http_port"])
def test_only_this_machine_can_reach_the_service(workspace: Workspace, port: str):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it tells which address would be used
        except OSError:
            pytest.skip("this machine has no other address")
        address = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no other address")

    with pytest.raises(OSError), socket.create_connection((address, getattr(workspace, port)), timeout=5):
        pass


def test_the_wire_protocol_is_spoken_over_tls_alone(workspace: Workspace):
    with socket.create_connection(("127.0.0.1", workspace.https_port), timeout=20) as connection:
        connection.sendall(b"GET /identity/x/metadata HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        try:
            answer = connection.recv(1000)
        except ConnectionError:
            answer = b""
    assert not answer.startswith(b"HTTP")

    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    connection = socket.create_connection(("127.0.0.1", workspace.https_port), timeout=20)
    with connection, anybody.wrap_socket(connection) as tls:
        assert tls.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        (SCOPE, 200),
        (SCOPE.replace("resourceGroups", "resourcegroups"), 200),
        (SCOPE.replace("Groups/local", "Groups/LOCAL"), 200),
        (SCOPE.replace("workspaces/local", "workspaces/Local"), 200),
        (SCOPE.replace("workspaces/local", "workspaces/another"), 404),
        (SCOPE.replace("Groups/local", "Groups/another"), 404),
        (SCOPE.replace("00000000-", "11111111-", 1), 404),
    ],
)
def test_there_is_one_workspace_and_others_are_not_found(workspace: Workspace, scope: str, status: int):
    paths = ["{S}", "/rp/workspaces{S}/computes/cpu-cluster", "/content/v1.0{S}/snapshots/latest/metadata"]

    answers = [workspace.get(path.replace("{S}", scope)) for path in paths]

    assert [answer.status for answer in answers] == [status] * len(paths)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if "{S}" in o.path], ids=lambda o: o.path)
def test_no_operation_answers_for_another_workspace(workspace: Workspace, operation: Operation):
    answer = workspace.request(operation.methods[0], path_of(operation, workspace="another"))

    assert answer.status == 404
    assert answer.message == "Workspace another in resource group local was not found."


def test_there_is_one_subscription_with_one_resource_group(workspace: Workspace):
    subscription = "/subscriptions/00000000-0000-0000-0000-000000000000"
    listed = workspace.get("/subscriptions?api-version=2019-11-01").json()["value"]

    assert [entry["id"] for entry in listed] == [subscription]
    assert workspace.get(subscription).json()["subscriptionId"] == listed[0]["subscriptionId"]
    assert workspace.get("/subscriptions/11111111-0000-0000-0000-000000000000").status == 404
    assert workspace.get(f"{subscription}/resourceGroups/local").status == 200
    assert workspace.get(f"{subscription}/resourceGroups/another").status == 404


def test_the_discovery_document_is_found_by_its_secret_and_leads_to_the_pages(workspace: Workspace):
    url = workspace.get(SCOPE).json()["properties"]["discoveryUrl"]
    assert url.startswith(
        f"https://127.0.0.1:{workspace.https_port}/discovery/{workspace.keys['discovery']}."
    )

    path = url.partition(str(workspace.https_port))[2]
    services = workspace.get(path, token=None).json()

    assert {"api", "history", "experimentation", "hyperdrive", "modelmanagement", "studio"} <= set(services)
    assert services["studio"] == f"http://127.0.0.1:{workspace.http_port}/{workspace.pages}"
    assert set(services.values()) == {services["studio"], f"https://127.0.0.1:{workspace.https_port}"}
    # A run that has outlived the service asks where an earlier start was.
    earlier = path.replace(path.split("/")[2], f"{workspace.keys['discovery']}.0123456789abcdef")
    assert workspace.get(earlier, token=None).json() == services


def run_token(workspace: Workspace, run_id: str, expiry: float) -> str:
    """A token as a run has it, which ends at that time."""
    claims = {"run": run_id, "aud": "https://management.azure.com/", "exp": int(expiry)}
    return jwt.encode(claims, workspace.keys["signing"], algorithm="HS256")


def test_a_runs_own_token_opens_the_workspace(workspace: Workspace):
    run_id = workspace.finished(
        "import os; open('outputs/token', 'w').write(os.environ['AZUREML_RUN_TOKEN'])"
    )
    token = workspace.artifact(run_id, "outputs/token").decode()

    assert token != workspace.token
    assert workspace.get(f"/history/v1.0{SCOPE}/runs/{run_id}", token=token).json()["runId"] == run_id


def test_a_runs_token_that_has_expired_opens_the_workspace_as_long_as_the_run_goes_on(workspace: Workspace):
    """The machine's clock may have been set while it is under way."""
    run_id = workspace.begun(f"expired-{uuid.uuid4().hex}")
    address, token = f"/history/v1.0{SCOPE}/runs/{run_id}", run_token(workspace, run_id, time.time() - 3600)

    assert workspace.get(address, token=token).json()["runId"] == run_id
    workspace.begun(run_id, status="Completed")
    assert workspace.get(address, token=token).status == 401
    assert workspace.get(address, token=run_token(workspace, run_id, time.time() + 3600)).status == 200
