"""Prints every run of a workspace as JSON, with how much is recorded of it.

python runs.py CONFIG_JSON [RUN...]

The runs that are named are left out. Those that the workspace executes are waited for.
"""

import json
import sys
import time

from azureml.core import Experiment, Run, Workspace

PATIENCE_SECONDS = 900.0


def over(run: Run) -> bool:
    """True when the run has its end, or is one that somebody logs to by hand."""
    executed = run.type in ("azureml.scriptrun", "azureml.StepRun", "azureml.PipelineRun", "hyperdrive")
    return not executed or run.get_status() in ("Completed", "Failed", "Canceled")


def main(config: dict[str, str], known: set[str]) -> None:
    """Prints the document as the last line."""
    ws = Workspace.get(
        config["workspace_name"],
        subscription_id=config["subscription_id"],
        resource_group=config["resource_group"],
    )
    listed = [run for experiment in Experiment.list(ws) for run in experiment.get_runs(include_children=True)]
    runs = [run for run in listed if run.id not in known]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not all(over(run) for run in runs) and time.monotonic() < deadline:
        time.sleep(2)
    document = [
        {
            "id": run.id,
            "status": run.get_status(),
            "metrics": len(run.get_metrics()),
            "files": len(run.get_file_names()),
        }
        for run in runs
    ]
    sys.stdout.write(f"\n{json.dumps(document)}\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), set(sys.argv[2:]))
