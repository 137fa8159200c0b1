"""Environments of the second SDK: images and conda files, versions and labels, and what the first SDK sees of them."""

from pathlib import Path

import pytest

from tests.conftest import Machine, write_tree
from tests.sdk import calls
from tests.sdk.v2.calls import given

CONDA = "name: mine\nchannels: [conda-forge]\ndependencies:\n- python=3.11\n- pip:\n  - six==1.16.0\n"


@pytest.mark.slow
def test_environments_have_versions_and_are_the_first_sdks_too(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"conda.yml": CONDA, "context/Dockerfile": "FROM scratch\n"})

    seen = given(
        machine,
        """
        from azure.ai.ml.entities import BuildContext
        mine = Environment(name='mine', image='library/python:3.11', conda_file='conda.yml', tags={'a': 'b'},
                           description='first', version='1')
        made = ml.environments.create_or_update(mine)
        seen['made'] = [made.name, made.version, made.image, made.conda_file, made.tags, made.description]
        mine.version, mine.image = '2', 'library/python:3.12'
        ml.environments.create_or_update(mine)
        mine.image = 'library/python:3.10'
        seen['taken'] = failure(ml.environments.create_or_update, mine)
        seen['latest'] = ml.environments.get('mine', label='latest').version
        seen['versions'] = [found.version for found in ml.environments.list('mine')]
        seen['names'] = [found.name for found in ml.environments.list()]
        ml.environments.archive('mine', version='1')
        seen['archived'] = [found.version for found in ml.environments.list('mine')]
        ml.environments.restore('mine', version='1')
        seen['restored'] = [found.version for found in ml.environments.list('mine')]
        ml.environments.archive('mine')
        seen['away'] = 'mine' in [found.name for found in ml.environments.list()]
        ml.environments.restore('mine')
        seen['curated'] = ml.environments.get('AzureML-sklearn-1.5', label='latest').conda_file['dependencies'][0]
        built = Environment(name='built', build=BuildContext(path='context'))
        seen['built'] = failure(ml.environments.create_or_update, built)
        seen['none'] = failure(ml.environments.get, 'nobody', '1')
        """,
        cwd=tmp_path,
    )

    assert seen["made"][:3] == ["mine", "1", "library/python:3.11"]
    assert seen["made"][3]["dependencies"] == ["python=3.11", {"pip": ["six==1.16.0"]}]
    assert seen["made"][4:] == [{"a": "b"}, "first"]
    assert "ResourceExistsError" in seen["taken"]
    assert seen["latest"] == "2"
    assert (seen["versions"], seen["archived"], seen["restored"]) == (["2", "1"], ["2"], ["2", "1"])
    assert {"mine", "AzureML-sklearn-1.5"} <= set(seen["names"])
    assert seen["away"] is False
    assert seen["curated"] == "python=3.11"
    assert "does not have Docker builds (built has a Docker build context)" in seen["built"]
    assert "ResourceNotFoundError" in seen["none"]

    first = calls.given(
        machine,
        """
        from azureml.core import Environment
        found = Environment.get(ws, 'mine', '1')
        seen['image'] = found.docker.base_image
        seen['pip'] = list(found.python.conda_dependencies.pip_packages)
        own = Environment('first-one')
        own.python.conda_dependencies.add_pip_package('six')
        own.register(ws)
        """,
    )
    assert first == {"image": "library/python:3.11", "pip": ["six==1.16.0"]}
    second = given(
        machine, "seen['pip'] = ml.environments.get('first-one', '1').conda_file['dependencies'][-1]"
    )
    assert "six" in second["pip"]["pip"]


@pytest.mark.slow
def test_a_job_has_the_packages_of_its_conda_file(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"conda.yml": CONDA})

    seen = given(
        machine,
        """
        mine = Environment(name='mine', version='7', image='mcr.microsoft.com/azureml/base', conda_file='conda.yml')
        ml.environments.create_or_update(mine)
        for asked in ('mine:7', 'mine@latest'):
            job = ml.jobs.create_or_update(
                command(command='python -c "import six; print(six.__version__)"', environment=asked))
            seen[asked] = ended(job)
        unknown = command(command='ls', environment='azureml://registries/azureml/environments/none/labels/latest')
        seen['unknown'] = failure(ml.jobs.create_or_update, unknown)
        """,
        cwd=tmp_path,
    )

    assert "1.16.0" in seen["mine:7"]
    assert "1.16.0" in seen["mine@latest"]
    assert "comes with these of that registry" in seen["unknown"] and "sklearn-1.5" in seen["unknown"]
