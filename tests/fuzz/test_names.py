"""Hostile names for what is kept: files of snapshots, blobs, artifacts, outputs. None leads out of its folder."""

import io
import json
import unicodedata
import uuid
import zipfile
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import strategies as st

from scaffold.workspace.store.blobs import ARTIFACTS, DATASTORE, SNAPSHOTS
from tests.fuzz import hostile
from tests.fuzz.conftest import Fuzz
from tests.fuzz.service import CANARY, DATAFLOW, SNAPSHOT, Watched
from tests.waiting import until
from tests.workspace.client import EMPTY_SNAPSHOT, HERE, SCOPE, file_node

# Two names of one file where names are compared without regard to case or form.
TWINS = (
    "Twin",
    "twin",
    *(unicodedata.normalize(form, "\u00e9") for form in ("NFC", "NFD")),
)
LISTING = (
    "import json, os\n"
    "found = [os.path.join(folder, name) for folder, _, names in os.walk('.') for name in names]\n"
    "json.dump(found, open('outputs/found.json', 'w'))\n"
)


def leads_out(name: str) -> bool:
    """True when a client on some platform would write outside the folder that it joins the name to."""
    windows = PureWindowsPath(name)
    return (
        PurePosixPath(name).is_absolute()
        or ".." in PurePosixPath(name).parts
        or "\0" in name
        or (windows.anchor != "" and PurePosixPath(name).parts[:1] != (name,))
    )


def tree_of(*nodes: Any) -> dict[str, Any]:
    return {"name": "", "hash": "0", "type": "Directory", "children": list(nodes)}


def folder(name: str, *nodes: Any) -> dict[str, Any]:
    return tree_of(*nodes) | {"name": name}


def upload(service: Watched, content: bytes) -> str:
    url = service.new_blob()
    assert service.blob("PUT", url, content).status == 201
    return url


# Snapshots


def test_a_snapshot_of_hostile_names_is_refused_or_stays_in_its_folder(service: Watched, names: list[str]):
    taken: dict[str, str] = {}
    for name in (service.fill(name) for name in (*names, *TWINS)):
        for path, node in (
            (name, file_node(name)),
            (f"{name}/x", folder(name, file_node("x"))),
            (f"in/{name}", folder("in", file_node(name))),
        ):
            url = upload(service, b"")
            created = service.post_snapshot(tree_of(node), {path: url, "x": url, "in/x": url})
            assert created.status in (200, 400), path
            if created.status == 200 and path == name:
                taken[name] = upload(service, b"")
    script = upload(service, LISTING.encode())

    made = service.post_snapshot(
        tree_of(*map(file_node, taken.keys() - {"train.py"}), file_node("train.py")),
        {**taken, "train.py": script},
    )

    assert made.status == 200, made.body
    snapshot = made.json()["id"]
    run = service.accepted(snapshot_id=snapshot, experiment="fuzz")
    state = service.wait(run)
    assert state["status"] == "Completed", state
    found = json.loads(service.artifact(run, "outputs/found.json"))
    assert {path.removeprefix("./") for path in found} >= taken.keys()
    assert {*taken} >= set(TWINS)
    zipped = service.post(f"/content/v2.0{SCOPE}/snapshots/{snapshot}/zip").json()["zipSasUri"]
    members = zipfile.ZipFile(io.BytesIO(service.blob("GET", zipped).body)).namelist()
    assert {*members} == {*taken, "train.py"}
    assert not [name for name in members if PurePosixPath(name).is_absolute() or ".." in name.split("/")]


def test_trees_of_any_form_are_refused_or_kept(service: Watched, fuzz: Fuzz):
    url = upload(service, b"x")

    def create(tree: Any, parent: str, names: list[str]) -> None:
        document = json.loads(service.fill_bytes(hostile.encoded(tree)) or b"")
        uploads = {service.fill(name): url for name in names}
        answer = service.post_snapshot(document, uploads, parent=service.fill(parent))
        assert answer.status in (200, 400), answer.body
        if answer.status == 200:
            made = answer.json()["id"]
            assert service.get(f"/content/v1.0{SCOPE}/snapshots/{made}/metadata").json() == answer.json()
            assert service.post(f"/content/v2.0{SCOPE}/snapshots/{made}/zip").status == 200

    parents = st.sampled_from((EMPTY_SNAPSHOT, SNAPSHOT, "x", "<<canary>>"))
    fuzz(create, 300, tree=hostile.trees(), parent=parents, names=st.lists(hostile.texts(), max_size=4))


