"""What the service keeps of whoever starts it, and what of that runs get: the table, row by row."""

import pytest

from scaffold.workspace.inherited import KEPT, kept


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "https_proxy", "NO_PROXY", "SSL_CERT_FILE", "LD_LIBRARY_PATH",
     "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "SYSTEMROOT", "SystemRoot", "PATHEXT", "ProgramFiles(x86)", "TZ"],
)  # fmt: skip
def test_what_describes_the_machine_reaches_runs(name: str):
    assert kept({name: "x"}, runs=True) == {name: "x"}


@pytest.mark.parametrize(
    "name",
    ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_MINE_PASSWORD", "CONDA_CHANNEL_ALIAS", "SSH_AUTH_SOCK", "CFLAGS",
     "SCAFFOLD_WIDTH", "PYTHONPATH", "PYENV_ROOT"],
)  # fmt: skip
def test_what_builds_need_reaches_builds_and_no_runs(name: str):
    assert kept({name: "x"}) == {name: "x"}
    assert kept({name: "x"}, runs=True) == {}


@pytest.mark.parametrize(
    "name",
    ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "GH_TOKEN",
     "GITHUB_TOKEN", "HF_TOKEN", "OPENAI_API_KEY", "WANDB_API_KEY", "DATABASE_URL", "KUBECONFIG", "MY_SETTING",
     "GOOGLE_APPLICATION_CREDENTIALS", "UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD", "CONDA_TOKEN", "PIP_PASSWORD",
     "CUDA_TOKEN", "LD_PRELOAD", "VIRTUAL_ENV", "MPLBACKEND", "SCAFFOLD_KIN_0123", "AZUREML_RUN_TOKEN", "MSI_SECRET"],
)  # fmt: skip
def test_logins_and_settings_of_a_shell_are_nobodys_else(name: str):
    assert kept({name: "x"}) == {}


def test_every_row_says_what_it_is_for_and_names_no_variable_twice():
    names = [name for row in KEPT for name in row.names]

    assert len(set(names)) == len(names)
    assert all(row.why and row.names for row in KEPT)
    assert all(name == name.upper() for name in names)


def test_what_somebody_asks_for_by_name_reaches_builds_and_no_runs():
    variables = {
        "SCAFFOLD_KEEP": "CHANNEL_TOKEN, My_Own",
        "CHANNEL_TOKEN": "x",
        "MY_OWN": "y",
        "OTHER_TOKEN": "z",
    }

    assert set(kept(variables)) == {"SCAFFOLD_KEEP", "CHANNEL_TOKEN", "MY_OWN"}
    assert kept(variables, runs=True) == {}
