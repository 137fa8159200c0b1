"""Makes data assets from files of a repository, as a reader would have with `az ml data create`.

python data.py CONFIG_JSON ASSETS_JSON

ASSETS_JSON is a list of a name, a type and a path each, below the working directory or an address on the web.
"""

import json
import sys

from azure.ai.ml import MLClient
from azure.ai.ml.entities import Data
from azure.identity import DefaultAzureCredential

config = json.loads(sys.argv[1])
ml = MLClient(
    DefaultAzureCredential(), config["subscription_id"], config["resource_group"], config["workspace_name"]
)
for name, kind, path in json.loads(sys.argv[2]):
    ml.data.create_or_update(Data(name=name, type=kind, path=path))
