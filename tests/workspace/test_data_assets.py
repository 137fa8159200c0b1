"""What the service of data tells the first SDK and ``mltable`` of data assets and datasets, at the level of HTTP."""

import json
from typing import Any

import pytest
from azureml.data._restclient.dataset import models

from tests.workspace.client import SCOPE, Workspace
from tests.workspace.test_shapes import missing

PATH = "azureml://datastores/workspaceblobstore/paths/some/folder"
WHOLE = (
    f"azureml:/{SCOPE.replace('/providers/Microsoft.MachineLearningServices', '').replace('Groups', 'groups')}"
    "/datastores/workspaceblobstore/paths/some/folder"
)
TABLE = f"type: mltable\npaths:\n- folder: {PATH}\n"


def version_of(workspace: Workspace, name: str, version: str) -> dict[str, Any]:
    answer = workspace.get(f"/data/v1.0{{S}}/dataversion/{name}/versions/{version}?includeSavedDatasets=true")
    assert answer.status == 200, answer.body
    entity: dict[str, Any] = answer.json()
    assert missing(models.DataVersionEntity, entity) == []
    assert missing(models.DataVersion, entity["dataVersion"]) == []
    assert missing(models.EntityMetadata, entity["entityMetadata"]) == []
    return entity


@pytest.mark.parametrize("kind", ["uri_file", "uri_folder", "mltable"])
def test_a_data_asset_of_the_second_sdk_is_told_by_its_whole_address(workspace: Workspace, kind: str):
    for version in ("1", "2"):
        sent = {"properties": {"dataType": kind, "dataUri": PATH, "description": "some", "tags": {"a": "b"}}}
        assert workspace.request("PUT", f"{{S}}/data/entity-{kind}/versions/{version}", sent).status == 200

    entity = version_of(workspace, f"entity-{kind}", "None")

    found = entity["dataVersion"]
    assert (found["versionId"], found["dataUri"]) == ("2", WHOLE)
    assert found["dataType"].lower() == kind.replace("_", "")
    assert found["mutableProps"]["tags"] == {"a": "b"}
    assert (entity["isV2"], entity["legacyDataflow"]) == (True, None)
    assert version_of(workspace, f"entity-{kind}", "1")["dataVersion"]["versionId"] == "1"
    by_id = workspace.post("/data/v1.0{S}/dataversion/getByAssetId", {"value": found["assetId"]})
    assert by_id.json() == entity


def test_a_dataset_of_the_first_sdk_is_told_with_its_definition(workspace: Workspace):
    definition = {"blocks": [], "meta": {"RsDataflow": TABLE}}
    latest = {"dataflow": json.dumps(definition)}
    sent = {"name": "entity-first", "datasetType": "file", "latest": latest, "tags": {"c": "d"}}
    assert workspace.post("/dataset/v1.0{S}/datasets", sent).status == 200

    entity = version_of(workspace, "entity-first", "1")

    assert (entity["isV2"], entity["legacyDataflow"], entity["legacyDatasetType"]) == (False, TABLE, "file")
    assert entity["dataVersion"]["mutableProps"]["tags"] == {"c": "d"}


@pytest.mark.parametrize("name", ["entity-first/versions/9", "nothing/versions/None", "nothing/versions/1"])
def test_what_is_not_there_is_named(workspace: Workspace, name: str):
    answer = workspace.get(f"/data/v1.0{{S}}/dataversion/{name}")

    assert answer.status == 404
    assert name.split("/", maxsplit=1)[0] in answer.message


def test_an_id_of_elsewhere_is_no_data_asset(workspace: Workspace):
    foreign = "azureml://locations/westeurope/workspaces/another/data/entity-first/versions/1"

    answer = workspace.post("/data/v1.0{S}/dataversion/getByAssetId", {"value": foreign})

    assert (answer.status, foreign in answer.message) == (404, True)
