"""Jobs of SDK v2: what of them needs azure-ai-ml is done by ``child.job``, a process of its own."""

import importlib.util
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scaffold.errors import ProjectError, UsageError
from scaffold.project.job import CommandJob
from scaffold.project.job_file import NAME, render
from scaffold.project.model import WorkspaceConfig
from scaffold.submission.objections import objections
from scaffold.submission.overrides import Overrides, merge_arguments
from scaffold.submission.process import Event, TaskProcess

_CHILD = Path(__file__).parent / "child" / "job.py"
INSTALL = "Install it: pip install 'azureml-scaffold[sdk-v2]'"


def has_sdk() -> bool:
    """True when azure-ai-ml is installed beside this program; imports none of it."""
    try:
        return importlib.util.find_spec("azure.ai.ml") is not None
    except ModuleNotFoundError:
        return False


def require_sdk() -> None:
    """Raises:
    UsageError: azure-ai-ml is not installed beside this program.
    """
    if not has_sdk():
        raise UsageError("SDK v2 (azure-ai-ml) is not installed beside scaffold.", INSTALL)


@dataclass(frozen=True)
class Job:
    """A job that is to be submitted, under a name that is made once: asking twice makes one job.

    Attributes:
        text: its YAML.
        origin: the file that its paths are relative to, whether it is there or not.
        name: the job's, which is the run's id.
        environment: the environment's name, to show.
        sweep: of a sweep, how it is followed: ``metric``, ``goal``, and ``options``, the script's option of each
            parameter; None of a command.
    """

    text: str
    origin: Path
    name: str
    environment: str
    sweep: dict[str, Any] | None = None

    def process(
        self,
        workspace: WorkspaceConfig,
        environment: Mapping[str, str],
        show: Callable[[str], None],
        *,
        login: dict[str, Any] | None = None,
        follow: bool = False,
    ) -> "JobProcess":
        """The process that submits it."""
        return JobProcess(
            self.text,
            self.origin,
            environment,
            show,
            do="submit",
            name=self.name,
            environment_name=self.environment,
            workspace={
                "subscription_id": workspace.subscription_id,
                "resource_group_name": workspace.resource_group,
                "workspace_name": workspace.workspace_name,
            },
            login=login,
            follow=follow,
            sweep=self.sweep,
        )


def prepared(job: CommandJob, root: Path, overrides: Overrides) -> Job:
    """A job with what the command line changes, ready to be submitted.

    Args:
        job: as the project says it.
        root: the project's folder.
        overrides: the changes.

    Raises:
        ProjectError: it cannot be submitted, or not with these changes.
    """
    job = ready(job, overrides)
    origin = root / NAME
    return named(job, render(job, origin).decode(), origin)


def ready(job: CommandJob, overrides: Overrides) -> CommandJob:
    """A job with what the command line changes of it, which SDK v2 can submit.

    Raises:
        ProjectError: it cannot be submitted, or not with these changes.
    """
    job = changed(job, overrides)
    if job.compute == "local":
        raise ProjectError(
            "The compute target is 'local', which SDK v2 takes for Docker on this machine.",
            "Name another one, which the local workspace takes as well: --compute-target cpu-cluster",
        )
    return job


def named(job: CommandJob, text: str, origin: Path, sweep: dict[str, Any] | None = None) -> Job:
    """A job with a name of its own.

    Args:
        job: the job.
        text: its YAML, or that of the sweep over it.
        origin: the file that its paths are relative to.
        sweep: how a sweep is followed, see :class:`Job`.
    """
    experiment = job.experiment or origin.parent.name
    return Job(
        text=text,
        origin=origin,
        # In small letters, which azure-ai-ml makes of any.
        name=f"{experiment[:200]}_{int(time.time())}_{uuid.uuid4().hex[:8]}".lower(),
        environment=_shown(job.environment),
        sweep=sweep,
    )


def _shown(environment: dict[str, Any] | str) -> str:
    if isinstance(environment, str):
        return environment.removeprefix("azureml:")
    conda = environment.get("conda_file", {})
    return conda.name if isinstance(conda, Path) else str(conda.get("name") or environment["image"])


def changed(job: CommandJob, overrides: Overrides) -> CommandJob:
    """A job with what the command line changes of it.

    Raises:
        ProjectError: it is a command, which has no arguments to change.
    """
    if overrides.arguments and job.command is not None:
        wrong = "The project submits a command, which has no arguments to change."
        raise ProjectError(wrong, "Submit without --arg, or change the script.")
    environment = job.environment
    if overrides.environment:
        name, _, version = overrides.environment.partition(":")
        environment = f"azureml:{name}:{version}" if version else f"azureml:{name}@latest"
    return replace(
        job,
        experiment=overrides.experiment or job.experiment,
        compute=overrides.compute_target or job.compute,
        arguments=tuple(map(str, merge_arguments(list(job.arguments), overrides.arguments))),
        environment=environment,
        variables={**job.variables, **overrides.environment_variables},
        tags={**job.tags, **overrides.tags},
        display_name=overrides.display_name or job.display_name,
        timeout=overrides.max_run_duration_seconds or job.timeout,
    )


class JobProcess(TaskProcess):
    """One task about one job; see ``child.job``.

    Args:
        text: the job's YAML.
        origin: the file that its paths are relative to, whether it is there or not.
        environment: the variables of its process.
        show: called with every line that the SDK prints.
        do: ``validate`` or ``submit``.
        details: ``name``, ``environment_name``, ``workspace``, ``login``, ``follow`` and ``sweep`` of a
            submission.
    """

    def __init__(
        self,
        text: str,
        origin: Path,
        environment: Mapping[str, str],
        show: Callable[[str], None],
        *,
        do: str = "validate",
        **details: Any,
    ) -> None:
        task = {"yaml": text, "origin": str(origin), "do": do, **details}
        super().__init__(_CHILD, environment, task, show, cwd=origin.parent)


def validated(text: str, origin: Path) -> dict[str, Any]:
    """A job as azure-ai-ml's own ``load_job`` understands it.

    Args:
        text: its YAML.
        origin: the file that its paths are relative to.

    Raises:
        UsageError: azure-ai-ml is not installed.
        ProjectError: azure-ai-ml does not take it.
    """
    require_sdk()
    process = JobProcess(text, origin, os.environ, lambda _: None)
    found: Event | None = None
    try:
        while (event := process.events.get())["event"] != "over":
            if event["event"] == "valid":
                found = event
    finally:
        process.stop()
    if found is None:
        wrong = f"{origin.name}: azure-ai-ml does not take it: {_reason(process)}."
        raise ProjectError(wrong, "Mend it, or have 'scaffold export --force' write it anew.")
    document: dict[str, Any] = found["document"]
    return document


def _reason(process: TaskProcess) -> str:
    """What the SDK has to say against a job, in one sentence."""
    message = str((process.error or {}).get("message") or "")
    told = "; ".join(objections(message))
    if told:
        return told.rstrip(".")
    lines = [line.strip() for line in [*message.splitlines(), *process.lines[-1:]] if line.strip()]
    return lines[0].rstrip(".") if lines else "it ended without a reason"
