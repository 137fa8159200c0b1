"""Prints what the workspace's runs have recorded, as JSON: those of one experiment that are not yet known.

python recorded.py CONFIG EXPERIMENT [RUN …]
"""

import json
import sys

from azureml.core import Experiment, Workspace

config, name, *known = sys.argv[1:]
named = json.loads(config)
workspace = Workspace(named["subscription_id"], named["resource_group"], named["workspace_name"])
found = []
for run in Experiment(workspace, name).get_runs():
    if run.id in known:
        continue
    run.wait_for_completion(raise_on_error=False)
    found.append(
        {
            "id": run.id,
            "status": run.get_status(),
            "metrics": run.get_metrics(),
            "tags": run.get_tags(),
            "files": sorted(name for name in run.get_file_names() if name.startswith("outputs/")),
        }
    )
sys.stdout.write(json.dumps(found, default=str) + "\n")
