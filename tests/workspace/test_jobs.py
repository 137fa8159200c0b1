"""Jobs of the second SDK at the level of HTTP: what becomes of them from the pages, and what is refused."""

import uuid
from typing import Any

from tests.workspace.client import SCOPE, Answer, Workspace, until
from tests.workspace.test_portal_actions import post, token_on
from tests.workspace.test_portal_metrics import log

OUTPUT = {"jobOutputType": "uri_folder"}


def environment(workspace: Workspace) -> str:
    """The id of an environment that is an image alone: here, the Python that is here."""
    made = workspace.request(
        "PUT", "{S}/environments/image-alone/versions/1", {"properties": {"image": "any"}}
    )
    assert made.status == 200, made.body
    return str(made.json()["id"])


def put(workspace: Workspace, name: str, command: str, **properties: Any) -> Answer:
    """Asks for a command job."""
    asked = {"jobType": "Command", "experimentName": "jobs", "command": command,
             "environmentId": environment(workspace), **properties}  # fmt: skip
    return workspace.request("PUT", f"{{S}}/jobs/{name}", {"properties": asked})


def submitted(workspace: Workspace, command: str, **properties: Any) -> str:
    """Submits a command job, and returns its name when it is over."""
    name = f"job_{uuid.uuid4().hex}"
    answer = put(workspace, name, command, **properties)
    assert answer.status == 200, answer.body
    workspace.wait(name)
    return name


def job(workspace: Workspace, name: str) -> dict[str, Any]:
    """The properties of a job."""
    found: dict[str, Any] = workspace.get(f"{SCOPE}/jobs/{name}").json()["properties"]
    return found


def file_of(workspace: Workspace, path: str) -> bytes:
    """A file of the workspace's datastore."""
    address, _, signature = workspace.new_file().partition("?")
    return workspace.blob("GET", f"{address.rpartition('/')[0]}/{path}?{signature}").body


def test_a_job_that_is_submitted_again_from_its_page_leaves_the_outputs_of_the_first_one_alone(
    workspace: Workspace,
):
    first = submitted(
        workspace,
        "echo ${{outputs.passed}} && echo $AZUREML_RUN_ID > ${{outputs.folder}}/who.txt",
        outputs={
            "folder": OUTPUT,
            "named": OUTPUT | {"uri": "azureml://datastores/workspaceblobstore/paths/mine/${{name}}/x"},
            "fixed": OUTPUT | {"uri": "azureml://datastores/workspaceblobstore/paths/mine/fixed"},
            "passed": OUTPUT | {"mode": "Direct"},
        },
    )
    token = token_on(workspace, first)

    again = (
        post(workspace, f"/runs/{first}/resubmit", {"token": token})
        .headers["location"]
        .rpartition("/runs/")[2]
    )
    workspace.wait(again)

    assert job(workspace, again)["status"] == "Completed"
    addresses = {name: output["uri"] for name, output in job(workspace, again)["outputs"].items()}
    before = {name: output["uri"] for name, output in job(workspace, first)["outputs"].items()}
    assert addresses == {name: uri.replace(first, again) for name, uri in before.items()}
    assert addresses["folder"].endswith(f"/azureml/{again}/folder")
    assert addresses["named"].endswith(f"/mine/{again}/x")
    assert addresses["fixed"] == before["fixed"]
    assert workspace.log(again).decode().strip().endswith(f"/azureml/{again}/passed")
    for name in (first, again):
        assert file_of(workspace, f"azureml/{name}/folder/who.txt") == f"{name}\n".encode()


