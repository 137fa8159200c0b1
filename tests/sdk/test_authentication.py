"""Each class that signs in: whoever may read the owner's files is let in as the owner, and a header says so."""

from pathlib import Path

from tests.conftest import RUN_EXPERIMENT, Machine, Project
from tests.sdk.calls import given
from tests.workspace.client import SUBSCRIPTION


def test_every_way_to_sign_in_that_needs_nothing_but_the_sdk(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        import requests
        from azureml.core import Experiment
        from azureml.core.authentication import (
            ArmTokenAuthentication, AzureCliAuthentication, InteractiveLoginAuthentication, MsiAuthentication,
            ServicePrincipalAuthentication)
        tenant, client = '11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222'
        ways = {
            'interactive': InteractiveLoginAuthentication(),
            'interactive, forced': InteractiveLoginAuthentication(force=True),
            'interactive, of a tenant': InteractiveLoginAuthentication(tenant_id=tenant),
            'managed identity': MsiAuthentication(),
            'service principal': ServicePrincipalAuthentication(tenant, client, 'a password of any kind'),
            'service principal, named': ServicePrincipalAuthentication(
                tenant_id=tenant, service_principal_id=client, service_principal_password='x', cloud='AzureCloud'),
            'token': ArmTokenAuthentication(MsiAuthentication()._get_arm_token()),
        }
        url = ws.service_context._get_run_history_url() + '/subscriptions'
        for name, auth in ways.items():
            workspace = Workspace.get(
                'local', auth=auth, subscription_id=ws.subscription_id, resource_group='local')
            Experiment(workspace, 'signed-in').tag('by', name)
            header = auth.get_authentication_header()
            seen[name] = [ws.experiments['signed-in'].tags['by'], list(header),
                          requests.get(url, headers=header).status_code]
        seen['nobody'] = requests.get(url, headers={'Authorization': 'Bearer x'}).status_code
        wrong = ArmTokenAuthentication(MsiAuthentication()._get_arm_token() + 'x')
        seen['wrong'] = failure(Workspace.get, 'local', auth=wrong, subscription_id=ws.subscription_id,
                                resource_group='local')
        seen['command line'] = failure(AzureCliAuthentication)
        """,
        cwd=tmp_path,
    )

    assert seen.pop("nobody") == 401
    assert "bearer token" in seen.pop("wrong")
    assert "azure-cli package is not installed" in seen.pop("command line")
    assert seen == {name: [name, ["Authorization"], 200] for name in seen}
    assert len(seen) == 7


def test_what_a_script_submits_is_followed_whoever_it_signs_in_as(shared_machine: Machine, project: Project):
    auth = "ServicePrincipalAuthentication('1111-t', '2222-c', os.environ.get('PASSWORD', 'none'))"
    script = RUN_EXPERIMENT.replace('".azureml"))', f'".azureml"), auth={auth})').replace(
        "import constants",
        "from azureml.core.authentication import ServicePrincipalAuthentication\nimport constants",
    )
    folder = project(
        script="import os\nfrom azureml.core import Workspace\n"
        "from azureml.core.authentication import ServicePrincipalAuthentication\n"
        f"print(Workspace.get('local', subscription_id={SUBSCRIPTION!r}, resource_group='local', auth={auth}).name)\n",
        **{"run_experiment.py": script},
    )

    done = shared_machine.run("submit", folder, "--follow")

    assert (done.returncode, done.stdout) == (0, "local\n"), done.stderr
