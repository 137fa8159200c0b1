"""The steps of pipelines and their components, as clients send them: some names in one style, some in another.

Source of the shapes: ``azure.ai.ml.entities._builders.command`` and
``azure.ai.ml.entities._component``.
"""

import re
from typing import Any, Generic, TypeVar

import msgspec

from scaffold.workspace import faults
from scaffold.workspace.services.v2.command import JobInput, JobOutput
from scaffold.workspace.services.v2.jobs import JobProperties

LITERAL = "literal"
BINDING = re.compile(
    r"\$\{\{\s*parent\.(?:inputs\.(?P<input>[\w.]+)|outputs\.(?P<result>\w+)"
    r"|jobs\.(?P<node>\w+)\.(?P<side>inputs|outputs)\.(?P<name>\w+))\s*\}\}",
    re.A,
)


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
    identity: dict[str, Any] | None = None
    queue_settings: dict[str, Any] | None = None
    services: dict[str, Any] | None = None


class SweepNode(Node):
    """A step that tries commands with parameters, as it stands in a pipeline."""

    trial: dict[str, Any] = {}
    search_space: dict[str, dict[str, Any]] = {}
    sampling_algorithm: str | dict[str, Any] = "random"
    objective: dict[str, Any] | None = None
    early_termination: dict[str, Any] | None = None


class Port(msgspec.Struct):
    """An input or output of a component; a group of inputs has others in it."""

    type: str | None = None
    optional: bool | str | None = None
    default: str | int | float | bool | None = None
    mode: str | None = None
    values: dict[str, "Port"] | None = None

    def as_default(self) -> JobInput:
        """What the input is when nothing is given."""
        return JobInput(job_input_type=LITERAL, value=self.default)


def ports_of(ports: dict[str, Port] | None) -> dict[str, Port]:
    """The inputs of a component; those of a group by ``group.name``, as pipelines call them."""
    found: dict[str, Port] = {}
    for name, port in (ports or {}).items():
        if port.values is None:
            found[name] = port
        else:
            found |= {f"{name}.{inner}": value for inner, value in ports_of(port.values).items()}
    return found


class Ported(msgspec.Struct):
    """``componentSpec`` of whichever component."""

    inputs: dict[str, Port] | None = None
    outputs: dict[str, Port] | None = None


class PipelineComponent(Ported):
    """``componentSpec`` of a pipeline component."""

    jobs: dict[str, dict[str, Any]] | None = None


class Component(Ported, kw_only=True):
    """``componentSpec`` of a command component."""

    command: str
    environment: str | None = None
    code: str | None = None
    environment_variables: dict[str, str | None] | None = None
    distribution: dict[str, Any] | None = None
    resources: dict[str, Any] | None = None
    limits: dict[str, Any] | None = None


C = TypeVar("C", bound=Ported)


class Step(Generic[C]):
    """A step on its way to a run.

    Attributes:
        run_id: the run that it becomes.
        needs: the names of the steps that it reads from.
        parameters: the names of its inputs that are a sweep's.
    """

    def __init__(self, name: str, run_id: str, node: Node, component: C) -> None:
        self.name, self.run_id, self.node, self.component = name, run_id, node, component
        self.parameters = set(node.search_space) if isinstance(node, SweepNode) else set()
        bindings = (BINDING.fullmatch(bound_text(value)) for value in (node.inputs or {}).values())
        self.needs = {found["node"] for found in bindings if found and found["node"]}


def converted(what: str, document: Any, kind: Any) -> Any:
    """A document as a record.

    Raises:
        Fault: it has another shape.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"{what} has another shape: {error}") from None


def section(document: dict[str, Any] | None, kind: type[Any], type_name: str = "distributionType") -> Any:
    """A section of a step or component as a record of jobs.

    Args:
        document: the section.
        kind: the record.
        type_name: what ``type`` is called in the record.
    """
    if not document:
        return None
    return converted(f"The section {kind.__name__}", _renamed(document, {"type": type_name}), kind)


def bound_text(value: Any) -> str:
    """What an input or output is bound to, however the client has written it."""
    if isinstance(value, dict):
        value = value.get("value") or value.get("uri") or value.get("path")
    return value.strip() if isinstance(value, str) else ""


def input_given(what: str, value: Any) -> JobInput:
    """An input of a step that is bound to nothing."""
    if not isinstance(value, dict):
        return JobInput(job_input_type=LITERAL, value=converted(what, value, str | int | float | bool | None))
    asked: JobInput = converted(what, _renamed(value, _OF_INPUTS), JobInput)
    return asked


def output_given(what: str, value: Any) -> JobOutput:
    """An output of a step that is bound to nothing."""
    if not isinstance(value, dict):
        return JobOutput()
    fields = _renamed(value, _OF_OUTPUTS)
    if fields.get("jobOutputType") == LITERAL:
        fields.pop("jobOutputType")
    asked: JobOutput = converted(what, fields, JobOutput)
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


def snake(key: str) -> str:
    """A name in snake_case."""
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


def mode_of(given: Any, port: Port) -> str | None:
    """The mode that an input of a step, or else of its component, is asked for in, as jobs call it."""
    mode = (given.get("mode") if isinstance(given, dict) else None) or port.mode
    return _MODES.get(str(mode), str(mode)) if mode else None


def is_true(value: bool | str | None) -> bool:
    """Whether a word of a component's file means yes."""
    return value is True or (isinstance(value, str) and value.lower() == "true")
