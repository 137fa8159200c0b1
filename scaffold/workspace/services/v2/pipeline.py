"""``pipeline`` jobs of command components: every step is a run of its own, made at once and begun in its time.

Where the output of a step will be is known when it is made, so that the steps which read it are made with its
address. Source of the shapes of nodes: ``azure.ai.ml.entities._builders.command`` and
``azure.ai.ml.entities._component.command_component``.
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
    JobOutput,
    Resources,
    Trial,
    configured,
    seconds_of,
    target_of,
)
from scaffold.workspace.services.v2.expressions import named
from scaffold.workspace.services.v2.jobs import (
    DEFAULT_EXPERIMENT,
    JobProperties,
    add_parent,
    present_ones,
    read_as,
    with_defaults,
)
from scaffold.workspace.services.v2.places import DEFAULT_OUTPUTS
from scaffold.workspace.store.pipelines import Pipeline
from scaffold.workspace.store.runs import PIPELINE, Run

_BINDING = re.compile(
    r"\$\{\{\s*parent\.(?:inputs\.(?P<input>[\w.]+)|outputs\.(?P<result>\w+)"
    r"|jobs\.(?P<node>\w+)\.(?P<side>inputs|outputs)\.(?P<name>\w+))\s*\}\}",
    re.A,
)
_NODE_NAME = re.compile(r"[A-Za-z_]\w{0,99}", re.A)
_MOST_NODES = 500
_LITERAL = "literal"
_DATA = ("uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", "triton_model")


class PipelineProperties(JobProperties):
    """``PipelineJob``."""

    jobs: dict[str, dict[str, Any]] | None = None
    settings: dict[str, Any] | None = None
    source_job_id: str | None = None


class Node(msgspec.Struct):
    """A step, as it stands in a pipeline: some of its names are in one style, some in another."""

    type: str = "command"
    component_id: str | None = msgspec.field(name="componentId", default=None)
    compute_id: str | None = msgspec.field(name="computeId", default=None)
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    environment: str | None = None
    environment_variables: dict[str, str | None] | None = None
    resources: dict[str, Any] | None = None
    distribution: dict[str, Any] | None = None
    limits: dict[str, Any] | None = None
    display_name: str | None = None
    description: str | None = None
    tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None


class Port(msgspec.Struct):
    """An input or output of a component."""

    type: str | None = None
    optional: bool | str | None = None
    default: str | int | float | bool | None = None
    mode: str | None = None


class Component(msgspec.Struct):
    """``componentSpec`` of a command component."""

    command: str
    environment: str | None = None
    code: str | None = None
    inputs: dict[str, Port] | None = None
    outputs: dict[str, Port] | None = None
    environment_variables: dict[str, str | None] | None = None
    distribution: dict[str, Any] | None = None
    resources: dict[str, Any] | None = None
    limits: dict[str, Any] | None = None


class _Step:
    """A step on its way to a run."""

    def __init__(self, name: str, run_id: str, node: Node, component: Component) -> None:
        self.name, self.run_id, self.node, self.component = name, run_id, node, component
        self.needs: set[str] = set()


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
        self._inputs = present_ones(asked.inputs)
        self._outputs = with_defaults(asked.outputs)
        self._settings = {_snake(key): value for key, value in (asked.settings or {}).items()}
        self._done: dict[str, Configured] = {}
        self._bound: dict[str, dict[str, JobInput]] = {}
        self._results: dict[str, dict[str, Any]] = {}
        self._steps = self._read()

    def made(self) -> Run:
        for step in self._in_order():
            self._done[step.name] = self._configured(step)
        missing = self._outputs.keys() - self._results.keys()
        for result in missing:  # nothing writes them, as the client allows
            self._results[result] = msgspec.to_builtins(self._outputs[result])
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

    def _read(self) -> dict[str, _Step]:
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
            node = _converted(f"The step {name!r}", document, Node)
            asset = components.find(self._context, node.component_id or "")
            component = _converted(f"The component of {name!r}", asset.document["componentSpec"], Component)
            steps[name] = _Step(name, str(uuid.uuid4()), node, component)
            for value in (node.inputs or {}).values():
                found = _BINDING.fullmatch(_bound_text(value))
                if found and found["node"]:
                    steps[name].needs.add(found["node"])
        for step in steps.values():
            if unknown := step.needs - steps.keys():
                raise faults.bad_request(
                    f"The step {step.name!r} reads from {', '.join(unknown)}, which is no step."
                )
        return steps

    def _in_order(self) -> list[_Step]:
        """The steps, each after those that it needs.

        Raises:
            Fault: some need one another.
        """
        done: list[_Step] = []
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

    def _configured(self, step: _Step) -> Configured:
        node, component = step.node, step.component
        self._bound[step.name] = inputs = self._inputs_of(step)
        outputs = self._outputs_of(step)
        trial = Trial(
            command=component.command,
            environment_id=node.environment or component.environment or "",
            code_id=component.code and component.code.removeprefix("azureml:"),
            environment_variables=(component.environment_variables or {})
            | (node.environment_variables or {}),
            distribution=_section(node.distribution or component.distribution, Distribution),
            resources=_section(node.resources or component.resources, Resources),
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
        for name, value in (node.outputs or {}).items():
            found = _BINDING.fullmatch(_bound_text(value))
            if found and found["result"] and name in made.outputs:
                self._results[found["result"]] = made.outputs[name]
        return made

    def _target(self, node: Node) -> str:
        default = self._settings.get("default_compute")
        return target_of(node.compute_id or self._asked.compute_id or (str(default) if default else None))

    def _inputs_of(self, step: _Step) -> dict[str, JobInput]:
        """What a step's inputs are: bound, given, or the component's defaults."""
        found: dict[str, JobInput] = {}
        given = step.node.inputs or {}
        ports = step.component.inputs or {}
        for name, port in ports.items():
            value = self._input(step, name, given[name], port) if name in given else None
            if value is None and port.default is not None:
                value = JobInput(job_input_type=_LITERAL, value=port.default)
            if value is not None:
                found[name] = value
            elif not _true(port.optional):
                raise faults.bad_request(f"The step {step.name!r} misses its input {name!r}.")
        if unknown := given.keys() - ports.keys():
            raise faults.bad_request(f"The step {step.name!r} has no input {', '.join(sorted(unknown))}.")
        return found

    def _input(self, step: _Step, name: str, given: Any, port: Port) -> JobInput | None:
        """One input; None when it is bound to one of the pipeline that is not given."""
        text = _bound_text(given)
        mode = _mode(given, port)
        if not (found := _BINDING.fullmatch(text)):
            asked = _given(f"Input {name!r} of the step {step.name!r}", given)
            if asked.value is not None and isinstance(asked.value, str):
                return msgspec.structs.replace(asked, value=self._filled(asked.value))
            return asked
        if found["input"]:
            bound = self._inputs.get(found["input"])
            if bound is None and found["input"] not in (self._asked.inputs or {}):
                raise faults.bad_request(f"The step {step.name!r} reads the pipeline's input {found['input']!r}, "
                                         "which it does not have.")  # fmt: skip
        elif found["side"] == "inputs":
            bound = self._bound[found["node"]].get(found["name"])
        else:
            bound = self._output_as_input(step, found["node"], found["name"], port)
        if bound is None:
            return None
        kind = bound.job_input_type
        if kind in (None, _LITERAL) and bound.uri is None and port.type in _DATA:
            return JobInput(job_input_type=port.type, uri=str(bound.value), mode=mode)
        return msgspec.structs.replace(bound, mode=mode or bound.mode)

    def _output_as_input(self, step: _Step, node: str, output: str, port: Port) -> JobInput:
        outputs = self._done[node].outputs
        known = outputs.get(output)
        if known is None:
            raise faults.bad_request(
                f"The step {step.name!r} reads the output {output!r} of {node!r}, which has none of that name."
            )
        kind = port.type if port.type in _DATA else known["jobOutputType"]
        return JobInput(job_input_type=kind, uri=known["uri"])

    def _filled(self, text: str) -> str:
        """A text with the pipeline's literals in it."""

        def value(found: "re.Match[str]") -> str:
            bound = self._inputs.get(found["input"] or "")
            return found.group() if bound is None or bound.value is None else str(bound.value)

        return _BINDING.sub(value, text)

    def _outputs_of(self, step: _Step) -> dict[str, JobOutput]:
        """What a step's outputs are: the component's, with what the step or the pipeline says of them."""
        given = step.node.outputs or {}
        found: dict[str, JobOutput] = {}
        ports = step.component.outputs or {}
        for name in dict.fromkeys([*ports, *given]):
            port = ports.get(name)
            if port is None and name not in DEFAULT_OUTPUTS:
                raise faults.bad_request(f"The step {step.name!r} has no output {name!r}.")
            kind = (port.type if port else None) or "uri_folder"
            value = given.get(name)
            bound = _BINDING.fullmatch(_bound_text(value))
            if bound and bound["result"]:
                asked = self._outputs.get(bound["result"], JobOutput())
                if asked.uri:
                    asked = msgspec.structs.replace(asked, uri=named(asked.uri, self._name))
            else:
                asked = _output_given(f"Output {name!r} of the step {step.name!r}", value)
            found[name] = msgspec.structs.replace(asked, job_output_type=asked.job_output_type or kind)
            if port is not None and port.type:
                found[name] = msgspec.structs.replace(found[name], job_output_type=port.type)
        return found

    def _add_parent(self) -> Run:
        asked = self._asked
        job = msgspec.to_builtins(asked) | {"outputs": self._results}
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

    def _add(self, step: _Step) -> None:
        made = self._done[step.name]
        job = {
            "jobType": "Command",
            "command": step.component.command,
            "environmentId": step.node.environment or step.component.environment,
            "codeId": step.component.code,
            "componentId": step.node.component_id,
            "inputs": msgspec.to_builtins(self._bound[step.name]),
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


def _converted(what: str, document: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"{what} has another shape: {error}") from None


def _section(document: dict[str, Any] | None, kind: type[Any]) -> Any:
    """A section of a component as a record of jobs."""
    if not document:
        return None
    return _converted(f"The section {kind.__name__}", _renamed(document, {"type": "distributionType"}), kind)


def _bound_text(value: Any) -> str:
    """What an input or output is bound to, however the client has written it."""
    if isinstance(value, dict):
        value = value.get("value") or value.get("uri") or value.get("path")
    return value.strip() if isinstance(value, str) else ""


def _given(what: str, value: Any) -> JobInput:
    if not isinstance(value, dict):
        return JobInput(
            job_input_type=_LITERAL, value=_converted(what, value, str | int | float | bool | None)
        )
    asked: JobInput = _converted(what, _renamed(value, _OF_INPUTS), JobInput)
    return asked


def _output_given(what: str, value: Any) -> JobOutput:
    if not isinstance(value, dict):
        return JobOutput()
    fields = _renamed(value, _OF_OUTPUTS)
    if fields.get("jobOutputType") == _LITERAL:
        fields.pop("jobOutputType")
    asked: JobOutput = _converted(what, fields, JobOutput)
    return asked


# Of inputs and outputs, the client uses the words of its files too.
_OF_INPUTS = {"type": "jobInputType", "path": "uri"}
_OF_OUTPUTS = {"type": "jobOutputType", "path": "uri", "name": "assetName", "version": "assetVersion"}


def _renamed(document: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A document with its names in camelCase, as the records of jobs have them."""
    return {names.get(key) or _camel(key): value for key, value in document.items()}


def _camel(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(part.capitalize() for part in others)


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: "_" + found[1].lower(), key)


_MODES = {
    "ro_mount": "ReadOnlyMount",
    "rw_mount": "ReadWriteMount",
    "mount": "ReadOnlyMount",
    "download": "Download",
    "direct": "Direct",
    "eval_mount": "EvalMount",
    "eval_download": "EvalDownload",
}


def _mode(given: Any, port: Port) -> str | None:
    mode = (given.get("mode") if isinstance(given, dict) else None) or port.mode
    return _MODES.get(str(mode), str(mode)) if mode else None


def _true(value: bool | str | None) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")