def test_code_is_found_by_its_content_whatever_it_is_called(workspace: Workspace):
    name, digest = str(uuid.uuid4()), uuid.uuid4().hex
    address = f"{{S}}/codes/{name}/versions/1"
    upload = workspace.post(f"{address}/startPendingUpload", {}).json()["blobReferenceForConsumption"]
    url = upload["credential"]["sasUri"].replace("?", "/src/train.py?", 1)
    assert workspace.blob("PUT", url, b"pass", x_ms_blob_type="BlockBlob").status == 201
    properties = {"codeUri": f"{upload['blobUri']}/src", "properties": {"hash_sha256": digest}}
    assert workspace.request("PUT", address, {"properties": properties}).status == 200

    def found(asked: str) -> list[str]:
        listed = workspace.get(
            f"{SCOPE}/codes/{uuid.uuid4()}/versions?hash={asked}&hashVersion=202208"
        ).json()
        return [code["id"].split("/")[-3] for code in listed["value"]]

    assert found(digest) == [name]
    assert found("other") == []


def test_an_output_goes_where_the_names_in_its_path_say(workspace: Workspace):
    path = "azureml://datastores/${{default_datastore}}/paths/by/${{ output_name }}/${{name}}"

    name = submitted(workspace, "echo x > ${{outputs.model}}/x", outputs={"model": OUTPUT | {"uri": path}})

    address = job(workspace, name)["outputs"]["model"]["uri"]
    assert address == f"azureml://datastores/workspaceblobstore/paths/by/model/{name}"
    assert file_of(workspace, f"by/model/{name}/x") == b"x\n"


def test_a_job_that_was_looked_up_and_is_submitted_again_writes_to_places_of_its_own(workspace: Workspace):
    first = submitted(workspace, "echo $AZUREML_RUN_ID > ${{outputs.folder}}/who", outputs={"folder": OUTPUT})
    found = job(workspace, first)
    assert set(found["outputs"]) == {"default", "folder"}

    again = f"job_{uuid.uuid4().hex}"
    begun = put(workspace, again, found["command"], outputs=found["outputs"]).json()["properties"]
    assert set(begun["outputs"]) == {
        "folder"
    }  # clients read the logs of what has a default output from there
    workspace.wait(again)

    addresses = job(workspace, again)["outputs"]
    assert addresses["folder"]["uri"].endswith(f"/azureml/{again}/folder")
    assert addresses["default"]["uri"].endswith(f"/dcid.{again}/")
    assert file_of(workspace, f"azureml/{first}/folder/who") == f"{first}\n".encode()


def test_a_name_that_is_taken_is_no_name_for_another_job(workspace: Workspace):
    literal = {"rate": {"jobInputType": "literal", "value": "1"}}
    name = submitted(workspace, "echo ${{inputs.rate}}", inputs=literal)

    changed = put(
        workspace, name, "echo ${{inputs.rate}}", inputs=literal, displayName="new", tags={"a": "b"}
    )
    other = put(workspace, name, "echo other ${{inputs.rate}}", inputs=literal)
    faster = put(workspace, name, "echo ${{inputs.rate}}", inputs={"rate": literal["rate"] | {"value": "2"}})

    assert changed.status == 200, changed.body
    assert (job(workspace, name)["displayName"], job(workspace, name)["tags"]) == ("new", {"a": "b"})
    for refused in (other, faster):
        assert refused.status == 409
        assert "runs something else" in refused.message


def page_of(workspace: Workspace, path: str) -> dict[str, Any]:
    """A page as JSON."""
    found: dict[str, Any] = workspace.own_page(f"{path}.json").json()
    return found


