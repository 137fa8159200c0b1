"""What a person can do from a page, done: the one way from the pages to the engine."""

import re
import time
import uuid
from collections.abc import Callable

from scaffold.workspace.context import Context
from scaffold.workspace.portal.controls import RefusedError
from scaffold.workspace.runs import Status
from scaffold.workspace.services.v2.places import of_another_run
from scaffold.workspace.store.runs import SUBMITTED_FROM, is_step

_OF_THE_SNAPSHOT = ("azureml.git.", "mlflow.source.git.", "_azureml.ComputeTargetType", "ContentSnapshotId")


class WorkspaceControls:
    """Carries out what the pages offer.

    Args:
        context: the workspace.
        stopping: tells whether the service is on its way down.
    """

    def __init__(self, context: Context, stopping: Callable[[], bool]) -> None:
        self._context = context
        self._stopping = stopping

    @property
    def width(self) -> int:
        """How many runs may execute at once."""
        return self._context.engine.queue.width

    @property
    def stopping(self) -> bool:
        """True once the service is on its way down."""
        return self._stopping()

    def cancel(self, run_id: str) -> None:
        """Asks for the end of a run; of one that is over, nothing."""
        run = self._context.store.runs.require(run_id)
        if not run.executed and not run.status.terminal:
            raise RefusedError(
                "This run is carried out by the program that started it, not by this workspace; end that program."
            )
        self._context.engine.cancel(run_id)

    def resubmit(self, run_id: str) -> str:
        """Submits the snapshot and configuration of a run again, in the same experiment."""
        store, run = self._context.store, self._context.store.runs.require(run_id)
        if run.definition is None:
            raise RefusedError(
                "This run was not submitted to the workspace, so there is nothing to submit again."
            )
        experiment = store.experiments.by_id(run.experiment_id)
        if experiment is None or experiment.archived:
            raise RefusedError("The run's experiment is archived; reactivate it first.")
        head = re.sub(r"[^A-Za-z0-9_-]", "_", experiment.name)[:200]
        new = f"{head}_{int(time.time())}_{uuid.uuid4().hex[:8]}"  # as the SDK makes them
        store.runs.create(
            new,
            run.experiment_id,
            status=Status.NOT_STARTED,
            run_type="azureml.scriptrun" if is_step(run) else run.run_type,
            target=run.target,
            script_name=run.script_name,
            snapshot_id=run.snapshot_id,
            display_name=run.display_name,
            definition=of_another_run(run.definition, run_id, new),
            properties={k: v for k, v in run.properties.items() if k.startswith(_OF_THE_SNAPSHOT)}
            | {"resubmitted_from": run_id},
            warnings=[warning for warning in run.warnings if warning.get("source") in ("docker", "job")],
            recorded={
                key: run.recorded[key] for key in ("inputDatasets", SUBMITTED_FROM) if key in run.recorded
            },
        )
        self._context.engine.submit(new)
        return new

    def tag(self, run_id: str, name: str, value: str | None) -> None:
        """Gives a run a tag, or (with None) takes it away."""
        runs = self._context.store.runs
        if value is None:
            runs.remove_tags(run_id, [name])
        else:
            runs.merge(run_id, tags={name: value}, properties={})
