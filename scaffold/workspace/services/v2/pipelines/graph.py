"""Pipelines, and those within them: every step is a run of its own, made at once and begun in its time.

Where the output of a step will be is known when it is made, so that the steps which read it are made with its address.
A pipeline within another one is a child of it, which has children itself.
"""

import re
import uuid
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import context_of
from scaffold.workspace.refusals import COMPONENT_TYPES
from scaffold.workspace.services.v2 import components
from scaffold.workspace.services.v2.command import JobInput, target_of
from scaffold.workspace.services.v2.jobs import (
    JobProperties,
    add_parent,
    present_ones,
    read_as,
    with_defaults,
)
from scaffold.workspace.services.v2.pipelines.bindings import Bindings
from scaffold.workspace.services.v2.pipelines.commands import CommandPart
from scaffold.workspace.services.v2.pipelines.making import Making, warnings_about
from scaffold.workspace.services.v2.pipelines.nodes import (
    Component,
    Node,
    PipelineComponent,
    PipelineProperties,
    Ported,
    Step,
    SweepNode,
    converted,
    ports_of,
)
from scaffold.workspace.services.v2.pipelines.parts import BoundStep, Part
from scaffold.workspace.services.v2.pipelines.sweeps import SweepPart
from scaffold.workspace.services.v2.recorded import warnings_of
from scaffold.workspace.store.pipelines import Pipeline
from scaffold.workspace.store.runs import PIPELINE, STEP, Run

_NODE_NAME = re.compile(r"[A-Za-z_]\w{0,99}", re.A)
_RUN_TYPE = "azureml.PipelineRun"
_TRAITS = {"orchestrator": "Aether", "traits": [_RUN_TYPE]}


def accept(request: Request, name: str, properties: dict[str, Any]) -> Run:
    """Makes the run of a pipeline and those of its steps; from here on they are kept.

    Raises:
        Fault: it is not one that could be carried out here; nothing was kept.
    """
    context, asked = context_of(request), read_as(PipelineProperties, properties)
    making = Making(request, asked)
    component = PipelineComponent(jobs=asked.jobs) if asked.jobs else _named(making, asked.component_id)
    inputs = _with_defaults(component, present_ones(asked.inputs))
    declared = {*(asked.inputs or {}), *ports_of(component.inputs)}
    with context.store.database.transaction():
        graph = Graph(making, name, component, Bindings(inputs, declared, with_defaults(asked.outputs)))
        run = add_parent(
            context,
            asked,
            name,
            experiment=making.experiment,
            submission=making.submission,
            recorded={PIPELINE: True, "job": msgspec.to_builtins(asked) | {"outputs": graph.outputs}},
            run_type=_RUN_TYPE,
            run_type_v2=_TRAITS,
            target=target_of(asked.compute_id) if asked.compute_id else "",
            warnings=warnings_of(asked, None, *making.unused()),
            tags={},
            properties={"azureml.runsource": _RUN_TYPE, "runType": "HTTP"},
        )
        graph.add()
    return run


def _named(making: Making, component_id: str | None) -> PipelineComponent:
    """The component that a pipeline is, when it is no steps of its own."""
    if not component_id:
        raise faults.bad_request("The pipeline has no steps.")
    document = components.find(making.context, component_id).document["componentSpec"]
    component: PipelineComponent = converted("The pipeline's component", document, PipelineComponent)
    return component


def _with_defaults(component: PipelineComponent, given: dict[str, JobInput]) -> dict[str, JobInput]:
    ports = ports_of(component.inputs).items()
    defaults = {name: port.as_default() for name, port in ports if port.default is not None}
    return defaults | given