def test_the_page_of_a_sweep_shows_what_it_ran_with_which_parameters(workspace: Workspace):
    name = f"sweep_{uuid.uuid4().hex}"
    trial = {"command": "echo ${{search_space.rate}}", "environmentId": environment(workspace)}
    asked = {
        "jobType": "Sweep", "experimentName": "jobs", "trial": trial, "searchSpace": {"rate": ["choice", [[1, 2]]]},
        "samplingAlgorithm": {"samplingAlgorithmType": "Grid"},
        "objective": {"goal": "maximize", "primaryMetric": "score"},
    }  # fmt: skip
    assert workspace.request("PUT", f"{{S}}/jobs/{name}", {"properties": asked}).status == 200
    until(lambda: job(workspace, name)["status"] == "Completed")

    page = page_of(workspace, f"/runs/{name}")

    assert page["command"] == trial["command"]
    assert [child["drawn"] for child in page["children"]] == [{"rate": "1"}, {"rate": "2"}]
    assert page["log"] == "azureml-logs/hyperdrive.txt"
    assert f"{name}_1 begins" in page["tail"]
    assert page_of(workspace, f"/runs/{name}_1")["parameters"] == {"rate": "2"}
    assert b"rate</bdi> = <bdi>2" in workspace.own_page(f"/runs/{name}/children").body

    # The best value of the metric that the sweep is about, and the last one of any other.
    log(workspace, f"{name}_1", "score", "scalar", [{"data": {"score": 0.9}}, {"data": {"score": 0.5}}])
    log(workspace, f"{name}_1", "loss", "scalar", [{"data": {"loss": 1.0}}, {"data": {"loss": 2.0}}])
    first, second = page_of(workspace, f"/runs/{name}/children")["children"]
    assert first["metrics"] == {"best score": None, "last loss": None}
    assert second["metrics"] == {"best score": 0.9, "last loss": 2.0}
    assert b"0.9</bdi>" in workspace.own_page(f"/runs/{name}/children").body
    assert b'/children">Children</a>.' in workspace.own_page(f"/runs/{name}/metrics").body


def test_a_pages_code_is_that_of_the_sdk_which_knows_the_run(workspace: Workspace, finished_run: str):
    name = submitted(workspace, "echo ${{outputs.folder}}", outputs={"folder": OUTPUT})

    def imported(run_id: str) -> set[str]:
        blocks = page_of(workspace, f"/runs/{run_id}/code")["python"]
        return {line for block in blocks for line in block["code"].splitlines() if "azure" in line}

    assert "from azure.ai.ml import MLClient" in imported(name)
    assert not any("azureml.core" in line for line in imported(name))
    assert "from azureml.core import Workspace" in imported(finished_run)


def test_the_page_of_datasets_lists_data_assets(workspace: Workspace):
    name = f"asset-{uuid.uuid4().hex}"
    address = "azureml://datastores/workspaceblobstore/paths/somewhere/a.csv"
    body = {"properties": {"dataType": "uri_file", "dataUri": address, "description": "<b>"}}
    assert workspace.request("PUT", f"{{S}}/data/{name}/versions/first", body).status == 200

    (row,) = [row for row in page_of(workspace, "/datasets")["assets"] if row["name"] == name]

    assert (row["version"], row["kind"], row["address"]) == ("first", "uri_file", address)
    assert name.encode() in workspace.own_page("/datasets").body


def test_the_next_page_of_jobs_is_of_the_same_list(workspace: Workspace):
    tag = uuid.uuid4().hex
    names = [submitted(workspace, "true", tags={tag: "a b"}) for _ in range(2)]
    submitted(workspace, "true")

    found: list[str] = []
    address: str | None = f"{SCOPE}/jobs?$top=1&tag={tag}%3Da+b"
    while address:
        page = workspace.get(address[address.index("/subscriptions") :]).json()
        found += [entry["name"] for entry in page["value"]]
        address = page["nextLink"]

    assert found == [*reversed(names)]


def test_the_page_of_the_service_shows_what_is_running(workspace: Workspace):
    run_id = workspace.begun(f"busy-{uuid.uuid4().hex}")
    try:
        answer, busy = workspace.own_page("/service"), page_of(workspace, "/service")
    finally:
        workspace.begun(run_id, status="Completed")

    assert answer.status == 200
    # The oldest are shown; other tests have left some that go on.
    shown = [run["run_id"] for run in busy["busy"]]
    assert run_id in shown or busy["busy_count"] > len(shown)
    assert f"/runs/{shown[0]}".encode() in answer.body
