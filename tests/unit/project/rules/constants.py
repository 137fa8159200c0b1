"""constants.py."""

from tests.unit.project.trees import AZURE, CONSTANTS, RUNNER, Case

ARGUMENTS = RUNNER.replace("script='train.py',", "script='train.py', arguments=constants.ARGUMENTS,")
NAMED = RUNNER.replace("name='env-2'", "name=constants.ENVIRONMENT_NAME")


def changed(old: str, new: str) -> str:
    assert old in CONSTANTS
    return CONSTANTS.replace(old, new)


CASES = [
    Case(
        "constants-file",
        "is not valid Python",
        {"constants.py": "A = 1\n B = 2\n"},
        ("error constants.py:2: not valid Python: unexpected indent.",),
    ),
    Case("constants-file", "does a little more than bind names", {"constants.py": f"import os\n{CONSTANTS}"}),
    Case(
        "constants-missing",
        "is imported and not there",
        {"constants.py": None},
        ("error run_experiment.py:3: imports constants, but there is no constants.py.",),
    ),
    Case(
        "constants-missing",
        "lacks a name",
        {"constants.py": changed("TARGET_NAME", "TARGET")},
        ("error run_experiment.py:9: TARGET_NAME is not in constants.py.",),
    ),
    Case("constants-missing", "takes names in from elsewhere", {"constants.py": "from settings import *\n"}),
    Case(
        "constants-missing",
        "binds a name by code",
        {"constants.py": changed("'cpu-cluster'", "__import__('os').environ['TARGET']")},
    ),
    Case(
        "constants-missing",
        "is not imported",
        {"constants.py": None, "run_experiment.py": "from azureml.core import Experiment\n"},
    ),
    Case(
        "constants-type",
        "has a number and an empty text",
        {"constants.py": "TARGET_NAME = 3\n\nEXPERIMENT_NAME = ''\nPYTHON_VERSION = '3.11'\n"},
        (
            "error constants.py:1: TARGET_NAME must be a text in quotes.",
            "error constants.py:3: EXPERIMENT_NAME must be a text in quotes.",
        ),
    ),
    Case(
        "constants-type",
        "has a version that is a number",
        {"constants.py": changed("'3.11'", "3.10")},
        ("error constants.py:3: PYTHON_VERSION must be a text in quotes.",),
    ),
    Case(
        "constants-type",
        "has arguments that are one text",
        {"constants.py": CONSTANTS + "ARGUMENTS = '--x 1'\n", "run_experiment.py": ARGUMENTS},
        ("error constants.py:4: ARGUMENTS must be a list.",),
    ),
    Case(
        "constants-type",
        "has a target of None, which is this machine",
        {"constants.py": changed("'cpu-cluster'", "None")},
    ),
    Case(
        "constants-type",
        "has a number of its own",
        {"constants.py": CONSTANTS + "ARGUMENTS = 1\nSCRIPT_NAME = 2\n"},
    ),
    Case(
        "constants-experiment",
        "has a name that Azure ML refuses",
        {"constants.py": changed("'Experiment_1'", "'my exp'")},
        ("error constants.py:2: EXPERIMENT_NAME: Azure ML refuses the name 'my exp'.",),
    ),
    Case(
        "constants-experiment",
        "has a long name",
        {"constants.py": changed("'Experiment_1'", f"'0{'-' * 254}'")},
    ),
    Case(
        "constants-target",
        "has a name that no compute target on Azure can have",
        {"constants.py": changed("cpu-cluster", "cpu_cluster"), ".azureml/config.json": AZURE},
        (
            "error constants.py:1: no compute target can be called 'cpu_cluster': it must be 2 to 24 letters, "
            "digits or '-', starting with a letter and not ending with '-'.",
        ),
    ),
    Case(
        "constants-target",
        "has a name that the local workspace takes all the same",
        {"constants.py": changed("cpu-cluster", "a")},
        (
            "warning constants.py:1: no compute target can be called 'a': it must be 2 to 24 letters, "
            "digits or '-', starting with a letter and not ending with '-'.",
        ),
    ),
    Case(
        "constants-target",
        "is local",
        {"constants.py": changed("cpu-cluster", "local"), ".azureml/config.json": AZURE},
    ),
    Case(
        "constants-target",
        "is an object of the SDK's",
        {"run_experiment.py": RUNNER.replace("constants.TARGET_NAME", "ws.compute_targets['a_b']")},
    ),
    Case(
        "constants-environment",
        "has a name that is Azure ML's own",
        {
            "constants.py": CONSTANTS + "ENVIRONMENT_NAME = 'AzureML-mine'\n",
            "run_experiment.py": NAMED,
            ".azureml/config.json": AZURE,
        },
        (
            "error constants.py:4: ENVIRONMENT_NAME: 'AzureML-mine' cannot be used: Azure ML keeps names that "
            "start with AzureML or Microsoft for its own environments.",
        ),
    ),
    Case(
        "constants-environment",
        "has any other name",
        {"constants.py": CONSTANTS + "ENVIRONMENT_NAME = '1.10'\n", "run_experiment.py": NAMED},
    ),
    Case(
        "constants-python-version",
        "is no version",
        {"constants.py": changed("'3.11'", "'3'")},
        ("error constants.py:3: PYTHON_VERSION: '3' is not a version.",),
    ),
    Case("constants-python-version", "is a full version", {"constants.py": changed("'3.11'", "'3.11.7'")}),
    Case(
        "constants-windows",
        "has the name of a device",
        {"constants.py": changed("'Experiment_1'", "'Aux'")},
        ("warning constants.py:2: EXPERIMENT_NAME: Windows reserves the name 'Aux'.",),
    ),
    Case(
        "constants-windows",
        "only begins like one",
        {"constants.py": changed("'Experiment_1'", "'auxiliary'")},
    ),
]
