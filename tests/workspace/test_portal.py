"""The pages: who may look, and that nothing a run says can become part of a page."""

import hashlib
import hmac
import html
import http.client
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import Machine
from tests.waiting import until
from tests.workspace.client import SCOPE, Workspace

MARKUP = "<script>alert('1')</script>"
DRAWING = f'<svg xmlns="http://www.w3.org/2000/svg">{MARKUP}</svg>'
ESCAPED = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"


@pytest.fixture(scope="module")
def marked_run(workspace: Workspace) -> str:
    """A run that puts markup into everything that it can."""
    run_id = workspace.finished(
        f"print({MARKUP!r})\n"
        "open('outputs/<img src=x onerror=alert(1)>.txt', 'w').close()\n"
        f"open('outputs/page.html', 'w').write({MARKUP!r})\n"
        f"open('outputs/table.csv', 'w').write('a,' + {MARKUP!r} + chr(10) + {MARKUP!r} + ',2' + chr(10))\n"
        f"open('outputs/drawing.svg', 'w').write({DRAWING!r})\n"
        f"raise SystemExit({MARKUP!r})",
        experiment="marked",
        arguments=[MARKUP],
        target=f'{MARKUP}"onload="',
    )
    address = f"/history/v1.0{SCOPE}/experiments/marked/runs/{run_id}"
    changed = workspace.request(
        "PATCH", address, {"tags": {MARKUP: MARKUP}, "displayName": MARKUP, "description": MARKUP}
    )
    assert changed.status == 200, changed.body
    metric = {
        "name": MARKUP,
        "columns": {MARKUP: "String", "b": "Int"},
        "value": [{"data": {MARKUP: MARKUP, "b": 1}}],
    }
    posted = workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/batch", {"values": [metric]})
    assert posted.status == 200, posted.body
    return run_id


