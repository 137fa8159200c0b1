"""What a RunConfiguration asks of data, what its placeholders stand for, and how a script finds it."""

import os
import subprocess
from typing import Any

import pytest

from scaffold.workspace.engine.data.configuration import read_data
from scaffold.workspace.engine.data.dataflow import DataError
from scaffold.workspace.engine.data.placeholders import in_argument, in_command
from scaffold.workspace.engine.data.places import Places
from scaffold.workspace.engine.data.settling import resolve
from scaffold.workspace.store import Store
from tests.unit.workspace.data.dataflows import dataflow

PLACES = Places(
    inputs={"x": ("x", "Mount", "/in put/x"), "d": ("d", "Direct", "an-id")},
    outputs={"o": "/out/o"},
    links=["l"],
    references={"r": "/ref/r", "a-b": "/ref/a-b"},
)
posix = pytest.mark.skipif(os.name == "nt", reason="for a POSIX shell")


def data_of(**dataset: Any) -> dict[str, Any]:
    return {
        "dataLocation": {"dataset": dataset, "dataPath": None, "uri": None},
        "mechanism": "mount",
        "environmentVariableName": "x",
        "pathOnCompute": None,
    }


# What is asked for


def test_destinations_have_the_run_and_the_output_in_them():
    path = {"datastoreName": "workspaceblobstore", "relativePath": "/a/{run-id}/{output-name}/"}
    outputs = {"o": {"mechanism": "mount"}, "p": {"outputLocation": {"dataPath": path}}}

    folders = [output.folder("run_1") for output in read_data({"outputData": outputs}).outputs]

    assert folders == ["dataset/run_1/o", "a/run_1/p"]


@pytest.mark.parametrize(
    ("configuration", "named", "supported"),
    [
        ({"data": {"x": data_of(id="i") | {"mechanism": "hdfs"}}}, "mode 'hdfs'", False),
        ({"data": {"x": data_of()}}, "names nothing", False),
        ({"data": {"x": data_of(id="i") | {"pathOnCompute": "../up"}}}, "working directory", True),
        ({"data": 3}, "another shape", True),
        ({"outputData": {"o": {"mechanism": "hdfs"}}}, "mode 'hdfs'", False),
        (
            {"outputData": {"o": {"outputLocation": {"dataPath": {"datastoreName": "lake"}}}}},
            "datastore lake",
            False,
        ),
        (
            {"outputData": {"o": {"outputLocation": {"dataPath": {"relativePath": "../x"}}}}},
            "out of the datastore",
            True,
        ),
        ({"dataReferences": {"r": {"dataStoreName": "files"}}}, "datastore files", False),
        (
            {"dataReferences": {"r": {"dataStoreName": "workspaceblobstore", "mode": "upload"}}},
            "as_upload",
            True,
        ),
        ({"dataReferences": {"r": {"mode": "mount"}}}, "misses the datastore", True),
        ({"datacaches": [{}]}, "datacaches", False),
    ],
)
def test_what_cannot_be_had_is_named(configuration: dict[str, Any], named: str, supported: bool):
    with pytest.raises(DataError, match=named) as caught:
        read_data(configuration)

    assert caught.value.supported is supported


# Settling it at submission


def test_the_latest_version_is_the_one_at_submission(store: Store):
    first = store.datasets.register("numbers", store.datasets.save("file", dataflow("a"), {}), None, {})
    configuration = {"data": {"x": data_of(name="numbers", version="latest")}}

    settled, lineage = resolve(store, configuration)
    store.datasets.register("numbers", store.datasets.save("file", dataflow("b"), {}), None, {})

    assert read_data(settled).inputs[0].saved_id == first.saved.saved_id
    assert lineage == [
        {
            "identifier": {
                "savedId": first.saved.saved_id,
                "registeredId": first.dataset_id,
                "registeredVersion": "1",
            },
            "consumptionType": "RunInput",
            "inputDetails": {"inputName": "x", "mechanism": "Mount", "pathOnCompute": None},
        }
    ]
    assert configuration["data"]["x"]["dataLocation"]["dataset"] == {"name": "numbers", "version": "latest"}


