"""A command job of SDK v2, and its YAML. Knows neither SDK."""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.project.files import ProjectFile

SCHEMA = "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json"

_BINDING = re.compile(r"\$\{\{(inputs|outputs)\.\w+\}\}")
_PLACE = re.compile(r"\$\{?(AZUREML_DATAREFERENCE|AZURE_ML_INPUT|AZURE_ML_OUTPUT)_")


@dataclass(frozen=True)
class Remark:
    """Something of the submitting script that a person has to look at, because the job says it otherwise or not.

    Attributes:
        file: the script's path from the project.
        line: counted from 1.
        what: what it is, a phrase without its full stop.
        hint: what to do about it.
    """

    file: str
    line: int
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


@dataclass(frozen=True)
class CommandJob:
    """A command job.

    Attributes:
        code: the folder that is sent, absolute.
        script: what is run in it; None when ``command`` says it all.
        arguments: of the script.
        command: the command line, when the project has one in place of a script.
        environment: ``image`` and ``conda_file``, or ``azureml:NAME:VERSION``; nothing where it is not known.
        experiment: its name; None for the one that SDK v2 names by the folder.
        compute: its name; None for serverless compute.
        inputs: name → what the job reads, which its arguments name as ``${{inputs.NAME}}``.
        outputs: name → what it writes.
        variables: environment variables of the job.
        distribution: its ``type`` and ``process_count_per_instance`` or counts.
        instances: how many nodes; None for one.
        timeout: seconds after which the job is ended.
        tags: of the job.
        display_name: of the job.
        sources: key of the YAML → where its value comes from, in words.
        missing: key of the YAML that it lacks → why.
        left: what the script does that is no part of the job, or not as it was.
        carried: the ends (line and column) of the calls of the script that became inputs and outputs.
    """

    code: Path
    environment: dict[str, Any] | str
    script: str | None = None
    arguments: tuple[str, ...] = ()
    command: str | None = None
    experiment: str | None = None
    compute: str | None = None
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    distribution: dict[str, Any] = field(default_factory=dict)
    instances: int | None = None
    timeout: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    display_name: str | None = None
    sources: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    left: tuple[Remark, ...] = ()
    carried: frozenset[tuple[int, int]] = frozenset()

    @property
    def command_line(self) -> str:
        """What the job's shell is given."""
        if self.command is not None:
            return self.command
        runs = "bash" if str(self.script).endswith(".sh") else "python"
        return " ".join([runs, *map(_quoted, (str(self.script), *self.arguments))])

    def document(self, folder: Path) -> dict[str, Any]:
        """The job as YAML has it.

        Args:
            folder: where the file will stand, which its paths are relative to.
        """
        environment = self.environment
        if isinstance(environment, dict) and isinstance(environment.get("conda_file"), Path):
            environment = {**environment, "conda_file": _relative(environment["conda_file"], folder)}
        keys: dict[str, Any] = {
            "$schema": SCHEMA,
            "type": "command",
            "experiment_name": self.experiment,
            "display_name": self.display_name,
            "code": _relative(self.code, folder),
            "command": self.command_line,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "environment": environment,
            "compute": _compute(self.compute),
            "environment_variables": self.variables,
            "distribution": self.distribution,
            "resources": {"instance_count": self.instances} if self.instances else None,
            "limits": {"timeout": self.timeout} if self.timeout else None,
            "tags": self.tags,
        }
        return {key: value for key, value in keys.items() if value not in (None, {})}


def _relative(path: Path, folder: Path) -> str:
    return ProjectFile.within(folder, path).shown


def _compute(name: str | None) -> str | None:
    # SDK v2 knows 'local' as no compute of the workspace's, but as Docker on this machine.
    return name if name in (None, "local") else f"azureml:{name}"


def _quoted(word: str) -> str:
    """A word as bash takes it; one that names a place of data is still to be expanded, as for SDK v1."""
    if _BINDING.fullmatch(word):
        return word
    if _PLACE.search(word) and not set(word) & set('"`\\'):
        return f'"{word}"'
    return shlex.quote(word)
