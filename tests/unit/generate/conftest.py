"""What holds for every test of the generator."""

import tempfile

import pytest


@pytest.fixture(autouse=True)
def leaves_no_temporary_files(tmp_path_factory, monkeypatch):
    """Whatever a template does, the system's temporary folder and the home are as they were."""
    folder = tmp_path_factory.mktemp("temporary")
    home = tmp_path_factory.mktemp("home")
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(variable, str(folder))
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    monkeypatch.delenv("COOKIECUTTER_CONFIG", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield
    assert list(folder.iterdir()) == []
    assert list(home.iterdir()) == []
    assert tempfile.gettempdir() == str(folder)
