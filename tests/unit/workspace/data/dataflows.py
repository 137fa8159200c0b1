"""Dataset definitions as clients send them."""

import json


def dataflow(*paths: str, datastore: str = "workspaceblobstore", steps: list[str] | None = None) -> str:
    """A definition of paths in a datastore or of addresses, as ``DataflowJson``."""
    base = f"azureml://subscriptions/S/resourcegroups/G/workspaces/W/datastores/{datastore}/paths/"
    lines = [
        f'- file: "{path}"' if path.startswith("http") else f'- pattern: "{base}{path}"' for path in paths
    ]
    if steps:
        lines += ["transformations:", *steps]
    text = "\n".join(("type: mltable", "paths:", *lines))
    return json.dumps({"blocks": [], "meta": {"RsDataflow": text}})
