"""What may be a name, and the reason given when it may not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.project.names import CHECKS

GOOD = {
    "project_slug": ["my-exp", "a", "A.b_c-1", "x" * 100, "console"],
    "experiment_name": ["Experiment_1", "1", "a-b", "x" * 255, "nullable", "test"],
    "script_name": ["train.py", "_x.py", "test.py", "2nd.py", "x" * 125 + ".py", "console.py"],
    "compute_target": ["cpu-cluster", "local", "ab", "a" * 24, "A1"],
    "environment_kind": ["pip", "conda"],
    "environment_name": ["my-exp-env", "1.0", "x" * 255, "my-azureml"],
    "python_version": ["3.8", "3.11", "3.11.7", "3.13.0"],
    "sdk": ["v1", "v2", "both"],
    "subscription_id": ["00000000-0000-0000-0000-000000000000", "ABCDEF01-2345-6789-abcd-ef0123456789"],
    "resource_group": ["local", "rg_(1).a-b", "größe", "x" * 90],
    "workspace_name": ["local", "abc", "a" * 33, "w_s-1"],
    "tenant_id": ["", "00000000-0000-0000-0000-000000000000"],
}

BAD = {
    "project_slug": {
        "": "1 to 100 letters",
        "a b": "1 to 100 letters",
        "-a": "1 to 100 letters",
        "é": "1 to 100 letters",
        "a/b": "1 to 100 letters",
        "..": "1 to 100 letters",
        "x" * 101: "1 to 100 letters",
        "a\n": "1 to 100 letters",
        "a.": "full stop",
        "CON": "Windows reserves",
        "nul.tar.gz": "Windows reserves",
    },
    "experiment_name": {
        "": "1 to 255 letters",
        "_a": "1 to 255 letters",
        "a.b": "1 to 255 letters",
        "é": "1 to 255 letters",
        "x" * 256: "1 to 255 letters",
        "a\n": "1 to 255 letters",
        "Com1": "Windows reserves",
        "prn": "Windows reserves",
        "lpt9": "Windows reserves",
        "Constants": "hide the Python module constants",
        "run_experiment": "hide the Python module run_experiment",
        "azureml": "hide the Python module azureml",
        "OUTPUTS": "ignores a folder",
        "logs": "ignores a folder",
    },
    "script_name": {
        "train": "ends in .py",
        "a/b.py": "ends in .py",
        ".py": "ends in .py",
        "a b.py": "ends in .py",
        "x" * 126 + ".py": "ends in .py",
        "train.PY": "ends in .py",
        "aux.py": "Windows reserves",
        "json.py": "hide the Python module json",
        "Random.py": "hide the Python module random",
        "azureml.py": "hide the Python module azureml",
    },
    "compute_target": {
        "a": "2 to 24",
        "": "2 to 24",
        "1a": "2 to 24",
        "a_b": "2 to 24",
        "ab-": "2 to 24",
        "a" * 25: "2 to 24",
    },
    "environment_kind": {"": "pip or conda", "poetry": "pip or conda", "PIP": "pip or conda"},
    "environment_name": {
        "": "1 to 255",
        "a b": "1 to 255",
        "x" * 256: "1 to 255",
        "AzureML-mine": "AzureML or Microsoft",
        "microsoft": "AzureML or Microsoft",
    },
    "sdk": {"": "v1, v2 or both", "V2": "v1, v2 or both", "v3": "v1, v2 or both"},
    "python_version": {
        "": "such as 3.11",
        "3": "such as 3.11",
        "3.11.7.1": "such as 3.11",
        "python3.11": "such as 3.11",
        "2.7": "such as 3.11",
        "3.011": "such as 3.11",
        ">=3.11": "such as 3.11",
        "3.7": "3.8 or later",
    },
    "subscription_id": {"": "GUID", "x": "GUID", "00000000000000000000000000000000": "GUID"},
    "resource_group": {
        "": "1 to 90",
        "a.": "1 to 90",
        "a b": "1 to 90",
        'a"': "1 to 90",
        "x" * 91: "1 to 90",
    },
    "workspace_name": {"": "3 to 33", "ab": "3 to 33", "-ab": "3 to 33", "a" * 34: "3 to 33"},
    "tenant_id": {"contoso.com": "GUID", " ": "GUID"},
}


def test_every_answer_is_checked_and_tried_here():
    assert set(CHECKS) == set(GOOD) == set(BAD)


@pytest.mark.parametrize("variable, text", [(v, text) for v, texts in GOOD.items() for text in texts])
def test_usable(variable, text):
    assert CHECKS[variable](text) is None


@pytest.mark.parametrize(
    "variable, text, reason", [(v, text, why) for v, bad in BAD.items() for text, why in bad.items()]
)
def test_refused_with_a_reason(variable, text, reason):
    assert reason in CHECKS[variable](text)


@given(st.text(), st.sampled_from(sorted(set(CHECKS) - {"resource_group"})))
def test_what_is_accepted_needs_no_quoting_anywhere(text, variable):
    if CHECKS[variable](text) is None:
        assert re.fullmatch(r"[A-Za-z0-9._-]*", text)
