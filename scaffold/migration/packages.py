"""Puts the packages that MLflow needs in a job into the specification of the environment."""

import re
from typing import Any

from scaffold.migration.notes import Note
from scaffold.project.files import ProjectFile

# azureml-mlflow is what the tracking address of a job on Azure ML needs.
PACKAGES = ("mlflow-skinny<4", "azureml-mlflow<2")


def missing(lines: list[str]) -> list[str]:
    """Those of :data:`PACKAGES` that requirements do not name."""
    named = {
        match[0].lower().replace("_", "-") for line in lines if (match := re.match(r"[A-Za-z0-9._-]+", line))
    }
    if "mlflow" in named:
        named.add("mlflow-skinny")
    return [package for package in PACKAGES if re.split("[<=]", package)[0] not in named]


def in_requirements(text: str, names: list[str]) -> str:
    """A requirements file with packages added at its end."""
    newline = _newline(text)
    end = "" if not text or text.endswith("\n") else newline
    return text + end + "".join(f"{name}{newline}" for name in names)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def in_conda(file: ProjectFile, names: list[str]) -> tuple[str, Note | None]:
    """A conda file with packages added to what pip installs.

    Args:
        file: the file, which can be read as one.
        names: the packages.

    Returns:
        Its new text, or the old one with a note when it is not in the form that people write.
    """
    import yaml

    text = file.text()
    document: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    entries = {key.value: value for key, value in document.value}
    dependencies = entries["dependencies"]
    if dependencies.flow_style or not dependencies.value:
        hint = f"Add {', '.join(names)} to what pip installs."
        return text, Note(
            "left", file.shown, dependencies.start_mark.line + 1, "the dependencies are in one line", hint
        )
    lines = text.splitlines(keepends=True)
    section = next((entry for entry in dependencies.value if entry.id == "mapping"), None)
    if section is None:
        last = dependencies.value[-1]
        indent = " " * dependencies.start_mark.column
        pip = [] if any(entry.value == "pip" for entry in dependencies.value) else [f"{indent}- pip\n"]
        new = [*pip, f"{indent}- pip:\n", *(f"{indent}    - {name}\n" for name in names)]
    else:
        items = section.value[0][1]
        if items.flow_style or not items.value:
            hint = f"Add {', '.join(names)} to it."
            return text, Note(
                "left", file.shown, items.start_mark.line + 1, "what pip installs is in one line", hint
            )
        last = items.value[-1]
        new = [f"{' ' * items.start_mark.column}- {name}\n" for name in names]
    place = last.start_mark.line
    newline = _newline(text)
    if not lines[place].endswith("\n"):
        lines[place] += newline
    new = [line.replace("\n", newline) for line in new]
    return "".join([*lines[: place + 1], *new, *lines[place + 1 :]]), None
