"""What the inputs and outputs of a pipeline's steps are: bound to the pipeline's, to one another's, or given."""

import re
from typing import Any

import msgspec

from scaffold.workspace import faults
from scaffold.workspace.services.v2.command import JobInput, JobOutput
from scaffold.workspace.services.v2.pipelines.nodes import (
    BINDING,
    LITERAL,
    Port,
    Step,
    bound_text,
    input_given,
    is_true,
    mode_of,
    output_given,
    ports_of,
)
from scaffold.workspace.services.v2.places import DEFAULT_OUTPUTS

_DATA = ("uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", "triton_model")


class Bindings:
    """The bindings within one pipeline; its steps are asked for in an order in which each can be known.

    Args:
        inputs: the pipeline's, those that are there.
        declared: the names of all its inputs.
        outputs: the pipeline's, as they are asked for.

    Attributes:
        results: what has become of the pipeline's outputs, by name.
    """

    def __init__(
        self, inputs: dict[str, JobInput], declared: set[str], outputs: dict[str, JobOutput]
    ) -> None:
        self._inputs, self._declared, self._outputs = inputs, declared, outputs
        self._bound: dict[str, dict[str, JobInput]] = {}
        self._made: dict[str, dict[str, Any]] = {}
        self.results: dict[str, dict[str, Any]] = {}

    def keep(self, step: Step[Any], made: dict[str, Any]) -> None:
        """Keeps where the outputs of a step will be: other steps read them, and some are the pipeline's."""
        self._made[step.name] = made
        for name, value in (step.node.outputs or {}).items():
            found = BINDING.fullmatch(bound_text(value))
            if found and found["result"] and name in made:
                self.results[found["result"]] = made[name]

    def finish(self) -> None:
        """Keeps the pipeline's outputs that no step writes, as the client allows, as they were asked for."""
        for result in self._outputs.keys() - self.results.keys():
            self.results[result] = msgspec.to_builtins(self._outputs[result])

    def inputs_of(self, step: Step[Any]) -> dict[str, JobInput]:
        """What a step's inputs are: bound, given, or the component's defaults."""
        found: dict[str, JobInput] = {}
        self._bound[step.name] = found
        given = step.node.inputs or {}
        ports = ports_of(step.component.inputs)
        for name, port in ports.items():
            if name in step.parameters and name not in given:
                continue
            value = self._input(step, name, given[name], port) if name in given else None
            if value is None and port.default is not None:
                value = port.as_default()
            if value is not None:
                found[name] = value
            elif not is_true(port.optional):
                raise faults.bad_request(f"The step {step.name!r} misses its input {name!r}.")
        if unknown := given.keys() - ports.keys():
            raise faults.bad_request(f"The step {step.name!r} has no input {', '.join(sorted(unknown))}.")
        return found

    def _input(self, step: Step[Any], name: str, given: Any, port: Port) -> JobInput | None:
        """One input; None when it is bound to one of the pipeline that is not given."""
        text = bound_text(given)
        mode = mode_of(given, port)
        if not (found := BINDING.fullmatch(text)):
            asked = input_given(f"Input {name!r} of the step {step.name!r}", given)
            if asked.value is not None and isinstance(asked.value, str):
                return msgspec.structs.replace(asked, value=self._filled(asked.value))
            return asked
        if found["input"]:
            bound = self._inputs.get(found["input"])
            if bound is None and found["input"] not in self._declared:
                raise faults.bad_request(f"The step {step.name!r} reads the pipeline's input {found['input']!r}, "
                                         "which it does not have.")  # fmt: skip
        elif found["result"]:
            raise faults.bad_request(
                f"The step {step.name!r} reads the pipeline's output {found['result']!r}; it can read an output of "
                "another step."
            )
        elif found["side"] == "inputs":
            bound = self._bound[found["node"]].get(found["name"])
        else:
            bound = self._output_as_input(step, found["node"], found["name"], port)
        if bound is None:
            return None
        kind = bound.job_input_type
        if kind in (None, LITERAL) and bound.uri is None and port.type in _DATA:
            return JobInput(job_input_type=port.type, uri=str(bound.value), mode=mode)
        return msgspec.structs.replace(bound, mode=mode or bound.mode)

    def _output_as_input(self, step: Step[Any], node: str, output: str, port: Port) -> JobInput:
        known = self._made[node].get(output)
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

        return BINDING.sub(value, text)

    def outputs_of(self, step: Step[Any]) -> dict[str, JobOutput]:
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
            bound = BINDING.fullmatch(bound_text(value))
            if bound and bound["result"]:
                asked = self._outputs.get(bound["result"], JobOutput())
            else:
                asked = output_given(f"Output {name!r} of the step {step.name!r}", value)
            found[name] = msgspec.structs.replace(asked, job_output_type=asked.job_output_type or kind)
            if port is not None and port.type:
                found[name] = msgspec.structs.replace(found[name], job_output_type=port.type)
        return found