@pytest.mark.parametrize(
    "address", ["", "<<canary>>", "file://<<canary>>", "/snapshots/../<<up>>", "//evil.example/x"]
)
def test_a_file_of_a_snapshot_is_taken_from_its_upload_alone(service: Watched, address: str):
    answer = service.post_snapshot(tree_of(file_node("train.py")), {"train.py": service.fill(address)})

    assert answer.status == 400


@pytest.mark.parametrize("levels", [3, 50, 99, 150, 1000])
def test_a_deep_tree_is_refused_or_kept(service: Watched, levels: int):
    text = '{"name": "a", "type": "Directory", "children": {"a": ' * levels + '{"name": "a"}' + "}}" * levels
    body = f'{{"DirTreeNode": {text}, "FileRevisionList": null, "ParentSnapshotId": "{EMPTY_SNAPSHOT}"}}'

    answer = service.post(f"/content/v2.0{SCOPE}/snapshots/{uuid.uuid4()}", body.encode())

    assert answer.status == (400 if levels > 99 else 200), answer.body
    service.get(f"/content/v1.0{SCOPE}/snapshots/latest/metadata")


# Blobs


@pytest.mark.parametrize("container", [ARTIFACTS, SNAPSHOTS, DATASTORE])
def test_a_blob_of_any_name_is_that_blob_alone(service: Watched, names: list[str], container: str):
    for name in (service.fill(name)[:1500] for name in (*names, *TWINS) if name):
        own = f"{name}{uuid.uuid4().hex}" if not name.endswith(("/", "\\")) else name
        url, content = service.signed(container, own), own.encode()

        put = service.request("PUT", url, content, token=None)

        assert put.status in (201, 400), own
        if put.status == 201:
            assert service.request("GET", url, token=None).body == content
            assert service.request("HEAD", url, token=None).headers["content-length"] == str(len(content))
            if container == DATASTORE:
                assert not leads_out(own)
                assert service.request("DELETE", url, token=None).status == 202


def test_names_that_differ_in_case_or_form_are_different_blobs(service: Watched):
    for name in TWINS:
        service.request("PUT", service.signed(DATASTORE, f"twins/{name}"), name.encode(), token=None)

    got = [
        service.request("GET", service.signed(DATASTORE, f"twins/{name}"), token=None).body for name in TWINS
    ]

    assert got == [name.encode() for name in TWINS]


def test_a_listing_of_any_prefix_is_xml_with_names_in_the_container(service: Watched, names: list[str]):
    for name in (service.fill(name)[:1500] for name in names):
        if name:
            service.request("PUT", service.signed(DATASTORE, name), b"x", token=None)
    for text in (*map(service.fill, names), ""):
        for field in ("prefix", "delimiter", "marker", "maxresults"):
            query = f"restype=container&comp=list&{field}={quote(text[:1500], safe='')}"
            answer = service.request("GET", f"{service.signed(DATASTORE, '')}&{query}", token=None)
            assert answer.status in (200, 400), query
            if answer.status == 400:
                continue
            listed = [element.text or "" for element in ElementTree.fromstring(answer.body).iter("Name")]
            assert not [name for name in listed if leads_out(name)], query


def test_blocks_and_lists_of_them_of_any_form_are_refused_or_kept(service: Watched, fuzz: Fuzz):
    identifiers = st.one_of(
        st.sampled_from(("QQ==", "Li4vLi4vLi4=", "L2V0Yy9wYXNzd2Q=", "AA==")), hostile.texts()
    )

    def put(name: str, block: str, listed: list[str], body: bytes) -> None:
        url = service.signed(DATASTORE, service.fill(name)[:1000] or "x")
        block = service.fill(block).encode("utf-8", "replace").decode()[:3000]
        service.request("PUT", f"{url}&comp=block&blockid={quote(block, safe='')}", b"block", token=None)
        entries = "".join(f"<Latest>{one}</Latest>" for one in listed)
        for sent in (body, f"<BlockList>{entries}</BlockList>".encode("utf-8", "replace")):
            done = service.request("PUT", f"{url}&comp=blocklist", service.fill_bytes(sent), token=None)
            assert done.status in (201, 400), done.body

    names = hostile.texts(surrogates=False)
    raw = st.one_of(
        st.binary(max_size=60), st.sampled_from((b"", b"<a/>", b"<!DOCTYPE a>", b"<BlockList>" * 3000))
    )
    fuzz(put, 200, name=names, block=identifiers, listed=st.lists(identifiers, max_size=3), body=raw)


