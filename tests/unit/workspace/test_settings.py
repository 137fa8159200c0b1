"""The settings: what they may be, and that the README has them all."""

import re

import pytest

from scaffold.workspace import settings
from scaffold.workspace.settings import SETTINGS, SettingError
from tests.conftest import REPOSITORY

INTERNAL = {"SCAFFOLD_SUBMISSION", "SCAFFOLD_SNAPSHOT_ROOT"}


def test_the_readme_has_every_setting_and_the_code_no_other():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "scaffold").rglob("*.py"))

    for setting in SETTINGS:
        assert f"| `{setting.name}` | {setting.default} | {setting.help} |" in readme
    read = set(re.findall(r"\bSCAFFOLD_[A-Z_]*[A-Z]\b", sources))
    assert read - INTERNAL == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize(("text", "seconds"), [("", 7200), ("0.5", 30), ("0", None)])
def test_how_long_the_service_may_be_idle(text: str, seconds: float | None):
    assert settings.idle_seconds({"SCAFFOLD_IDLE_MINUTES": text}) == seconds


@pytest.mark.parametrize("text", ["abc", "-1", "65535", "70000", "8765.5", "0x10", "１２"])
def test_a_port_that_cannot_be_is_refused_by_name(text: str):
    """The pages have the next one."""
    with pytest.raises(SettingError) as refused:
        settings.port({"SCAFFOLD_PORT": text})
    assert f"SCAFFOLD_PORT is {text!r}" in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(("text", "port"), [("", None), (" 9000 ", 9000), ("0", 0), ("65534", 65534)])
def test_a_port_that_can_be(text: str, port: int | None):
    assert settings.port({"SCAFFOLD_PORT": text}) == port


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_what_is_wrong_with_any_setting_is_found(setting: settings.Setting):
    settings.check({setting.name: ""})
    if setting.parse is str:
        settings.check({setting.name: "anything"})
        return
    with pytest.raises(SettingError, match=setting.name):
        settings.check({setting.name: "nonsense"})


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf"])
def test_a_setting_that_is_no_number_is_refused_by_name(text: str):
    with pytest.raises(SettingError, match="SCAFFOLD_IDLE_MINUTES"):
        settings.idle_seconds({"SCAFFOLD_IDLE_MINUTES": text})
    with pytest.raises(SettingError, match="SCAFFOLD_WIDTH"):
        settings.width({"SCAFFOLD_WIDTH": text})
