"""Makes pipelines of command components: every step is a run of its own, made at once and begun in its time.

Where the output of a step will be is known when it is made, so that the steps which read it are made with its address.
"""

import re
import uuid
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import caller_of, context_of
from scaffold.workspace.refusals import COMPONENT_TYPES
from scaffold.workspace.services.execution import Submission, make_run, python_of
from scaffold.workspace.services.v2 import components
from scaffold.workspace.services.v2.command import (
    Bound,
    Configured,
    Distribution,
    JobInput,
    Resources,
    Trial,
    configured,
    seconds_of,
    target_of,
)
from scaffold.workspace.services.v2.jobs import (
    DEFAULT_EXPERIMENT,
    add_parent,
    present_ones,
    read_as,
    with_defaults,
)
from scaffold.workspace.services.v2.pipelines.bindings import Bindings
from scaffold.workspace.services.v2.pipelines.nodes import (
    Component,
    Node,
    PipelineProperties,
    Step,
    converted,
    section,
    snake,
)
from scaffold.workspace.store.pipelines import Pipeline
from scaffold.workspace.store.runs import PIPELINE, Run

_NODE_NAME = re.compile(r"[A-Za-z_]\w{0,99}", re.A)
_MOST_NODES = 500


def accept(request: Request, name: str, properties: dict[str, Any]) -> Run:
    """Makes the run of a pipeline and those of its steps; from here on they are kept.

    Raises:
        Fault: it is not one that could be carried out here; nothing was kept.
    """
    context, asked = context_of(request), read_as(PipelineProperties, properties)
    with context.store.database.transaction():
        return _Assembly(request, asked, name).made()


class _Assembly:
    """The making of one pipeline."""

    def __init__(self, request: Request, asked: PipelineProperties, name: str) -> None:
        self._context, self._asked, self._name = context_of(request), asked, name
        self._submission, self._python = caller_of(request).submission, python_of(request)
        inputs, outputs = present_ones(asked.inputs), with_defaults(asked.outputs)
        self._bindings = Bindings(inputs, set(asked.inputs or {}), outputs)
        self._settings = {snake(key): value for key, value in (asked.settings or {}).items()}
        self._done: dict[str, tuple[dict[str, JobInput], Configured]] = {}
        self._steps = self._read()

    def made(self) -> Run:
        for step in self._in_order():
            self._done[step.name] = self._configured(step)
        self._bindings.finish()
        run = self._add_parent()
        for step in self._in_order():
            self._add(step)
        pipeline = Pipeline(
            names={step.run_id: step.name for step in self._steps.values()},
            after={
                step.run_id: [self._steps[needed].run_id for needed in sorted(step.needs)]
                for step in self._steps.values()
            },
            goes_on=bool(self._settings.get("continue_on_step_failure")),
        )
        self._context.store.pipelines.add(self._name, pipeline)
        return run

    def _read(self) -> dict[str, Step]:
        """The steps with their components.

        Raises:
            Fault: one is of a kind that is not had here.
        """
        nodes = self._asked.jobs or {}
        if not 1 <= len(nodes) <= _MOST_NODES:
            raise faults.bad_request(f"A pipeline has 1 to {_MOST_NODES} steps here, not {len(nodes)}.")
        steps = {}
        for name, document in nodes.items():
            if not _NODE_NAME.fullmatch(name):
                raise faults.bad_request(f"Step {name!r}: letters, digits and '_' only, 100 at most.")
            kind = str(document.get("type") or "command")
            if kind != "command":
                raise COMPONENT_TYPES.fault(f"the step {name} is of the type {kind}")
            node = converted(f"The step {name!r}", document, Node)
            asset = components.find(self._context, node.component_id or "")
            component = converted(f"The component of {name!r}", asset.document["componentSpec"], Component)
            steps[name] = Step(name, str(uuid.uuid4()), node, component)
        for step in steps.values():
            if unknown := step.needs - steps.keys():
                raise faults.bad_request(
                    f"The step {step.name!r} reads from {', '.join(unknown)}, which is no step."
                )
        return steps

    def _in_order(self) -> list[Step]:
        """The steps, each after those that it needs.

        Raises:
            Fault: some need one another.
        """
        done: list[Step] = []
        waiting = list(self._steps.values())
        while waiting:
            names = {step.name for step in done}
            ready = [step for step in waiting if step.needs <= names]
            if not ready:
                circle = ", ".join(sorted(step.name for step in waiting))
                raise faults.bad_request(f"The steps {circle} need one another, so that none can begin.")
            done += ready
            waiting = [step for step in waiting if step not in ready]
        return done

    def _configured(self, step: Step) -> tuple[dict[str, JobInput], Configured]:
        """What the step is run with, and the command as the engine takes it."""
        node, component = step.node, step.component
        inputs, outputs = self._bindings.inputs_of(step), self._bindings.outputs_of(step)
        trial = Trial(
            command=component.command,
            environment_id=node.environment or component.environment or "",
            code_id=component.code and component.code.removeprefix("azureml:"),
            environment_variables=(component.environment_variables or {})
            | (node.environment_variables or {}),
            distribution=section(node.distribution or component.distribution, Distribution),
            resources=section(node.resources or component.resources, Resources),
        )
        limits = node.limits or component.limits or {}
        timeout = limits.get("timeout")
        bound = Bound(
            inputs=inputs,
            outputs=outputs,
            target=self._target(node),
            timeout=float(timeout) if isinstance(timeout, int | float) else seconds_of(timeout),
        )
        made = configured(self._context, step.run_id, trial, bound)
        self._bindings.keep(step, made.outputs)
        return inputs, made

    def _target(self, node: Node) -> str:
        default = self._settings.get("default_compute")
        return target_of(node.compute_id or self._asked.compute_id or (str(default) if default else None))

    def _add_parent(self) -> Run:
        asked = self._asked
        job = msgspec.to_builtins(asked) | {"outputs": self._bindings.results}
        return add_parent(
            self._context,
            asked,
            self._name,
            experiment=asked.experiment_name or DEFAULT_EXPERIMENT,
            submission=self._submission,
            recorded={PIPELINE: True, "job": job},
            run_type="azureml.PipelineRun",
            run_type_v2={"orchestrator": "Aether", "traits": ["azureml.PipelineRun"]},
            target=target_of(asked.compute_id) if asked.compute_id else "",
            tags={},
            properties={"azureml.runsource": "azureml.PipelineRun", "runType": "HTTP"},
        )

    def _add(self, step: Step) -> None:
        inputs, made = self._done[step.name]
        job = {
            "jobType": "Command",
            "command": step.component.command,
            "environmentId": step.node.environment or step.component.environment,
            "codeId": step.component.code,
            "componentId": step.node.component_id,
            "inputs": msgspec.to_builtins(inputs),
            "outputs": made.outputs,
        }
        make_run(
            self._context,
            Submission(
                experiment=self._asked.experiment_name or DEFAULT_EXPERIMENT,
                run_id=step.run_id,
                document=made.document | {"job": job, "step": step.name},
                snapshot_id=made.snapshot_id,
                parent=self._name,
                python=self._python,
                fields={
                    "run_type": "azureml.StepRun",
                    "name": step.name,
                    "display_name": step.node.display_name or step.name,
                    "description": step.node.description,
                    "tags": {key: str(value) for key, value in (step.node.tags or {}).items()},
                    "properties": {
                        "azureml.pipelinerunid": self._name,
                        "azureml.nodeid": step.name,
                        "azureml.moduleName": step.name,
                        "azureml.runsource": "azureml.StepRun",
                        "StepType": "PythonScriptStep",
                    },
                },
            ),
        )