# Artifacts


def test_an_artifact_of_any_path_is_refused_or_stays_below_its_run(service: Watched, names: list[str]):
    own = f"dcid.{service.known['child']}"
    for path in (service.fill(path) for path in (*names, *TWINS)):
        announced = service.post(
            f"/artifact/v2.0{SCOPE}/artifacts/batch/metadata/ExperimentRun/{own}", {"paths": [{"path": path}]}
        )
        assert announced.status in (200, 400), path
        if announced.status == 200 and path not in announced.json()["errors"]:  # not there already
            url = announced.json()["artifactContentInformation"][path]["contentUri"]
            name = unquote(urlsplit(url).path).removeprefix("/azureml/")
            assert name.startswith(f"ExperimentRun/{own}/")
            assert not leads_out(name)
            assert service.blob("PUT", url, b"x").status == 201
        for method, address in (
            ("POST", f"/artifact/v2.0{SCOPE}/artifacts/content/ExperimentRun/{own}/"),
            ("PUT", f"/mlflow/v1.0{SCOPE}/api/2.0/mlflow-artifacts/artifacts/{service.known['child']}/"),
        ):
            put = service.request(method, address + quote(path[:3000], safe=""), b"x")
            assert put.status in (200, 400, 404, 409, 501), path  # 409: it is another's path, cleaned
        service.own_page(f"/runs/{service.known['child']}/file/{quote(path[:3000], safe='')}")
    listed = service.get(f"/artifact/v2.0{SCOPE}/artifacts/ExperimentRun/{own}").json()["value"]
    assert listed
    assert not [entry["path"] for entry in listed if leads_out(entry["path"])]


