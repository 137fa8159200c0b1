"""config.json."""

from tests.unit.project.trees import AZURE, LOCAL, RUNNER, Case

FILE = ".azureml/config.json"
TENANT = '"ws-1",\n  "tenant_id": "%s"'
SCOPE = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg2/providers"
    "/Microsoft.MachineLearningServices/workspaces/ws2"
)


def config(says: str, text: str | bytes | None, *finds: str) -> Case:
    return Case("config-file", says, {FILE: text}, finds)


CASES = [
    config(
        "is missing",
        None,
        f"error {FILE}: there is no such file, so the project points at no workspace.",
    ),
    config(
        "is not JSON",
        '{\n  "subscription_id": "x",\n}\n',
        f"error {FILE}:3: not JSON: Expecting property name enclosed in double quotes.",
    ),
    config("is empty", "", f"error {FILE}:1: not JSON: Expecting value."),
    config("is a list", "[]", f"error {FILE}:1: not the config of a workspace: it must be a JSON object."),
    config(
        "lacks a key",
        AZURE.replace("workspace_name", "workspace"),
        f"error {FILE}:1: workspace_name is missing.",
    ),
    config(
        "has an empty value",
        AZURE.replace('"rg"', '" "'),
        f"error {FILE}:3: resource_group must be a text that is not empty.",
    ),
    config(
        "has a placeholder for the subscription",
        AZURE.replace("11111111-", "<your>"),
        f"error {FILE}:2: subscription_id is not a GUID.",
    ),
    config(
        "has a number for a tenant",
        AZURE.replace('"ws-1"', '"ws-1",\n  "tenant_id": 7'),
        f"error {FILE}:5: tenant_id must be a text.",
    ),
    config(
        "has a byte order mark",
        b"\xef\xbb\xbf" + AZURE.encode(),
        f"error {FILE}:1: starts with a byte order mark, which the SDK takes for text.",
    ),
    config(
        "is an older one, and broken",
        '{"Scope": "/subscriptions/x"}',
        f"error {FILE}:1: Scope is not the id of a workspace.",
    ),
    config("is one of Azure's", AZURE),
    config("is of the older form", f'{{"Id": null, "Scope": "{SCOPE}"}}'),
    Case("config-file", "is in another place that the SDK looks in", {FILE: None, "config.json": AZURE}),
    Case(
        "config-file",
        "is not needed by a script that names its workspace itself",
        {FILE: None, "run_experiment.py": RUNNER.replace("from_config(path=", "get(name=")},
    ),
    Case(
        "config-file",
        "is the one that the script names",
        {
            FILE: "{",
            "conf/azure.json": AZURE,
            "run_experiment.py": RUNNER.replace(
                "os.path.join(here, '.azureml')", "here + '/conf/azure.json'"
            ),
        },
    ),
    Case(
        "config-name",
        "cannot be a workspace's",
        {FILE: AZURE.replace("ws-1", "my.workspace")},
        (
            f"error {FILE}:4: workspace_name 'my.workspace' cannot be right: it must be 3 to 33 letters, digits, "
            "'-' or '_', starting with a letter or a digit.",
        ),
    ),
    Case(
        "config-name",
        "cannot be a resource group's",
        {FILE: AZURE.replace('"rg"', '"my rg"')},
        (
            f"error {FILE}:3: resource_group 'my rg' cannot be right: it must be 1 to 90 letters, digits, "
            "'-', '_', '.', '(' or ')', not ending with '.'.",
        ),
    ),
    Case("config-name", "has signs that Azure allows", {FILE: AZURE.replace('"rg"', '"größe_(1).x"')}),
    Case(
        "config-name", "is the local workspace's, which takes any", {FILE: LOCAL.replace('"local"', '"a b"')}
    ),
    Case(
        "config-placeholder",
        "was left where the names belong",
        {FILE: AZURE.replace('"rg"', '"<resource group>"').replace("ws-1", "your-workspace")},
        (
            f"error {FILE}:3: resource_group is the placeholder '<resource group>'.",
            f"error {FILE}:4: workspace_name is the placeholder 'your-workspace'.",
        ),
    ),
    Case(
        "config-placeholder",
        "does no harm to the local workspace",
        {FILE: LOCAL.replace('resource_group": "local"', 'resource_group": "xxxx"')},
        (f"warning {FILE}:3: resource_group is the placeholder 'xxxx'.",),
    ),
    Case(
        "config-placeholder",
        "is not every name that has such a word in it",
        {FILE: AZURE.replace('"rg"', '"rg-your-own"').replace("ws-1", "my-workspace")},
    ),
    Case(
        "config-tenant",
        "is named for the local workspace",
        {FILE: LOCAL.replace('workspace_name": "local"', 'workspace_name": "local",\n  "tenant_id": "t"')},
        (f"error {FILE}:5: it names the tenant t, which the local workspace is not in.",),
    ),
    Case(
        "config-tenant",
        "is neither a GUID nor a domain",
        {FILE: AZURE.replace('"ws-1"', TENANT % "my tenant")},
        (f"error {FILE}:5: tenant_id 'my tenant' is neither a GUID nor a domain.",),
    ),
    Case("config-tenant", "is a domain", {FILE: AZURE.replace('"ws-1"', TENANT % "contoso.onmicrosoft.com")}),
    Case(
        "config-tenant",
        "is a GUID",
        {FILE: AZURE.replace('"ws-1"', TENANT % "99999999-2222-3333-4444-555555555555")},
    ),
    Case(
        "config-shadowed",
        "is hidden by the one in .azureml",
        {
            "config.json": AZURE,
            "run_experiment.py": RUNNER.replace("path=os.path.join(here, '.azureml')", ""),
        },
        (f"warning config.json: it names workspace 'ws-1', but {FILE} is read, which names another.",),
    ),
    Case(
        "config-shadowed",
        "names the same workspace",
        {
            "config.json": LOCAL,
            "run_experiment.py": RUNNER.replace("path=os.path.join(here, '.azureml')", ""),
        },
    ),
    Case(
        "config-shadowed",
        "is another config.json altogether",
        {
            "config.json": '{"learning_rate": 0.1}',
            "run_experiment.py": RUNNER.replace("path=os.path.join(here, '.azureml')", ""),
        },
    ),
]
