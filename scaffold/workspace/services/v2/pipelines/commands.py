"""Steps that are commands: each becomes a run."""

import msgspec

from scaffold.workspace.services.execution import Submission, make_run
from scaffold.workspace.services.v2.command import (
    Bound,
    Distribution,
    Resources,
    Trial,
    configured,
    seconds_of,
)
from scaffold.workspace.services.v2.pipelines.making import warnings_about
from scaffold.workspace.services.v2.pipelines.nodes import Component, Node, section
from scaffold.workspace.services.v2.pipelines.parts import BoundStep
from scaffold.workspace.store.runs import STEP


def trial_of(node: Node, component: Component) -> Trial:
    """What is run: the component, with what the step says in place of it."""
    return Trial(
        command=component.command,
        environment_id=node.environment or component.environment or "",
        code_id=component.code and component.code.removeprefix("azureml:"),
        environment_variables=(component.environment_variables or {}) | (node.environment_variables or {}),
        distribution=section(node.distribution or component.distribution, Distribution),
        resources=section(node.resources or component.resources, Resources),
    )


class CommandPart:
    """A command of a pipeline."""

    def __init__(self, given: BoundStep[Component]) -> None:
        self._given = given
        making, step = given.making, given.step
        limits = step.node.limits or step.component.limits or {}
        timeout = limits.get("timeout")
        bound = Bound(
            inputs=given.inputs,
            outputs=given.outputs,
            target=making.target(step.node.compute_id),
            timeout=float(timeout) if isinstance(timeout, int | float) else seconds_of(timeout),
        )
        self._trial = trial_of(step.node, step.component)
        self._made = configured(making.context, step.run_id, self._trial, bound)
        self.outputs = self._made.outputs

    def add(self, parent: str) -> None:
        """Makes the run."""
        given, made = self._given, self._made
        making, step = given.making, given.step
        job = {
            "jobType": "Command",
            "command": step.component.command,
            "environmentId": step.node.environment or step.component.environment,
            "codeId": step.component.code,
            "componentId": step.node.component_id,
            "inputs": msgspec.to_builtins(given.inputs),
            "outputs": made.outputs,
        }
        make_run(
            making.context,
            Submission(
                experiment=making.experiment,
                run_id=step.run_id,
                document=made.document | {"job": job, STEP: step.name},
                snapshot_id=made.snapshot_id,
                parent=parent,
                python=making.python,
                fields=making.columns(step, parent, "azureml.StepRun", "PythonScriptStep"),
                warnings=warnings_about(step, self._trial.resources),
            ),
        )