class Graph:
    """One pipeline, of several within one another.

    Args:
        making: what it has in common with the others.
        run_id: its run, which is made before its steps are added.
        component: what it consists of.
        bindings: what its inputs and outputs are.
        level: how deep it is.

    Attributes:
        outputs: what became of its outputs, as they are sent.

    Raises:
        Fault: it is not one that could be carried out here.
    """

    def __init__(
        self, making: Making, run_id: str, component: PipelineComponent, bindings: Bindings, level: int = 1
    ) -> None:
        self._making, self._run_id, self._bindings, self._level = making, run_id, bindings, level
        self._steps = self._read(component.jobs or {})
        self._parts: dict[str, Part] = {}
        for step in self._in_order():
            part = self._parts[step.name] = self._part(step)
            bindings.keep(step, part.outputs)
        bindings.finish()
        self.outputs = bindings.results

    def add(self) -> None:
        """Makes the runs of the steps."""
        for part in self._parts.values():
            part.add(self._run_id)
        pipeline = Pipeline(
            names={step.run_id: step.name for step in self._steps.values()},
            after={
                step.run_id: [self._steps[needed].run_id for needed in sorted(step.needs)]
                for step in self._steps.values()
            },
            goes_on=self._making.goes_on,
        )
        self._making.context.store.pipelines.add(self._run_id, pipeline)

    def _read(self, nodes: dict[str, dict[str, Any]]) -> dict[str, Step[Any]]:
        """The steps with their components.

        Raises:
            Fault: one is of a kind that is not had here.
        """
        self._making.count(len(nodes), self._level)
        steps = {}
        for name, document in nodes.items():
            if not _NODE_NAME.fullmatch(name):
                raise faults.bad_request(f"Step {name!r}: letters, digits and '_' only, 100 at most.")
            kind = str(document.get("type") or "command")
            if kind not in _KINDS:
                raise COMPONENT_TYPES.fault(f"the step {name} is of the type {kind}")
            shape, ported = _KINDS[kind]
            node = converted(f"The step {name!r}", document, shape)
            named = node.trial.get("componentId") if isinstance(node, SweepNode) else node.component_id
            spec = components.find(self._making.context, str(named or "")).document["componentSpec"]
            component = converted(f"The component of {name!r}", spec, ported)
            steps[name] = Step(name, str(uuid.uuid4()), node, component)
        for step in steps.values():
            if unknown := step.needs - steps.keys():
                raise faults.bad_request(
                    f"The step {step.name!r} reads from {', '.join(unknown)}, which is no step."
                )
        return steps

    def _in_order(self) -> list[Step[Any]]:
        """The steps, each after those that it needs.

        Raises:
            Fault: some need one another.
        """
        done: list[Step[Any]] = []
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

    def _part(self, step: Step[Any]) -> Part:
        inputs, outputs = self._bindings.inputs_of(step), self._bindings.outputs_of(step)
        given = BoundStep(self._making, step, inputs, outputs)
        if isinstance(step.component, PipelineComponent):
            return _PipelinePart(given, self._level + 1)
        if isinstance(step.node, SweepNode):
            return SweepPart(given, step.node)
        return CommandPart(given)


_KINDS: dict[str, tuple[type[Node], type[Ported]]] = {
    "command": (Node, Component),
    "pipeline": (Node, PipelineComponent),
    "sweep": (SweepNode, Component),
}


class _PipelinePart:
    """A pipeline within another one."""

    def __init__(self, given: BoundStep[PipelineComponent], level: int) -> None:
        self._given, step = given, given.step
        bindings = Bindings(given.inputs, set(ports_of(step.component.inputs)), given.outputs)
        self._graph = Graph(given.making, step.run_id, step.component, bindings, level)
        self.outputs = self._graph.outputs

    def add(self, parent: str) -> None:
        """Makes the run, and those of its steps."""
        step, making = self._given.step, self._given.making
        columns = making.columns(step, parent, _RUN_TYPE, None)
        asked = JobProperties(
            job_type="Pipeline",
            component_id=step.node.component_id,
            inputs=dict(self._given.inputs),
            **{key: columns.pop(key) for key in ("display_name", "description")},
        )
        job = msgspec.to_builtins(asked) | {"outputs": self.outputs}
        add_parent(
            making.context,
            asked,
            step.run_id,
            experiment=making.experiment,
            submission=None,
            parent_run_id=parent,
            recorded={PIPELINE: True, STEP: step.name, "job": job},
            run_type_v2=_TRAITS,
            target=making.target(step.node.compute_id),
            warnings=warnings_about(step),
            **columns,
        )
        self._graph.add()
