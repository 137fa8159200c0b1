"""Where a run's script finds its data: paths, and the variables that say so.

The variables are those that ``azureml.core.run.InputDatasets`` and ``OutputDatasets`` read and that
``azureml.data.context_managers`` sets.
"""

import os
from pathlib import Path

import msgspec

from scaffold.workspace.engine.data.configuration import ABSOLUTE

PARAMETER = "AZUREML_PARAMETER_"
"""Before the name of an input or output of a job of SDK v2 (``azure.ai.ml.entities.CommandJob``)."""


class Places(msgspec.Struct, frozen=True):
    """Where a run's script finds its data: what each name stands for.

    Attributes:
        inputs: for every name the variable, the mode and the path or id.
        outputs: path by name.
        links: names of outputs that the script links itself.
        references: path by name.
    """

    inputs: dict[str, tuple[str, str, str]] = {}
    outputs: dict[str, str] = {}
    links: list[str] = []
    references: dict[str, str] = {}

    def variables(self, taken: dict[str, str], *, of_job: bool = False) -> dict[str, str]:
        """The environment variables that say so.

        Args:
            taken: the variables that the process has besides, which a name in capitals does not replace.
            of_job: True of a job of SDK v2, whose inputs and outputs are parameters too.
        """
        variables: dict[str, str] = {}
        if of_job:
            variables |= {PARAMETER + name: value for name, _, value in self.inputs.values()}
            variables |= {PARAMETER + name: value for name, value in self.outputs.items()}
        for name, _, value in self.inputs.values():
            variables |= _named(name, value, "AZURE_ML_INPUT_")
            if name.upper() not in taken:
                variables[name.upper()] = value
        for name, value in self.outputs.items():
            variables |= _named(name, value, "AZURE_ML_OUTPUT_")
        for name, value in self.references.items():
            variables[f"AZUREML_DATAREFERENCE_{name}"] = value
        modes = ",".join(f"{name}:{mode}" for name, mode, _ in self.inputs.values())
        for key, value in (
            ("AZUREML_DATASET_ENVIRONMENT_VARS", modes),
            ("AZUREML_DATASET_FILE_OUTPUTS", ";".join(self.outputs)),
            ("AZUREML_LINK_DATASET_OUTPUTS", ";".join(self.links)),
        ):
            if value:
                variables[key] = value
        return variables

    def value(self, kind: str, name: str) -> str | None:
        """What a placeholder of an argument stands for; None for a name that is none of the run's."""
        if kind in ("DatasetConsumptionConfig", "inputs"):
            found = self.inputs.get(name)
            return found[2] if found else None
        if kind in ("DatasetOutputConfig", "outputs"):
            return name if name in self.links else self.outputs.get(name)
        if kind == "AZUREML_DATAREFERENCE_" and name in self.references:
            return self.references[name]
        if kind in ("AZUREML_DATAREFERENCE_", "AZURE_ML_INPUT_") and name in self.inputs:
            return self.inputs[name][2]
        return self.outputs.get(name) if kind != "AZURE_ML_INPUT_" else None


NOWHERE = Places()
"""Of a run without data."""


def _named(name: str, value: str, prefix: str) -> dict[str, str]:
    return {name: value, prefix + name: value, f"AZUREML_DATAREFERENCE_{name}": value}


def place_of(path: str | None, own: Path, work: Path) -> Path:
    """The path that a piece of data has on this machine: its own, or the one that was asked for."""
    if path is None:
        return own
    return Path(os.path.abspath(path)) if ABSOLUTE.match(path) else work / path  # noqa: PTH100
