"""Steps that are sweeps: each becomes a sweep's run, whose outputs are those of its best trial.

The trials write where every command does that is told nothing; what the best one wrote becomes the step's output.
Source of the shapes: ``azure.ai.ml.entities._builders.sweep`` and ``azure.ai.ml.entities._job.sweep``.
"""

import re
from typing import Any

import msgspec

from scaffold.space import ARGUMENTS_V2
from scaffold.workspace import faults
from scaffold.workspace.services.v2 import sweep
from scaffold.workspace.services.v2.command import JobOutput, outputs_as_sent
from scaffold.workspace.services.v2.pipelines.commands import trial_of
from scaffold.workspace.services.v2.pipelines.nodes import Component, Step, SweepNode, section
from scaffold.workspace.services.v2.pipelines.parts import BoundStep
from scaffold.workspace.services.v2.places import DEFAULT_OUTPUTS, place_of
from scaffold.workspace.store.runs import STEP
from scaffold.workspace.store.sweeps import BestOutput

_INPUT = re.compile(r"\$\{\{\s*inputs\.(\w+)\s*\}\}", re.A)


class SweepPart:
    """A sweep of a pipeline."""

    def __init__(self, given: BoundStep[Component], node: SweepNode) -> None:
        self._making, self._step = given.making, given.step
        context = given.making.context
        self.outputs = outputs_as_sent(context, given.step.run_id, given.outputs)
        self._asked = _as_job(given, node)
        self._sweep = sweep.prepared(context, self._asked, given.making.python)
        self._best = {
            name: self._best_of(name, output)
            for name, output in given.outputs.items()
            if name not in DEFAULT_OUTPUTS
        }

    def _best_of(self, name: str, asked: JobOutput) -> BestOutput:
        sent, trials = self.outputs[name], self._sweep.order.definition["job"]["outputs"]
        place = place_of(self._making.context, sent["uri"])
        source = place_of(self._making.context, trials[name]["uri"])
        assert place and source  # noqa: S101  (outputs are never on the web)
        return BestOutput(
            kind=sent["jobOutputType"],
            source=source.path,
            path=place.path,
            address=place.address,
            name=asked.asset_name,
            version=asked.asset_version,
            description=asked.description,
        )

    def add(self, parent: str) -> None:
        """Makes the run; its trials are made when its time has come."""
        step, making = self._step, self._making
        columns = making.columns(step, parent, "hyperdrive", "HyperDriveStep")
        del columns["display_name"], columns["description"]
        job = msgspec.to_builtins(self._asked) | {"outputs": self.outputs}
        sweep.add(
            making.context,
            step.run_id,
            msgspec.structs.replace(self._asked, tags=columns.pop("tags")),
            self._sweep,
            experiment=making.experiment,
            submission=None,
            parent_run_id=parent,
            recorded={STEP: step.name, "job": job},
            outputs=self._best,
            **columns,
        )


def _as_job(given: BoundStep[Component], node: SweepNode) -> sweep.SweepProperties:
    """The step as the job that it would be by itself."""
    making, step = given.making, given.step
    if node.objective is None:
        raise faults.bad_request(f"The step {step.name!r} has no objective.")
    limits = {key: _duration(key, value) for key, value in (node.limits or {}).items()}
    asked = node.sampling_algorithm
    sampling = {"type": asked} if isinstance(asked, str) else asked
    return sweep.SweepProperties(
        job_type="Sweep",
        display_name=node.display_name or step.name,
        description=node.description,
        experiment_name=making.experiment,
        compute_id=making.target(node.compute_id),
        identity=node.identity,
        queue_settings=node.queue_settings,
        services=node.services,
        inputs=dict(given.inputs),
        outputs={
            name: JobOutput(job_output_type=output.job_output_type, mode=output.mode)
            for name, output in given.outputs.items()
        },
        trial=trial_of(node, _tried(step)),
        search_space={name: expression_of(name, value) for name, value in node.search_space.items()},
        sampling_algorithm=section(sampling, sweep.Sampling, "samplingAlgorithmType"),
        objective=section(node.objective, sweep.Objective),
        limits=section(limits, sweep.SweepLimits),
        early_termination=section(node.early_termination, sweep.Policy, "policyType"),
    )


def expression_of(name: str, value: Any) -> list[Any]:
    """A distribution as it goes over the wire by itself, see :mod:`scaffold.space`.

    Raises:
        Fault: it is none.
    """
    kind = str(value.get("type")) if isinstance(value, dict) else ""
    if kind == "choice":
        return [kind, [[_chosen(name, one) for one in value.get("values") or []]]]
    if kind not in ARGUMENTS_V2:
        raise faults.bad_request(f"The parameter {name!r} has no distribution, but {value!r}.")
    return [kind, [value.get(argument) for argument in ARGUMENTS_V2[kind]]]


def _chosen(name: str, value: Any) -> Any:
    """A value to choose, which may be parameters of its own."""
    if not isinstance(value, dict):
        return value
    return {
        key: expression_of(f"{name}.{key}", one) if isinstance(one, dict) else one
        for key, one in value.items()
    }


def _tried(step: Step[Component]) -> Component:
    """The component with its parameters as the commands of sweeps name them."""

    def named(found: "re.Match[str]") -> str:
        return f"${{{{search_space.{found[1]}}}}}" if found[1] in step.parameters else found[0]

    return msgspec.structs.replace(step.component, command=_INPUT.sub(named, step.component.command))


def _duration(key: str, value: Any) -> Any:
    """A limit as jobs have it: a time in ISO 8601."""
    return f"PT{value}S" if key.endswith("timeout") and isinstance(value, int | float) else value