class Elements(HTMLParser):
    """The elements of a page with their attributes, as a browser reads it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


RUN_PAGES = ("", "/environment", "/metrics", "/images", "/snapshot", "/snapshot/train.py", "/logs",
             "/logs/outputs/page.html", "/logs/outputs/table.csv", "/children", "/code")  # fmt: skip
RECORD_PAGES = ("/environments", "/models", "/datasets", "/computes", "/service")


def pages_of(run_id: str) -> list[str]:
    runs = [f"/runs/{run_id}{page}" for page in RUN_PAGES]
    return [
        "/",
        "/experiments/marked",
        "/runs",
        *runs,
        f"/compare?runs={run_id}&runs={run_id}",
        *RECORD_PAGES,
    ]


def policy_of(headers: dict[str, str]) -> dict[str, str]:
    """The content security policy by directive."""
    return dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))


# Who may look


@pytest.mark.parametrize(
    "cookie",
    [
        None,
        "scaffold=",
        "scaffold=wrong",
        "scaffold=%C3%BC",
        "scaffold={pages}",
        "scaffold={portal}",
        "x={identity}",
    ],
)
def test_without_the_secret_in_the_address_there_is_nothing_to_see(
    workspace: Workspace, finished_run: str, cookie: str | None
):
    """A cookie would go to every port of the machine: none is set, and none opens anything."""
    known = workspace.keys | {"pages": workspace.pages}
    headers = {"Cookie": cookie.format(**known)} if cookie is not None else {}
    run = f"/runs/{finished_run}"
    paths = ["/", "/experiments/finished", run, f"{run}?format=json", f"{run}/file/user_logs/std_log.txt"]
    paths += ["/static/style.css", "/wrong/runs/x", "/unheard-of", "/live", f"{run}/live", f"{run}.json"]
    paths += [f"{run}/lines/user_logs/std_log.txt", f"{run}/source/train.py", f"{run}/snapshot.zip"]
    paths += [f"/{workspace.keys['portal']}{run}", f"/{workspace.pages}x{run}", f"//{workspace.pages}{run}"]

    answers = [workspace.page(path, headers=headers) for path in paths]

    assert {answer.status for answer in answers} == {403}
    for answer in answers:
        assert b"scaffold workspace open" in answer.body
        assert finished_run.encode() not in answer.body
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["", "/", "/runs/{run}?wsid=x&tid=y", "/static/style.css"])
def test_a_page_sets_no_cookie_and_stays_where_it_is(workspace: Workspace, finished_run: str, path: str):
    answer = workspace.page(f"/{workspace.pages}{path.format(run=finished_run)}")

    assert answer.status == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/%2Fevil.example/x", "/%5Cevil.example", "/\\evil.example"]
)
def test_no_address_leads_to_another_site(workspace: Workspace, path: str):
    answer = workspace.own_page(path)

    assert answer.status == 404
    assert "location" not in answer.headers
    for target in re.findall(r' (?:href|src|action)="([^"#]+)', answer.body.decode()):
        assert target.startswith(f"/{workspace.pages}/")


def test_the_pages_have_another_address_at_each_start_and_the_old_one_opens_nothing(machine: Machine):
    """It may have been sent to whoever had the port in between."""
    assert machine.run("workspace", "start").returncode == 0
    before = Workspace(machine.state)
    assert before.own_page("/").status == 200
    machine.stop()
    assert machine.run("workspace", "start").returncode == 0
    after = Workspace(machine.state)
    told = machine.json("workspace", "open", env={"BROWSER": "/nowhere", "PATH": ""})["portal"]

    old = after.page(f"/{before.pages}/")

    assert after.own_page("/").status == 200
    assert told == f"http://127.0.0.1:{after.http_port}/{after.pages}"
    assert before.pages not in (after.pages, *after.keys.values())
    assert (old.status, old.body.splitlines()[0][:4]) == (403, b"403:")
    assert b"earlier start" in old.body
    for name in ("service.log", "service.json"):
        text = (machine.state / name).read_text(encoding="utf-8")
        assert before.pages not in text
        assert after.pages not in text


def test_the_service_proves_what_it_is_without_its_secret(workspace: Workspace):
    """By the key that stands in its pages, which is all that a page that is still open asks with."""
    (key,) = re.findall(r'data-proof="(\w+)"', workspace.own_page("/").body.decode())
    challenge = "0123456789abcdef" * 4

    proof = workspace.page(f"/proof?challenge={challenge}").json()["proof"]

    assert proof == hmac.new(bytes.fromhex(key), challenge.encode(), hashlib.sha256).hexdigest()
    assert workspace.page(f"/{key}/").status == 403
    assert workspace.pages not in (key, proof)
    for wrong in ("", "x" * 64, "0" * 31, "0" * 129, "0" * 32 + "\n"):
        assert workspace.page(f"/proof?challenge={quote(wrong)}").status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed_from_a_page(workspace: Workspace, finished_run: str, method: str):
    for path in ("/", f"/runs/{finished_run}"):
        assert workspace.page(workspace.inside(path), method=method).status == 405


# What a page may do


@pytest.mark.parametrize(
    "path", ["/", "/experiments/marked", "/runs/{run}", "/runs/{run}/logs", "/runs/{run}?format=json",
             "/static/style.css", "/static/page.js", "/runs/none"],
)  # fmt: skip
def test_every_answer_keeps_foreign_code_out(workspace: Workspace, marked_run: str, path: str):
    headers = workspace.own_page(path.replace("{run}", marked_run)).headers

    policy = policy_of(headers)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "same-origin")


def test_what_a_run_says_is_text_on_every_page(workspace: Workspace, marked_run: str):
    for path in pages_of(marked_run):
        body = workspace.own_page(path).body.decode()
        assert MARKUP not in body
        assert "<img src=x" not in body
        assert ESCAPED in body or not path.startswith(("/runs/", "/experiments/"))
        assert '"onload="' not in body
    # Tag, display name, metric, log, error, argument, target: each is there, as text.
    assert workspace.own_page(f"/runs/{marked_run}").body.decode().count(ESCAPED) >= 9


def test_a_page_needs_no_script_or_style_of_its_own(workspace: Workspace, marked_run: str):
    """So that the policy above breaks nothing."""
    for path in pages_of(marked_run):
        page = Elements(workspace.own_page(path).body.decode())
        names = {name for _, attributes in page.found for name in attributes}
        assert not [name for name in names if name == "style" or name.startswith("on")]
        assert "style" not in {tag for tag, _ in page.found}
        used = [a.get("src", a.get("href")) for tag, a in page.found if tag in ("script", "link", "img")]
        assert used
        for source in used:
            assert source is not None
            inside = source.removeprefix(f"/{workspace.pages}")
            assert inside.startswith(("/static/", "/runs", "/experiments", *RECORD_PAGES, "/compare"))
            assert inside != source
            assert workspace.own_page(source).status == 200


INERT = {"default-src": "'none'", "style-src": "'unsafe-inline'", "sandbox": ""}


@pytest.mark.parametrize(
    ("path", "query", "kind"),
    [
        ("outputs/page.html", "", "text/plain; charset=utf-8"),
        ("outputs/page.html", "?as=image", "text/plain; charset=utf-8"),
        ("outputs/page.html", "?as=download", "application/octet-stream"),
        ("outputs/drawing.svg", "", "text/plain; charset=utf-8"),
        ("outputs/drawing.svg", "?as=image", "image/svg+xml"),
        ("user_logs/std_log.txt", "", "text/plain; charset=utf-8"),
        ("outputs/<img src=x onerror=alert(1)>.txt", "", "text/plain; charset=utf-8"),
        ("outputs/<img src=x onerror=alert(1)>.txt", "?as=download", "application/octet-stream"),
    ],
)
def test_a_file_is_never_something_that_a_browser_would_run(
    workspace: Workspace, marked_run: str, path: str, query: str, kind: str
):
    answer = workspace.own_page(f"/runs/{marked_run}/file/{quote(path)}{query}")

    assert answer.status == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert INERT.items() <= policy_of(answer.headers).items()
    assert answer.headers.get("content-disposition", "").startswith("attachment") == ("download" in query)


@pytest.mark.parametrize(
    "path",
    [
        "../../../secrets/keys.json",
        "..%2f..%2fsecrets%2fkeys.json",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "none",
        "",
    ],
)
def test_only_a_runs_own_files_are_served(workspace: Workspace, finished_run: str, path: str):
    assert workspace.own_page(f"/runs/{finished_run}/file/{path}").status == 404
    assert workspace.own_page(f"/static/{path}").status == 404


# What there is to see


def test_a_run_is_found_from_the_first_page_on(workspace: Workspace, finished_run: str):
    page, found = "/", []
    for target in (
        "/experiments/finished",
        f"/runs/{finished_run}",
        f"/runs/{finished_run}/logs",
        f"/runs/{finished_run}/logs/outputs/model.txt",
        f"/runs/{finished_run}/file/outputs/model.txt",
    ):
        links = [
            html.unescape(link)
            for link in re.findall(r'href="([^"]+)"', workspace.own_page(page).body.decode())
        ]
        assert workspace.inside(target) in links
        found.append(page := target)

    assert workspace.own_page(found[-1]).body == b"m"
    body = workspace.own_page(f"/runs/{finished_run}").body.decode()
    for text in ("Completed", "Experiment Executed!", "train.py", "cpu-cluster", "this machine"):
        assert text in body


def test_the_address_that_the_sdk_prints_is_a_page(workspace: Workspace, finished_run: str):
    run = workspace.run(finished_run)

    for path in (f"/runs/{finished_run}", f"/experiments/id/{run['experimentId']}"):
        assert workspace.own_page(f"{path}?wsid=/subscriptions/x&tid=y").status == 200


@pytest.mark.parametrize(
    "path", ["/runs/none", "/experiments/none", "/experiments/id/none", "/runs/%3Cscript%3E", "/none"]
)
def test_what_is_not_there_is_a_page_that_says_so(workspace: Workspace, path: str):
    answer = workspace.own_page(path)

    assert answer.status == 404
    assert b"<script>" not in answer.body


def test_every_page_has_a_twin_in_json(workspace: Workspace, marked_run: str):
    for path in pages_of(marked_run):
        address, _, query = path.partition("?")
        page = Elements(workspace.own_page(path).body.decode())
        (twin,) = [a["href"] for tag, a in page.found if tag == "link" and a.get("rel") == "alternate"]
        assert twin == workspace.inside(
            f"{address if address != '/' else '/experiments'}.json{'?' if query else ''}{query}"
        )

        answers = [
            workspace.own_page(path, Accept="application/json"),
            workspace.own_page(f"{path}{'&' if query else '?'}format=json"),
            workspace.own_page(str(twin)),
        ]

        assert {answer.headers["content-type"] for answer in answers} == {"application/json"}
        documents = [json.loads(answer.body) for answer in answers]
        assert len({document["title"] for document in documents}) == 1
        assert [document.keys() for document in documents] == [documents[0].keys()] * 3


def test_the_twin_of_a_run_says_what_the_page_shows(workspace: Workspace, marked_run: str):
    document = json.loads(workspace.own_page(f"/runs/{marked_run}.json").body)

    assert (document["run_id"], document["status"], document["tags"]) == (
        marked_run,
        "Failed",
        {MARKUP: MARKUP},
    )
    assert document["exit_code"] == 1
    assert MARKUP in document["error"]
    assert [step["status"] for step in document["history"]][-1] == "Failed"


def test_a_file_that_is_called_as_a_twin_is_itself(workspace: Workspace):
    run_id = workspace.finished("open('outputs/model.json', 'w').write('{}')", experiment="twins")

    page = workspace.own_page(f"/runs/{run_id}/logs/outputs/model.json")
    twin = workspace.own_page(f"/runs/{run_id}/logs/outputs/model.json.json")

    assert page.headers["content-type"].startswith("text/html")
    assert json.loads(twin.body)["chosen"] == "outputs/model.json"


def test_a_metric_that_is_no_number_does_not_cost_the_page(workspace: Workspace):
    run_id = workspace.finished(experiment="odd-metrics")
    for data in ({"m": None}, {"m": [1, 2]}, {}, {"m": {"a": 1}}):
        metric = {"name": "m", "columns": {}, "value": [{"data": data}]}
        answer = workspace.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/batch", {"values": [metric]})
        assert answer.status in (200, 207)  # what its columns do not say is refused
        assert workspace.own_page(f"/runs/{run_id}").status == 200


def test_a_log_that_grows_while_it_is_read_is_whole_up_to_where_it_was(workspace: Workspace, tmp_path: Path):
    more, done = tmp_path / "more", tmp_path / "done"
    size = 12_000_000
    run_id = workspace.accepted(
        "import os, sys, time\n"
        f"def wait(path):\n    while not os.path.exists(path): time.sleep(0.02)\n"
        f"sys.stdout.write('x' * {size}); sys.stdout.flush()\nwait({str(more)!r})\n"
        f"sys.stdout.write('y' * 1000); sys.stdout.flush()\nopen({str(done)!r}, 'w').close()\n"
        f"wait({str(more)!r} + '2')"
    )
    try:
        workspace.wait_for_output(run_id, size)
        connection = http.client.HTTPConnection("127.0.0.1", workspace.http_port, timeout=60)
        connection.request(
            "GET",
            workspace.inside(f"/runs/{run_id}/file/user_logs/std_log.txt"),
        )
        response = connection.getresponse()  # its body is larger than what the sockets hold
        announced = int(response.headers["content-length"])
        more.touch()
        until(done.exists)
        body = response.read()
        connection.close()
    finally:
        more.touch()
        Path(f"{more}2").touch()
        workspace.wait(run_id)

    assert len(body) == announced == size
    errors = (workspace.state / "service.log").read_text(encoding="utf-8")
    assert "longer than Content-Length" not in errors
