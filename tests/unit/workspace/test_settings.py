"""The settings: what they may be, and that the README has them all."""

import re

import pytest

from scaffold.workspace import settings
from scaffold.workspace.settings import SETTINGS, SettingError
from tests.conftest import REPOSITORY

INTERNAL = {"SCAFFOLD_SUBMISSION"}


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


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf"])
def test_a_setting_that_is_no_number_is_refused_by_name(text: str):
    with pytest.raises(SettingError, match="SCAFFOLD_IDLE_MINUTES"):
        settings.idle_seconds({"SCAFFOLD_IDLE_MINUTES": text})
    with pytest.raises(SettingError, match="SCAFFOLD_WIDTH"):
        settings.width({"SCAFFOLD_WIDTH": text})
