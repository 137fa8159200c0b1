"""Makes clusters, as a reader would have made them in the studio.

python computes.py CONFIG_JSON NAME...
"""

import json
import sys

from azureml.core import Workspace
from azureml.core.compute import AmlCompute, ComputeTarget

config = json.loads(sys.argv[1])
ws = Workspace.get(
    config["workspace_name"], subscription_id=config["subscription_id"], resource_group="local"
)
for name in sys.argv[2:]:
    size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1)
    ComputeTarget.create(ws, name, size).wait_for_completion()