HOSTILE_FILES = [
    name
    for name in hostile.NAMES
    if name not in ("", ".", "..") and not set("/\0") & set(name) and len(name.encode()) < 200
]
OUTPUTS = f"""
import os
canary = CANARY
def link(target, name):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    os.symlink(target, name)
link(canary, "outputs/link.txt"); link(os.path.dirname(canary), "outputs/folder"); link("..", "outputs/up")
link(os.path.relpath(canary, "outputs"), "outputs/relative.txt"); link("/etc/passwd", "logs/passwd")
link("loop", "outputs/loop"); link("/proc/self/environ", "outputs/environ"); link("nowhere", "outputs/dangling")
link("../inside.txt", "outputs/inside.txt"); open("inside.txt", "w").write("inside")
link("../../user_logs", "outputs/other_folder"); link("outputs/a", "outputs/a")
os.mkfifo("outputs/pipe")
import socket; socket.socket(socket.AF_UNIX).bind("outputs/socket")
for name in {HOSTILE_FILES!r}:
    open(os.path.join("outputs", name), "w").write("x")
open(os.path.join(b"outputs", b"no \\xff text"), "w").write("x")
os.remove("../user_logs/std_log.txt"); os.symlink(canary, "../user_logs/std_log.txt")
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "mkfifo"), reason="has neither pipes nor links")
def test_outputs_that_are_links_pipes_or_hostile_names_keep_what_is_the_runs_own(service: Watched):
    script = OUTPUTS.replace("CANARY", repr(service.known["canary"]), 1)
    run = service.accepted(script, experiment="fuzz")
    until(
        lambda: service.control("GET", f"/runs/{run}").json()["terminal"]
    )  # its log is not its own any more

    names = [
        entry["path"]
        for entry in service.get(f"/artifact/v2.0{SCOPE}/artifacts/ExperimentRun/dcid.{run}").json()["value"]
    ]
    contents = {name: service.artifact(run, name) for name in names}

    assert service.control("GET", f"/runs/{run}").json()["status"] == "Completed"
    assert contents["outputs/inside.txt"] == b"inside"
    assert "outputs/TRAIN.PY" in names
    assert not [
        name for name, content in contents.items() if CANARY.encode() in content or b"root:" in content
    ]
    assert not {"outputs/link.txt", "outputs/environ", "outputs/pipe", "logs/passwd"} & {*names}
    assert not [name for name in names if leads_out(name)]


# Runs


@pytest.mark.parametrize(
    "section", ["script", "arguments", "target", "variables", "name", "interpreter", "limit"]
)
def test_a_run_of_a_hostile_configuration_is_refused_or_comes_to_its_end(
    service: Watched, names: list[str], section: str
):
    runs = []
    values: Any = names if section != "limit" else (0, -1, 0.001, 2**63, float("nan"), float("inf"), 1e308)
    for value in (service.fill(value) if isinstance(value, str) else value for value in values):
        configuration: dict[str, Any] = {
            "script": {"script": value or "x"},
            "arguments": {"arguments": [value, "-c", value]},
            "target": {"target": value},
            "variables": {"environmentVariables": {value: "x", "A": value}},
            "name": {"environment": {**HERE, "name": value}},
            "interpreter": {
                "environment": {"python": {"userManagedDependencies": True, "interpreterPath": value}}
            },
            "limit": {"maxRunDurationSeconds": value},
        }[section]
        answer = service.submit(snapshot_id=SNAPSHOT, experiment="fuzz", **configuration)
        assert answer.status in (200, 400), value
        if answer.status == 200:
            runs.append(answer.json()["runId"])
    states = [service.wait(run) for run in runs]
    assert all(state["terminal"] for state in states)
    assert not [state for state in states if "ServiceError" in str(state["error"])]


# Records


@pytest.mark.parametrize(
    "value", ["", "{", "null", "3", '{"a": 1}', "[" * 3000, "[1180591620717411303424]", "[NaN]"]
)
def test_tags_and_properties_that_the_service_reads_may_hold_anything(service: Watched, value: str):
    mlflow = f"/mlflow/v1.0{SCOPE}/api/2.0/mlflow/runs"
    run = service.known["child"]
    for key in hostile.RESERVED:
        changes = {"tags": {key: value}, "properties": {key: value}}
        answer = service.request("PATCH", f"/history/v1.0{SCOPE}/experiments/fuzz/runs/{run}", changes)
        assert answer.status == 200 or (answer.status == 400 and len(value) > 1000)  # a tag's limit
        service.post(f"{mlflow}/set-tag", {"run_id": run, "key": key, "value": value})
        service.look()
    for path, body in (
        ("log-model", {"model_json": "{}"}),
        ("log-inputs", {"datasets": [{"dataset": {"name": "d"}}], "models": [{"model_id": "m"}]}),
        ("outputs", {"models": [{"model_id": "m"}]}),
    ):
        assert service.post(f"{mlflow}/{path}", {"run_id": run, **body}).status == 200
    service.look()


def test_records_of_hostile_names_are_refused_or_found_again(service: Watched, names: list[str]):
    asset = f"aml://asset/{service.known['asset']}"
    for name in (service.fill(name)[:2000] for name in names):
        quoted = quote(name, safe="")
        dataset = {"name": name, "datasetType": "file", "latest": {"dataflow": DATAFLOW}}
        storage = {"accountName": "abc", "containerName": name}
        for method, path, body in (
            ("PUT", f"/environment/v1.0{SCOPE}/environments/{quoted}", {"python": HERE["python"]}),
            ("PUT", f"{SCOPE}/computes/{quoted}", {"properties": {"computeType": "AmlCompute"}}),
            ("PUT", f"/credential/v2.0{SCOPE}/secrets", {"name": name, "value": name}),
            ("POST", f"/modelmanagement/v1.0{SCOPE}/assets", {"name": name, "artifacts": [{"prefix": f"a/b/{name}"}]}),
            ("POST", f"/modelmanagement/v1.0{SCOPE}/models", {"name": name, "url": asset}),
            ("POST", f"/history/v1.0{SCOPE}/experiments/{quoted}", None),
            ("POST", f"/dataset/v1.0{SCOPE}/datasets", dataset),
            ("POST", f"/datastore/v1.0{SCOPE}/datastores",
             {"name": name, "dataStoreType": "AzureBlob", "azureStorageSection": storage}),
        ):  # fmt: skip
            answer = service.request(method, path, body)
            assert answer.status in (200, 201, 400, 404, 409, 501), (path, answer.body)
    service.look()


# Data


def kept_dataset(service: Watched, *lines: str) -> str:
    """The id of a file dataset whose definition is a document of these lines."""
    flow = json.dumps({"meta": {"RsDataflow": "\n".join(("---", "type: mltable", *lines))}})
    saved = service.post(f"/dataset/v1.0{SCOPE}/saveddatasets", {"datasetType": "file", "dataflowJson": flow})
    assert saved.status == 200, saved.body
    return str(saved.json()["id"])


def test_data_of_hostile_names_and_places_is_refused_or_stays_in_the_runs_folder(
    service: Watched, names: list[str]
):
    put = service.request("PUT", service.signed(DATASTORE, "data/file.txt"), b"data", token=None)
    assert put.status == 201
    saved = kept_dataset(
        service, "paths: [{pattern: 'azureml://x/datastores/workspaceblobstore/paths/data/**'}]"
    )
    own, store = {"dataset": {"id": saved}}, {"dataStoreName": "workspaceblobstore"}
    runs = []
    for name in (*map(service.fill, names), "../../../../in", "ordinary"):
        place = name if not name.startswith(("/", "\\")) and name[1:2] != ":" else "in"
        for sections in (
            {"data": {name: {"dataLocation": own, "mechanism": "Download"}}},
            {"data": {"d": {"dataLocation": own, "mechanism": "Mount", "pathOnCompute": place}}},
            {"data": {"d": {"dataLocation": own, "mechanism": "Mount", "environmentVariableName": name}}},
            {"outputData": {name: {"mechanism": "Mount"}}},
            {"outputData": {"o": {"mechanism": "Upload", "outputLocation": {"dataPath": {"relativePath": name}},
                                  "additionalOptions": {"pathOnCompute": place}}}},
            {"dataReferences": {name: {**store, "mode": "Download"}}},
            {"dataReferences": {"r": {**store, "mode": "Mount", "pathOnDataStore": name}}},
            {"dataReferences": {"r": {**store, "mode": "Upload", "pathOnCompute": place}}},
        ):  # fmt: skip
            answer = service.submit(snapshot_id=SNAPSHOT, experiment="fuzz", **sections)
            assert answer.status in (200, 400, 501), (sections, answer.body)
            if answer.status == 200:
                runs.append(answer.json()["runId"])
    states = [service.wait(run) for run in runs]
    assert not [state for state in states if "ServiceError" in str(state["error"])]
    assert states[-1]["terminal"]


@pytest.mark.parametrize(
    "lines",
    [
        ["paths:"], ["paths: 3"], ["paths: [3]"], ["paths: [{}]"], ["paths: [{a: b, c: d}]"], ["paths: [{file: 3}]"],
        ["paths: [{file: 'http://[x/'}]"], ["paths: [{file: 'file:///etc/passwd'}]"], ["paths: [{file: /etc/passwd}]"],
        ["paths: [{file: 'azureml://x/datastores/workspaceblobstore/paths/../../../secrets/keys.json'}]"],
        ["paths: [{pattern: 'azureml://x/datastores/workspaceblobstore/paths/" + "**/" * 2000 + "'}]"],
        ["paths: []", "transformations: [{take: -1}]"], ["paths: []", "transformations: [{take: 1, skip: 2}]"],
        ["paths: []", "transformations: [{take: x}]"], ["paths: []", "transformations: [{take: 9999999999999999999}]"],
        ["paths: []", "transformations: 3"], ["[" * 5000], ["a: &a [x]", *(f"b{n}: &b{n} [*a,*a]" for n in range(9))],
        ["paths: [{file: !!python/object/apply:os.system ['true']}]"], ["\x07"], ["paths: [{file: '\\ud800'}]"],
    ],
    ids=lambda lines: lines[-1][:60],
)  # fmt: skip
def test_a_definition_of_any_form_is_refused_or_delivered(service: Watched, lines: list[str]):
    data = {
        "d": {"dataLocation": {"dataset": {"id": kept_dataset(service, *lines)}}, "mechanism": "Download"}
    }

    answer = service.submit(snapshot_id=SNAPSHOT, experiment="fuzz", data=data)

    assert answer.status in (200, 400, 501), answer.body
    if answer.status == 200:
        assert "ServiceError" not in str(service.wait(answer.json()["runId"])["error"])
