"""Trials of azure-ai-ml's sweeps: commands with ``${{search_space.NAME}}`` in them, and outputs of their own."""

import re
from typing import Any

from scaffold import space

_PARAMETER = re.compile(r"\$\{\{search_space\.(?P<name>\w+)\}\}", re.A)
RUN = "{run-id}"
"""What stands for a trial's id in the addresses of its outputs."""


def definition_of(template: dict[str, Any], child: str, values: space.Values) -> dict[str, Any]:
    """The RunConfiguration of a trial with its parameters; each is an environment variable too.

    Args:
        template: of all trials.
        child: the id of the trial's run.
        values: its parameters.
    """
    job = template["job"]
    outputs = {
        name: output | {"uri": str(output.get("uri") or "").replace(RUN, child)}
        for name, output in (job.get("outputs") or {}).items()
    }
    variables = {
        f"{prefix}{name}": text(value)
        for name, value in values.items()
        for prefix in ("AZUREML_SWEEP_", "AZUREML_PARAMETER_")
    }
    return template | {
        # An output that is passed as an address stands there with the trial's id.
        "command": filled(template["command"].replace(RUN, child), values),
        "environmentVariables": (template.get("environmentVariables") or {}) | variables,
        "job": job | {"command": filled(str(job.get("command")), values), "outputs": outputs},
    }


def filled(command: str, values: space.Values) -> str:
    """The command with the parameters in it, as they are."""
    return _PARAMETER.sub(
        lambda found: text(values[found["name"]]) if found["name"] in values else found.group(), command
    )


def text(value: Any) -> str:
    """A parameter as it is written into a command."""
    return value if isinstance(value, str) else str(value)
