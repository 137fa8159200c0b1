"""What changes something from a page: only a form of our own pages, from our own pages, by their owner."""

import re
from urllib.parse import urlencode

import pytest

from tests.workspace.client import Answer, Workspace

ACTIONS = ("cancel", "resubmit", "tags")


def token_on(workspace: Workspace, run_id: str) -> str:
    """What the forms on a run's page carry."""
    found = re.findall(r'name="token" value="(\w+)"', workspace.own_page(f"/runs/{run_id}").body.decode())
    assert len(set(found)) == 1
    return str(found[0])


def post(
    workspace: Workspace, path: str, fields: dict[str, str], secret: str | None = None, **headers: str
) -> Answer:
    """Sends a form as the owner's browser does; with another secret in the address where one is given."""
    origin = f"http://127.0.0.1:{workspace.http_port}"
    sent = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded", **headers}
    address = workspace.inside(path) if secret is None else secret + path
    return workspace.page(address, method="POST", body=urlencode(fields).encode(), headers=sent)


def runs_of(workspace: Workspace, experiment: str) -> int:
    return int(workspace.own_page(f"/experiments/{experiment}.json").json()["total"])


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "change",
    [{"token": ""}, {"token": "wrong"}, {"Origin": "http://evil.example"}, {"Origin": "null"},
     {"secret": ""}, {"secret": "/guess"}, {"Host": "evil.example"}],
)  # fmt: skip
def test_nothing_is_done_for_another_page(
    workspace: Workspace, finished_run: str, action: str, change: dict[str, str]
):
    before = workspace.run(finished_run)["tags"], runs_of(workspace, "finished")
    fields = {"token": token_on(workspace, finished_run), "name": "forged", "value": "1"}
    fields |= {key: value for key, value in change.items() if key in fields}

    headers = {key: value for key, value in change.items() if key not in fields}
    answer = post(workspace, f"/runs/{finished_run}/{action}", fields, **headers)

    assert answer.status == 403
    assert (workspace.run(finished_run)["tags"], runs_of(workspace, "finished")) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_a_look_at_the_address_of_an_action_does_nothing(
    workspace: Workspace, finished_run: str, action: str
):
    assert workspace.own_page(f"/runs/{finished_run}/{action}").status == 404


def test_the_token_opens_nothing_by_itself(workspace: Workspace, finished_run: str):
    token = token_on(workspace, finished_run)

    assert token not in workspace.keys.values()
    assert workspace.page("/", headers={"Cookie": f"scaffold={token}"}).status == 403
    assert workspace.page(f"/{token}").status == 403


def test_what_cannot_be_done_is_refused_with_a_reason(workspace: Workspace, finished_run: str):
    token = token_on(workspace, finished_run)
    address = "/history/v1.0{S}/experiments/finished/runs/by-hand"
    assert workspace.request("PATCH", address, {"status": "Running"}).status == 200
    try:
        answers = {
            "resubmit": post(workspace, "/runs/by-hand/resubmit", {"token": token}),
            "cancel": post(workspace, "/runs/by-hand/cancel", {"token": token}),
            "tags": post(
                workspace, f"/runs/{finished_run}/tags", {"token": token, "name": " ", "value": "x"}
            ),
        }
    finally:
        workspace.request("PATCH", address, {"status": "Completed"})

    assert {answer.status for answer in answers.values()} == {409}
    reasons = {"resubmit": b"nothing to submit again", "cancel": b"end that program", "tags": b"needs a name"}
    for action, reason in reasons.items():
        assert reason in answers[action].body
    assert post(workspace, "/runs/none/cancel", {"token": token}).status == 404
    assert post(workspace, f"/runs/{finished_run}/tags", {"token": token, "name": "x" * 70_000}).status == 413


def test_a_canceled_run_that_is_over_stays_what_it_was(workspace: Workspace, finished_run: str):
    answer = post(workspace, f"/runs/{finished_run}/cancel", {"token": token_on(workspace, finished_run)})

    assert (answer.status, answer.headers["location"]) == (303, workspace.inside(f"/runs/{finished_run}"))
    assert workspace.run(finished_run)["status"] == "Completed"


def test_a_tag_of_any_name_can_be_taken_away(workspace: Workspace):
    run_id = workspace.finished(experiment="odd-tags")
    name = "\u202e<b>%41\x07"
    workspace.tag(run_id, {name: "x", "other": "y"})
    body = workspace.own_page(f"/runs/{run_id}").body.decode()
    removals = re.findall(r'name="remove" value="([^"]*)"', body)

    for removal in removals[:1]:
        post(workspace, f"/runs/{run_id}/tags", {"token": token_on(workspace, run_id), "remove": removal})

    assert workspace.run(run_id)["tags"] == {"other": "y"}
