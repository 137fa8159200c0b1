"""Placeholders of data in a run's arguments and command, and what they stand for.

azureml-core writes ``DatasetConsumptionConfig:NAME`` and ``DatasetOutputConfig:NAME``
(``azureml.data.constants``) where a dataset was passed, and ``$AZUREML_DATAREFERENCE_NAME`` where a
DataReference was; azure-ai-ml has ``${{inputs.NAME}}`` and ``${{outputs.NAME}}``. The service puts the path there, or
the dataset's id.
"""

import os
import re
import shlex
import subprocess

from scaffold.workspace.engine.data.places import Places

_PLACEHOLDER = re.compile(
    r"(?P<word>DatasetConsumptionConfig|DatasetOutputConfig):(?P<name>[A-Za-z_]\w*)"
    r"|\$(?P<brace>\{)?(?P<variable>AZUREML_DATAREFERENCE_|AZURE_ML_INPUT_|AZURE_ML_OUTPUT_)(?P<named>[\w-]+)(?(brace)\})"
    r"|\$\{\{(?P<direction>inputs|outputs)\.(?P<bound>\w+)\}\}",
    re.A,
)


def in_argument(text: str, places: Places) -> str:
    """An argument of a script with the values in it."""
    return _PLACEHOLDER.sub(lambda found: _value(found, places) or found.group(), text)


def in_command(text: str, places: Places) -> str:
    """A command with the values in it, quoted for the shell where they are not inside quotes already."""
    done, end, quote = [], 0, ""
    for found in _PLACEHOLDER.finditer(text):
        before = text[end : found.start()]
        quote = _quote_after(before, quote)
        value = _value(found, places)
        unseen = quote == "'" and found["variable"]  # the shell does not look there either
        done += [before, found.group() if value is None or unseen else _quoted(value, quote)]
        end = found.end()
    return "".join((*done, text[end:]))


def _value(found: "re.Match[str]", places: Places) -> str | None:
    if found["word"]:
        return places.value(found["word"], found["name"])
    if found["direction"]:
        return places.value(found["direction"], found["bound"])
    return places.value(found["variable"], found["named"])


def _quote_after(text: str, quote: str) -> str:
    """Which quote is open after the text, when ``quote`` was open before it."""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'" and os.name != "nt":
            escaped = True
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
    return quote


def _quoted(value: str, quote: str) -> str:
    if os.name == "nt":
        return value if quote else subprocess.list2cmdline([value])
    if quote == '"':
        return re.sub(r'([\\"$`])', r"\\\1", value)
    if quote == "'":
        return value.replace("'", "'\"'\"'")
    return shlex.quote(value)