def test_a_dataset_that_cannot_be_delivered_is_refused_at_submission(store: Store):
    table = store.datasets.save("tabular", dataflow("a"), {})
    foreign = store.datasets.save("file", dataflow("a", datastore="lake"), {})

    for dataset, named in (
        ({"id": table.saved_id}, "tabular dataset"),
        ({"id": foreign.saved_id}, "datastore lake"),
        ({"id": "nothing"}, "no dataset nothing"),
        ({"name": "nobody", "version": "2"}, "'nobody' version 2"),
    ):
        with pytest.raises(DataError, match=named):
            resolve(store, {"data": {"x": data_of(**dataset)}})


def test_a_table_is_passed_by_its_id(store: Store):
    table = store.datasets.save("tabular", dataflow("a"), {})
    configuration = {"data": {"x": data_of(id=table.saved_id) | {"mechanism": "direct"}}}

    _, lineage = resolve(store, configuration)

    assert lineage[0]["inputDetails"]["mechanism"] == "Direct"


# How the script finds it


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("DatasetConsumptionConfig:x", "/in put/x"),
        ("--data=DatasetConsumptionConfig:x", "--data=/in put/x"),
        ("DatasetConsumptionConfig:d", "an-id"),
        ("DatasetOutputConfig:o", "/out/o"),
        ("DatasetOutputConfig:l", "l"),
        ("DatasetConsumptionConfig:nobody", "DatasetConsumptionConfig:nobody"),
        ("$AZUREML_DATAREFERENCE_r", "/ref/r"),
        ("${AZUREML_DATAREFERENCE_a-b}/f", "/ref/a-b/f"),
        ("$AZUREML_DATAREFERENCE_x", "/in put/x"),
        ("$AZURE_ML_INPUT_x:$AZURE_ML_OUTPUT_o", "/in put/x:/out/o"),
        ("$HOME", "$HOME"),
    ],
)
def test_placeholders_in_arguments_are_replaced(argument: str, meant: str):
    assert in_argument(argument, PLACES) == meant


@posix
@pytest.mark.parametrize("value", ["/plain", "/with space", "/it's", '/a "b" $c `d` \\e', "/ünï"])
def test_placeholders_in_commands_reach_the_program_whole(value: str):
    places = Places(inputs={"x": ("x", "Mount", value)}, references={"r": value})
    word = "DatasetConsumptionConfig:x"
    command = f"printf '%s\\n' {word} --a={word} \"{word}/f\" '{word}' \\\" {word} $AZUREML_DATAREFERENCE_r"

    done = subprocess.run(
        ["sh", "-c", in_command(command, places)], capture_output=True, encoding="utf-8", check=True
    )

    assert done.stdout.splitlines() == [value, f"--a={value}", f"{value}/f", value, '"', value, value]


@posix
def test_what_a_shell_would_not_look_at_stays():
    assert in_command("echo '$AZUREML_DATAREFERENCE_r'", PLACES) == "echo '$AZUREML_DATAREFERENCE_r'"


def test_the_variables_are_those_that_the_sdk_reads():
    variables = PLACES.variables({"D": "mine"})

    assert variables == {
        "x": "/in put/x",
        "X": "/in put/x",
        "AZURE_ML_INPUT_x": "/in put/x",
        "AZUREML_DATAREFERENCE_x": "/in put/x",
        "d": "an-id",  # and no D, which is somebody else's
        "AZURE_ML_INPUT_d": "an-id",
        "AZUREML_DATAREFERENCE_d": "an-id",
        "o": "/out/o",
        "AZURE_ML_OUTPUT_o": "/out/o",
        "AZUREML_DATAREFERENCE_o": "/out/o",
        "AZUREML_DATAREFERENCE_r": "/ref/r",
        "AZUREML_DATAREFERENCE_a-b": "/ref/a-b",
        "AZUREML_DATASET_ENVIRONMENT_VARS": "x:Mount,d:Direct",
        "AZUREML_DATASET_FILE_OUTPUTS": "o",
        "AZUREML_LINK_DATASET_OUTPUTS": "l",
    }
    assert Places().variables({}) == {}


def test_the_inputs_and_outputs_of_a_job_are_parameters_too():
    named = PLACES.variables({}, of_job=True)
    more = {name: value for name, value in named.items() if name.startswith("AZUREML_PARAMETER_")}

    assert more == {
        "AZUREML_PARAMETER_x": "/in put/x",
        "AZUREML_PARAMETER_d": "an-id",
        "AZUREML_PARAMETER_o": "/out/o",
    }
    assert {name: value for name, value in named.items() if name not in more} == PLACES.variables({})
