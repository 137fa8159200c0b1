"""A user's own pip configuration, said in uv's words."""

import os
from pathlib import Path

import pytest

from scaffold.workspace.engine.pipconf import pip_settings, uv_variables


@pytest.fixture
def pip_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty pip configuration, which wins over those that the machine may have in ``/etc``."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "pip.conf"
    file.write_text("")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return file


def test_what_pip_reads_in_its_file_is_what_uv_is_told(pip_file: Path, tmp_path: Path):
    wheels, constraints = tmp_path / "wheels", tmp_path / "constraints.txt"
    wheels.mkdir()
    constraints.write_text("")
    pip_file.write_text(
        "[global]\n"
        "index-url = https://mirror.example/simple\n"
        "extra-index-url =\n    https://one.example/simple\n    https://two.example/simple\n"
        "trusted-host = mirror.example\n"
        f"find-links = {wheels}\n"
        "[install]\n"
        f"constraint = {constraints}\n"
    )

    variables = uv_variables(pip_settings(), {})

    said = {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": "mirror.example",
        "UV_FIND_LINKS": str(wheels),
        "UV_CONSTRAINT": str(constraints),
    }
    assert variables.items() >= said.items()


def test_a_more_special_section_wins_and_a_variable_wins_over_all(
    pip_file: Path, monkeypatch: pytest.MonkeyPatch
):
    pip_file.write_text(
        "[install]\nindex-url = https://install.example\n[global]\nindex-url = https://global.example\n"
    )
    assert pip_settings()["index-url"] == "https://install.example"

    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example")
    assert pip_settings()["index-url"] == "https://variable.example"


def test_sections_of_other_commands_are_passed_over(pip_file: Path):
    without = pip_settings()
    pip_file.write_text("[download]\nindex-url = https://download.example\n")

    assert pip_settings() == without


@pytest.mark.usefixtures("pip_file")
def test_without_a_configuration_uv_is_told_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # pip then reads no file at all

    assert uv_variables(pip_settings(), {}) == {}


@pytest.mark.parametrize(
    ("option", "value", "variable"),
    [
        ("index-url", "https://a.example", "UV_DEFAULT_INDEX"),
        ("extra-index-url", "https://a.example", "UV_INDEX"),
        ("find-links", "https://a.example/wheels", "UV_FIND_LINKS"),
        ("constraint", "https://a.example/constraints.txt", "UV_CONSTRAINT"),
        ("trusted-host", "a.example", "UV_INSECURE_HOST"),
        ("no-index", "true", "UV_NO_INDEX"),
        ("cert", "/etc/ssl/own.pem", "SSL_CERT_FILE"),
        ("proxy", "http://proxy.example:3128", "ALL_PROXY"),
    ],
)
def test_what_uv_was_told_itself_stays(option: str, value: str, variable: str):
    assert uv_variables({option: value}, {})[variable] == value
    assert variable not in uv_variables({option: value}, {variable: "my own"})


@pytest.mark.parametrize(
    ("option", "older", "variable"),
    [
        ("index-url", "UV_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("extra-index-url", "UV_EXTRA_INDEX_URL", "UV_INDEX"),
    ],
)
def test_what_uv_was_told_by_the_older_name_of_a_variable_stays_too(option: str, older: str, variable: str):
    assert variable not in uv_variables({option: "https://a.example"}, {older: "https://mine.example"})


def test_the_strategy_that_the_user_chose_stays():
    variables = uv_variables({"extra-index-url": "https://a.example"}, {"UV_INDEX_STRATEGY": "first-index"})

    assert variables == {"UV_INDEX": "https://a.example"}


def test_folders_and_files_that_are_not_there_are_dropped_as_pip_does(tmp_path: Path):
    present, missing = tmp_path / "present", tmp_path / "missing"
    present.mkdir()

    assert uv_variables({"find-links": f"{present}\n{missing}"}, {}) == {"UV_FIND_LINKS": str(present)}
    assert uv_variables({"find-links": f"{missing}"}, {}) == {}
    assert uv_variables({"constraint": f"{missing}"}, {}) == {}
    assert uv_variables({"extra-index-url": missing.as_uri()}, {}) == {}
    assert uv_variables({"find-links": present.as_uri()}, {}) == {"UV_FIND_LINKS": present.as_uri()}


def test_several_folders_of_wheels_are_separated_as_uv_reads_them(tmp_path: Path):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()

    variables = uv_variables({"find-links": " ".join(map(str, folders))}, {})

    assert variables["UV_FIND_LINKS"] == ",".join(map(str, folders))


def test_a_backslash_in_a_folder_of_the_configuration_is_a_backslash(pip_file: Path, tmp_path: Path):
    folder = tmp_path / "wheels\\new"
    folder.mkdir()
    pip_file.write_text(f"[global]\nfind-links = {folder}\n")

    assert uv_variables(pip_settings(), {}).get("UV_FIND_LINKS") == str(folder)
