"""A sweep as a sweep job of SDK v2: a project's command job, tried with the values of a plan."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from scaffold.errors import ProjectError, UsageError
from scaffold.project.job import CommandJob
from scaffold.project.job_file import NAME
from scaffold.space import ARGUMENTS_V2
from scaffold.submission.jobs import Job, named, ready
from scaffold.submission.overrides import Overrides, without_options
from scaffold.submission.sweeps import Plan

_SCHEMA = "https://azuremlschemas.azureedge.net/latest/sweepJob.schema.json"
_OF_TRIALS = ("code", "command", "environment", "environment_variables", "distribution", "resources")
_OF_SWEEPS = ("experiment_name", "display_name", "compute", "inputs", "outputs")
_POLICIES = {"bandit": "bandit", "median": "median_stopping", "truncation": "truncation_selection"}
_AS_IN_V1 = {"evaluation_interval": 1, "delay_evaluation": 0}  # azure-ai-ml would send an interval of 0


def prepared(job: CommandJob, root: Path, overrides: Overrides, plan: Plan) -> Job:
    """A sweep over a job with what the command line changes of it, ready to be submitted.

    Args:
        job: as the project says it.
        root: the project's folder.
        overrides: the changes.
        plan: what to sweep over.

    Raises:
        ProjectError: it cannot be submitted, or not with these changes.
        UsageError: a value has no place in a command.
    """
    if job.command is not None:
        raise ProjectError(
            "The project submits a command, which has no arguments to sweep over.",
            "Sweep over a project that submits a script, or change the script that submits.",
        )
    # The values are added at the end, as SDK v1 does; the project's own would stand in front of them.
    kept = without_options(list(job.arguments), list(plan.space))
    job = ready(replace(job, arguments=tuple(kept)), overrides)
    names = _names(plan)
    document = _document(job.document(root), plan, names)
    following = {
        "metric": plan.metric,
        "goal": plan.goal,
        "options": {name: option for option, name in names.items()},
    }
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return named(job, text, root / NAME, sweep=following)


def _names(plan: Plan) -> dict[str, str]:
    """What SDK v2 may call the parameter of each option: letters, digits and '_', each once."""
    names: dict[str, str] = {}
    for option in plan.space:
        name = re.sub(r"\W", "_", option.lstrip("-"), flags=re.ASCII)
        while name in names.values():
            name += "_"
        names[option] = name
    return names


def _document(job: dict[str, Any], plan: Plan, names: Mapping[str, str]) -> dict[str, Any]:
    """The sweep as YAML has it.

    Args:
        job: the command job as YAML has it, without the parameters.
        plan: what to sweep over.
        names: what each option's parameter is called.
    """
    given = [f"{shlex.quote(option)} {_placed(option, name, plan)}" for option, name in names.items()]
    trial = {key: job[key] for key in _OF_TRIALS if key in job}
    limits = {
        "max_total_trials": plan.most_runs,
        "max_concurrent_trials": plan.width,
        "timeout": plan.minutes * 60 if plan.minutes else None,
        "trial_timeout": job.get("limits", {}).get("timeout"),
    }
    keys: dict[str, Any] = {
        "$schema": _SCHEMA,
        "type": "sweep",
        **{key: value for key, value in job.items() if key in _OF_SWEEPS},
        "trial": trial | {"command": " ".join([trial["command"], *given])},
        "search_space": {name: _distribution(*plan.space[option]) for option, name in names.items()},
        "sampling_algorithm": {"type": plan.sampling} | ({} if plan.seed is None else {"seed": plan.seed}),
        "objective": {"goal": plan.goal, "primary_metric": plan.metric},
        "limits": {key: value for key, value in limits.items() if value is not None},
        "early_termination": _policy(plan.policy),
        "tags": job.get("tags"),
    }
    return {key: value for key, value in keys.items() if value is not None}


def _distribution(kind: str, arguments: list[Any]) -> dict[str, Any]:
    return {"type": kind, **dict(zip(ARGUMENTS_V2[kind], arguments, strict=True))}


def _policy(policy: dict[str, Any] | None) -> dict[str, Any] | None:
    if policy is None:
        return None
    given = {key: value for key, value in policy.items() if key != "name"}
    return {"type": _POLICIES[policy["name"]], **_AS_IN_V1, **given}


def _placed(option: str, name: str, plan: Plan) -> str:
    """What stands for a value in the command, into which SDK v2 writes it as it is, for a shell to read.

    Raises:
        UsageError: the shell would read one otherwise, however it stands there.
    """
    placeholder = f"${{{{search_space.{name}}}}}"
    kind, arguments = plan.space[option]
    texts = [value for value in arguments[0] if isinstance(value, str)] if kind == "choice" else []
    if (wrong := next((text for text in texts if "'" in text), None)) is not None:
        raise UsageError(
            f"--param {option.lstrip('-')}: SDK v2 has no way to pass {wrong!r} on, for its apostrophe.",
            "Take it out of the values, or sweep through SDK v1: --sdk v1",
        )
    return placeholder if all(shlex.quote(text) == text for text in texts) else f"'{placeholder}'"
