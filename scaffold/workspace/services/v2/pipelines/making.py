"""What all steps of a pipeline have in common, however deep they are in it."""

from typing import Any

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import caller_of, context_of
from scaffold.workspace.services.execution import python_of
from scaffold.workspace.services.history import texts
from scaffold.workspace.services.v2.command import Resources, target_of
from scaffold.workspace.services.v2.jobs import DEFAULT_EXPERIMENT, JobProperties
from scaffold.workspace.services.v2.pipelines.nodes import PipelineProperties, Step, snake
from scaffold.workspace.services.v2.recorded import warnings_of
from scaffold.workspace.store.datastores import OWN

_MOST_STEPS, _MOST_LEVELS = 500, 20
_LIFE = ("on_init", "on_finalize")


class Making:
    """The making of a pipeline with all that is in it.

    Args:
        request: that asks for it.
        asked: the pipeline.

    Attributes:
        experiment: the name of the experiment of all its runs.
        python: the Python from which it is submitted, if that is known.
        goes_on: whether other steps go on when one has failed.

    Raises:
        Fault: it is to have what is not had here.
    """

    def __init__(self, request: Request, asked: PipelineProperties) -> None:
        self.context = context_of(request)
        self.submission, self.python = caller_of(request).submission, python_of(request)
        self.experiment = asked.experiment_name or DEFAULT_EXPERIMENT
        self._settings = {snake(key): value for key, value in (asked.settings or {}).items()}
        self._compute_id, self._steps = asked.compute_id, 0
        self.goes_on = bool(self._settings.get("continue_on_step_failure"))
        for setting in _LIFE:
            if self._settings.get(setting):
                raise faults.Fault(
                    501,
                    "NotImplemented",
                    f"The local workspace does not have {setting} of pipelines. Make it a step that the others read "
                    "from, or that reads from the others.",
                    "OperationNotSupported",
                )

    def count(self, steps: int, level: int) -> None:
        """Notes that the pipeline has more steps.

        Raises:
            Fault: these are too many, or too deep.
        """
        self._steps += steps
        if not steps or self._steps > _MOST_STEPS:
            raise faults.bad_request(
                f"A pipeline has 1 to {_MOST_STEPS} steps here, not {steps and self._steps}."
            )
        if level > _MOST_LEVELS:
            raise faults.bad_request(f"Pipelines are within one another {_MOST_LEVELS} deep at most.")

    def target(self, compute_id: str | None) -> str:
        """The name of the compute target of a step, which may name none of its own."""
        default = self._settings.get("default_compute")
        return target_of(compute_id or self._compute_id or (str(default) if default else None))

    def unused(self) -> list[str]:
        """Which of the settings have no effect, see :func:`scaffold.workspace.services.v2.recorded.warnings_of`."""
        datastore = (
            str(self._settings.get("default_datastore") or OWN).rpartition("/")[2].removeprefix("azureml:")
        )
        if datastore.lower() == OWN:
            return []
        return [f"the default datastore {datastore} (outputs go to {OWN})"]

    @staticmethod
    def columns(step: Step[Any], parent: str, run_type: str, step_type: str | None) -> dict[str, Any]:
        """The columns of a step's run that say what it is.

        Args:
            step: the step.
            parent: the run of its pipeline.
            run_type: such as ``azureml.StepRun``.
            step_type: as SDK v1 calls such a step, if it has a word for it.
        """
        properties = {
            "azureml.pipelinerunid": parent,
            "azureml.nodeid": step.name,
            "azureml.moduleName": step.name,
            "azureml.runsource": run_type,
        }
        return {
            "run_type": run_type,
            "name": step.name,
            "display_name": step.node.display_name or step.name,
            "description": step.node.description,
            "tags": texts(step.node.tags),
            "properties": texts(step.node.properties)
            | properties
            | ({"StepType": step_type} if step_type else {}),
        }


def warnings_about(step: Step[Any], resources: Resources | None = None) -> list[dict[str, str]]:
    """What the run of a step, which is to have these resources, says of what has no effect."""
    node = step.node
    said = JobProperties(
        job_type=node.type,
        identity=node.identity,
        queue_settings=node.queue_settings,
        services=node.services,
    )
    return warnings_of(said, resources)
