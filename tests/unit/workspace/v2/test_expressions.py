"""What stands between ``${{`` and ``}}`` in a command, parts that need an optional input, and durations."""

import pytest

from scaffold.workspace.engine.sweeps.trials import definition_of
from scaffold.workspace.faults import Fault
from scaffold.workspace.services.v2.command import seconds_of
from scaffold.workspace.services.v2.expressions import rendered

VALUES = {"inputs.rate": "0.1", "inputs.group.depth": "3"}
DATA = {"inputs.words", "outputs.model"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("train --rate ${{inputs.rate}}", "train --rate 0.1"),
        ("train ${{ inputs.rate }}/${{inputs.group.depth}}", "train 0.1/3"),
        ("cat ${{inputs.words}} ${{ outputs.model }}/x", "cat ${{inputs.words}} ${{outputs.model}}/x"),
        ("cat ${{inputs.words.path}}", "cat ${{inputs.words}}"),
        ("a $[[--rate ${{inputs.rate}}]] b $[[--more ${{inputs.more}}]] c", "a --rate 0.1 b  c"),
        ("a $[[--both ${{inputs.rate}} ${{inputs.more}}]]", "a "),
        ("a $[[--words ${{inputs.words}}]]", "a --words ${{inputs.words}}"),
        ("echo $HOME ${RATE} $[[never closed", "echo $HOME ${RATE} $[[never closed"),
        ("[[ -f x ]] && echo ${{inputs.rate}}", "[[ -f x ]] && echo 0.1"),
    ],
)
def test_what_is_known_is_put_in_and_data_is_left_to_the_run(command: str, expected: str):
    assert rendered(command, VALUES, DATA) == expected


@pytest.mark.parametrize("command", ["${{inputs.more}}", "${{outputs.other}}", "${{search_space.rate}}"])
def test_what_the_job_does_not_have_is_refused_by_its_name(command: str):
    with pytest.raises(Fault, match="which the job does not have") as refused:
        rendered(command, VALUES, DATA)

    assert refused.value.status == 400
    assert command in refused.value.message


def test_a_command_of_many_open_parts_is_read_at_once():
    assert rendered("$[[" * 200_000, {}, set()) == "$[[" * 200_000


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT300S", 300),
        ("PT5M", 300),
        ("PT1H30M", 5400),
        ("P1DT1S", 86401),
        ("PT0.5S", 0.5),
        (None, None),
        ("PT0S", None),
    ],
)
def test_a_duration_is_so_many_seconds(duration: str | None, seconds: float | None):
    assert seconds_of(duration) == seconds


@pytest.mark.parametrize("duration", ["5 minutes", "300", "P1Y", "PT1H1H"])
def test_a_duration_that_is_none_is_refused(duration: str):
    with pytest.raises(Fault, match="no ISO 8601 duration"):
        seconds_of(duration)


def test_a_trial_has_its_parameters_in_its_command_and_outputs_of_its_own():
    template = {
        "command": "train ${{search_space.rate}} ${{search_space.kind}} ${{outputs.model}}",
        "environmentVariables": {"A": "b"},
        "job": {
            "command": "train ${{search_space.rate}} ${{inputs.a}}",
            "outputs": {"model": {"uri": "azureml://datastores/own/paths/azureml/{run-id}/model"}},
        },
    }

    made = definition_of(template, "sweep_1", {"rate": 0.5, "kind": "blue"})

    assert made["command"] == "train 0.5 blue ${{outputs.model}}"
    assert made["environmentVariables"] == {
        "A": "b",
        "AZUREML_SWEEP_rate": "0.5",
        "AZUREML_SWEEP_kind": "blue",
        "AZUREML_PARAMETER_rate": "0.5",
        "AZUREML_PARAMETER_kind": "blue",
    }
    assert made["job"]["command"] == "train 0.5 ${{inputs.a}}"
    assert made["job"]["outputs"]["model"]["uri"].endswith("/azureml/sweep_1/model")
    assert "${{search_space.rate}}" in template["command"]
