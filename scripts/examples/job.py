"""Submits a job of azure-ai-ml from its file and follows it to its end; other kinds of files it registers.

python job.py FILE CONFIG_JSON

It is what `az ml job create -f FILE --stream` does, and `az ml component create -f FILE` and the like.
"""

import json
import os
import sys
from pathlib import Path

import yaml
from azure.ai.ml import MLClient, load_component, load_data, load_environment, load_job, load_model
from azure.identity import DefaultAzureCredential

_OTHERS = {
    "commandComponent": ("components", load_component),
    "data": ("data", load_data),
    "environment": ("environments", load_environment),
    "model": ("models", load_model),
}


def main(file: Path, config: dict[str, str]) -> None:
    """Exits with an error when the job fails."""
    ml = MLClient(
        DefaultAzureCredential(),
        config["subscription_id"],
        config["resource_group"],
        config["workspace_name"],
    )
    schema = str(yaml.safe_load(file.read_text(encoding="utf-8")).get("$schema", ""))
    kind = schema.rpartition("/")[2].partition(".")[0]
    os.chdir(file.parent)
    if kind in _OTHERS:
        operations, load = _OTHERS[kind]
        getattr(ml, operations).create_or_update(load(file))
    else:
        ml.jobs.stream(ml.jobs.create_or_update(load_job(file)).name)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), json.loads(sys.argv[2]))
