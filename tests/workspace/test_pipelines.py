"""Pipelines within pipelines at the level of HTTP: what is refused, and what happens to steps whose time never came."""

import uuid
from typing import Any

import pytest

from tests.workspace.client import Answer, Workspace, until

ENDED = ("Completed", "Failed", "Canceled")


class Pipelines:
    """Pipelines of commands that are made for a test."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.put("environments/of-pipelines/versions/1", {"image": "library/python:3.11"})

    def put(self, path: str, properties: dict[str, Any]) -> Answer:
        return self._workspace.request("PUT", f"{{S}}/{path}", {"properties": properties})

    def component(self, **spec: Any) -> str:
        """Registers a component, and returns its id."""
        name = f"c-{uuid.uuid4().hex}"
        answer = self.put(f"components/{name}/versions/1", {"componentSpec": spec})
        assert answer.status == 200, answer.body
        return f"azureml:{name}:1"

    def command(self, text: str) -> dict[str, Any]:
        """A step that runs a command."""
        return {
            "type": "command",
            "componentId": self.component(
                type="command", command=text, environment="azureml:of-pipelines:1",
                inputs={"data": {"type": "uri_folder", "optional": True}}, outputs={"out": {"type": "uri_folder"}},
            ),
        }  # fmt: skip

    def within(self, **jobs: Any) -> dict[str, Any]:
        """A step that is a pipeline, with an input and an output of its own."""
        return {
            "type": "pipeline",
            "componentId": self.component(
                type="pipeline", jobs=jobs, inputs={"data": {"type": "uri_folder", "optional": True}},
                outputs={"out": {"type": "uri_folder"}},
            ),
        }  # fmt: skip

    def submit(self, **jobs: Any) -> Answer:
        name = f"p-{uuid.uuid4().hex}"
        properties = {"jobType": "Pipeline", "jobs": jobs, "experimentName": "pipelines"}
        return self.put(f"jobs/{name}", properties)

    def steps(self, run_id: str) -> dict[str, dict[str, Any]]:
        answer = self._workspace.get(f"/history/v1.0{{S}}/runs/{run_id}/children")
        return {run["displayName"]: run for run in answer.json()["value"]}

    def ended(self, run_id: str) -> str:
        until(lambda: self._workspace.run(run_id)["status"] in ENDED)
        return str(self._workspace.run(run_id)["status"])


@pytest.fixture(scope="module")
def pipelines(workspace: Workspace) -> Pipelines:
    return Pipelines(workspace)


def test_a_step_whose_time_never_came_ends_with_all_that_is_in_it(pipelines: Pipelines):
    bad = pipelines.command("exit 3")
    looks = pipelines.within(deep=pipelines.within(look=pipelines.command("true")))
    looks["inputs"] = {"data": "${{parent.jobs.bad.outputs.out}}"}

    answer = pipelines.submit(bad=bad, looks=looks)

    name = answer.json()["name"]
    assert pipelines.ended(name) == "Failed"
    steps = pipelines.steps(name)
    assert {step: run["status"] for step, run in steps.items()} == {"bad": "Failed", "looks": "Canceled"}
    assert "bad has not succeeded" in steps["looks"]["error"]["error"]["message"]
    (deep,) = pipelines.steps(steps["looks"]["runId"]).values()
    (look,) = pipelines.steps(deep["runId"]).values()
    assert (deep["status"], look["status"]) == ("Canceled", "Canceled")
    assert look["rootRunId"] == name


def test_a_step_that_waits_is_canceled_by_itself(workspace: Workspace, pipelines: Pipelines):
    slow = pipelines.command("sleep 600")
    later = pipelines.within(step=pipelines.command("true"))
    later["inputs"] = {"data": "${{parent.jobs.slow.outputs.out}}"}
    name = pipelines.submit(slow=slow, later=later).json()["name"]
    waiting = pipelines.steps(name)["later"]["runId"]

    assert workspace.post(f"{{S}}/jobs/{waiting}/cancel").status == 200

    assert pipelines.ended(waiting) == "Canceled"
    assert [run["status"] for run in pipelines.steps(waiting).values()] == ["Canceled"]
    assert workspace.run(name)["status"] not in ENDED
    workspace.post(f"{{S}}/jobs/{name}/cancel")
    assert pipelines.ended(name) == "Canceled"


def test_pipelines_that_cannot_be_carried_out_are_refused(pipelines: Pipelines):
    good = pipelines.command("true")
    deep = pipelines.within(step=good)
    for _ in range(20):
        deep = pipelines.within(step=deep)
    bound = pipelines.within(step=good | {"inputs": {"data": "${{parent.inputs.other}}"}})

    looks = good | {"inputs": {"data": "${{parent.outputs.out}}"}}

    for steps, words in (
        ({"looks": looks}, "reads the pipeline's output 'out'"),
        ({"deep": deep}, "20 deep at most"),
        ({"bound": bound}, "reads the pipeline's input 'other'"),
        ({"empty": pipelines.within()}, "1 to 500 steps"),
        ({"loop": {"type": "do_while", "body": "good"}, "good": good}, "is of the type do_while"),
        ({"good": good | {"type": "pipeline"}}, "1 to 500 steps"),
        ({"deep": deep | {"type": "command"}}, "has another shape"),
        ({"unknown": deep | {"outputs": {"more": "${{parent.outputs.more}}"}}}, "has no output 'more'"),
    ):
        answer = pipelines.submit(**steps)
        assert answer.status in (400, 501)
        assert words in answer.message


def test_a_component_is_a_command_or_a_pipeline(pipelines: Pipelines):
    for spec, words in (
        ({"type": "pipeline"}, "has no jobs"),
        ({"type": "command"}, "has no command"),
        ({"type": "parallel"}, "is of the type parallel"),
    ):
        answer = pipelines.put("components/not-one/versions/1", {"componentSpec": spec})
        assert words in answer.message
