"""``Environment``: registered, versioned, labeled, written to files, built; and the curated ones that run."""

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import Machine
from tests.sdk.calls import given

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_environments_are_registered_versioned_labeled_and_kept_in_files(machine: Machine, tmp_path):
    seen = given(
        machine,
        """
        from azureml.core import Environment
        from azureml.core.conda_dependencies import CondaDependencies
        seen['curated'] = {name: env.version for name, env in Environment.list(ws).items()}

        env = Environment('my-env')
        env.environment_variables = {'A': 'b'}
        env.python.conda_dependencies = CondaDependencies.create(
            python_version='3.11', pip_packages=['six==1.16.0'], pin_sdk_version=False)
        first = env.register(ws)
        same = env.register(ws)
        env.python.conda_dependencies.add_pip_package('tabulate==0.9.0')
        second = env.register(ws)
        seen['versions'] = [first.version, same.version, second.version]
        packages = lambda env: [p for p in env.python.conda_dependencies.pip_packages if not p.startswith('--')]
        old, new = Environment.get(ws, 'my-env', version='1'), Environment.get(ws, 'my-env')
        seen['got'] = [packages(old), packages(new), old.environment_variables, new.version]
        listed = ws.environments
        seen['listed'] = [listed['my-env'].version, sorted(set(listed) - set(seen['curated']))]

        Environment.label(ws, 'my-env', '1', ['good'])
        seen['labeled'] = Environment.get(ws, 'my-env', label='good').version
        Environment.label(ws, 'my-env', '2', ['good'])
        seen['moved'] = [Environment.get(ws, 'my-env', label='good').version,
                         Environment.get(ws, 'my-env', label='latest').version]

        named = Environment('named')
        named.version = '2026.1'
        seen['named'] = named.register(ws).version
        named.environment_variables = {'X': 'y'}
        seen['taken'] = failure(named.register, ws)
        named.version = None
        seen['after named'] = named.register(ws).version

        seen['none'] = [failure(Environment.get, ws, 'unheard-of'),
                        failure(Environment.get, ws, 'my-env', version='9'),
                        failure(Environment.get, ws, 'my-env', label='bad')]
        pretender = Environment.get(ws, 'AzureML-Minimal').clone('mine')
        seen['cloned'] = [pretender.register(ws).version, packages(Environment.get(ws, 'mine'))]
        pretender.name, pretender.version = 'AzureML-Mine', None
        seen['reserved'] = failure(pretender.register, ws)

        new.save_to_directory('saved')
        loaded = Environment.load_from_directory('saved')
        loaded.name = 'loaded'
        loaded.version = None
        loaded.register(ws)
        seen['loaded'] = packages(Environment.get(ws, 'loaded'))

        docker = Environment.from_dockerfile('dockered', 'FROM scratch')
        seen['docker'] = failure(docker.build, ws)
        """,
        cwd=tmp_path,
    )

    assert {"AzureML-Minimal", "AzureML-sklearn-1.5"} <= set(seen["curated"])
    assert seen["versions"] == ["1", "1", "2"]
    assert seen["got"] == [["six==1.16.0"], ["six==1.16.0", "tabulate==0.9.0"], {"A": "b"}, "2"]
    assert seen["listed"] == ["2", ["my-env"]]
    assert seen["labeled"] == "1"
    assert seen["moved"] == ["2", "2"]
    assert seen["named"] == "2026.1"
    assert "409" in seen["taken"]
    assert seen["after named"] == "2"
    assert all("Code: 404" in failed for failed in seen["none"])
    assert seen["cloned"] == ["1", ["azureml-core>=1.61,<1.62"]]
    assert "curated" in seen["reserved"]
    assert seen["loaded"] == ["six==1.16.0", "tabulate==0.9.0"]
    assert "does not have Docker builds" in seen["docker"]


@pytest.mark.slow
def test_a_curated_environment_is_built_and_runs(machine: Machine, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "train.py").write_text(
        "import sys\nfrom azureml.core import Run\n"
        "run = Run.get_context()\nrun.log('version', sys.version_info[1])\nprint(sys.prefix)\n"
    )
    seen = given(
        machine,
        """
        import re, requests
        from urllib.parse import urljoin
        from azureml.core import Environment, Experiment, ScriptRunConfig
        from azureml.core.conda_dependencies import CondaDependencies
        env = Environment.get(ws, 'AzureML-Minimal')
        build = env.build(ws)
        seen['at once'] = build.status
        build.wait_for_completion(show_output=True)
        seen['build'] = build.status
        seen['log'] = build.get_log()
        seen['again'] = env.build(ws).status
        seen['versions'] = Environment.get(ws, 'AzureML-Minimal').version

        broken = Environment('broken')
        broken.python.conda_dependencies = CondaDependencies.create(
            python_version='3.11', pip_packages=['six==99.0'], pin_sdk_version=False)
        build = broken.build(ws)
        build.wait_for_completion(show_output=False)
        seen['broken'] = [build.status, build.get_log()]

        here = Environment('here')
        here.python.user_managed_dependencies = True
        build = here.build(ws)
        seen['nothing to build'] = [build.status, build.get_log()]

        config = ScriptRunConfig('source', script='train.py', compute_target='cpu-cluster', environment=env)
        run = Experiment(ws, 'curated').submit(config)
        run.wait_for_completion()
        seen['run'] = [run.get_status(), run.get_metrics()]
        used = run.get_environment()
        seen['used'] = [used.name, used.version, used.python.conda_dependencies.serialize_to_string()]
        seen['files'] = run.get_file_names()
        address = run.get_portal_url().partition('?')[0]
        page = requests.get(f'{address}/environment').text
        (built,) = re.findall('"(/[^"]*/environments/built/[^"]+)"', page)
        seen['page'] = requests.get(urljoin(address, built)).text
        unregistered = ScriptRunConfig('source', script='train.py', compute_target='cpu-cluster', environment=here)
        here.environment_variables = {'A': 'b'}
        run = Experiment(ws, 'curated').submit(unregistered)
        used = run.get_environment()
        seen['kept'] = [used.name, used.version, used.environment_variables, here.register(ws).version,
                        ws.environments['here'].version]
        unnamed = Experiment(ws, 'curated').submit(ScriptRunConfig('source', script='train.py', compute_target='c'))
        unnamed.cancel()
        name = unnamed.get_details()['runDefinition']['environment']['name']
        seen['unnamed'] = unnamed.get_environment().name == name
        run.wait_for_completion()
        """,
        cwd=tmp_path,
    )

    assert seen["at once"] in ("Running", "Succeeded")
    assert seen["build"] == seen["again"] == "Succeeded"
    assert "azureml-core==1.61" in seen["log"]
    assert "Built in" in seen["log"]
    assert seen["versions"] == "1"
    assert seen["broken"][0] == "Failed"
    assert "six==99.0" in seen["broken"][1]
    assert seen["nothing to build"] == ["Succeeded", None]
    assert seen["run"] == ["Completed", {"version": 11}]
    assert seen["used"][:2] == ["AzureML-Minimal", "1"]
    assert "azureml-core>=1.61,<1.62" in seen["used"][2]
    assert "azureml-logs/20_image_build_log.txt" not in seen["files"]  # it was there already
    assert "Built in" in seen["page"]
    assert seen["kept"] == ["here", "2", {"A": "b"}, "2", "2"]
    assert seen["unnamed"]
    assert machine.json("workspace", "status")["environments"] == 1


def test_build_local_has_the_workspace_build_and_shows_its_log(machine: Machine, tmp_path: Path):
    seen = given(
        machine,
        f"""
        from azureml.core import Environment
        from azureml.core.conda_dependencies import CondaDependencies

        def environment(name, *packages):
            env = Environment(name)
            env.python.conda_dependencies = CondaDependencies.create(
                python_version='{PYTHON}', pip_packages=[*packages], pin_sdk_version=False)
            return env

        def shown(call, *arguments):
            sys.stdout.flush()
            saved, file = os.dup(1), os.open('shown.txt', os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
            os.dup2(file, 1)
            try:
                failed = failure(call, *arguments)
            finally:
                os.dup2(saved, 1)
            return [failed, open('shown.txt').read()]

        env = environment('locally', 'six==1.16.0').register(ws)
        seen['before'] = env.get_image_details(ws)
        seen['build'] = shown(env.build_local, ws)
        seen['again'] = shown(env.build_local, ws)
        details = env.get_image_details(ws)
        seen['after'] = details
        seen['properties'] = [details.image_exist, details.repository, details.registry, details.image,
                              details.dockerfile, details.environment_path, details.interpreter_path]
        seen['there'] = os.path.exists(details.interpreter_path)
        seen['broken'] = shown(environment('broken', 'six==99.0').register(ws).build_local, ws)
        seen['docker'] = failure(env.build_local, ws, useDocker=True)
        seen['elsewhere'] = failure(env.build_local, ws, platform='Windows')
        seen['unregistered'] = failure(environment('unheard-of').build_local, ws)
        """,
        cwd=tmp_path,
    )

    assert seen["before"]["pythonEnvironment"]["interpreterPath"] is None
    failed, shown = seen["build"]
    assert failed is None
    assert "+ six==1.16.0" in shown
    assert "Built in" in shown
    assert seen["again"][0] is None
    assert "six" not in seen["again"][1]
    exists, *image, dockerfile, path, interpreter = seen["properties"]
    assert (exists, image, dockerfile) == (False, [None, None, None], None)
    assert Path(interpreter).is_relative_to(path)
    assert seen["there"]
    assert '"six==1.16.0"' in seen["after"]["ingredients"]["condaSpecification"]
    failed, shown = seen["broken"]
    assert "Building environment failed with exit code: 1" in failed
    assert "you require six==99.0" in " ".join(shown.split())
    assert "does not have Docker builds" in seen["docker"]
    assert "does not implement building for Windows" in seen["elsewhere"]
    assert "'unheard-of' is not registered" in seen["unregistered"]


def test_what_of_an_environment_has_no_effect_here_is_said(machine: Machine, tmp_path: Path):
    (tmp_path / "none.txt").write_text("")
    seen = given(
        machine,
        f"""
        import time
        from azureml.core import Environment, Experiment, ScriptRunConfig
        from azureml.core.environment import RSection

        def submit(env, script='', framework='Python'):
            os.makedirs('source', exist_ok=True)
            open('source/train.py', 'w').write(script)
            if not env.python.user_managed_dependencies:
                env.python.conda_dependencies.set_python_version('{PYTHON}')
            config = ScriptRunConfig('source', script='train.py', compute_target='cpu', environment=env)
            config.run_config.framework = framework
            return Experiment(ws, 'docker').submit(config)

        image, file = Environment.from_docker_image, Environment.from_dockerfile
        runs = {{
            'image': submit(image('image', 'own/image:1', pip_requirements='none.txt')),
            'file': submit(file('file', 'FROM own/image', pip_requirements='none.txt')),
            'alone': submit(image('alone', 'own/image:1')),
            'lacking': submit(image('lacking', 'own/image:1'), 'import package_of_the_image'),
        }}
        own = Environment('own')
        own.python.user_managed_dependencies = True
        runs['plain'] = submit(own)
        own.python.interpreter_path = '/opt/of-the-image/python'
        own.docker.base_image = 'own/image:1'
        runs['interpreter'] = submit(own)
        for name, run in runs.items():
            while run.get_status() not in ('Completed', 'Failed'):
                time.sleep(0.2)
            details = run.get_details()
            warnings = [warning['message'] for warning in details['warnings']]
            seen[name] = [details['status'], warnings, details.get('error', {{}}).get('error', {{}}).get('message')]

        section = Environment('with-r')
        section.r = RSection()
        seen['r'] = failure(submit, section)
        seen['spark'] = failure(submit, Environment('spark'), '', 'PySpark')
        """,
        cwd=tmp_path,
    )

    status, (said,), _ = seen["image"]
    assert status == "Completed"
    assert said.startswith(
        "The Docker image own/image:1 is not used: the run executes on this machine itself"
    )
    status, (said,), _ = seen["file"]
    assert status == "Completed"
    assert said.startswith("The Dockerfile of the environment is not built: the run executes on this machine")
    status, (alone,), _ = seen["alone"]
    assert status == "Completed"
    assert "nor are the packages in it: the run has what is installed for 'python' on this machine" in alone
    status, said, error = seen["lacking"]
    assert (status, said) == ("Failed", [alone])
    assert "ModuleNotFoundError: No module named 'package_of_the_image'" in error
    assert error.endswith(alone)
    assert seen["plain"] == ["Completed", [], None]
    status, _, error = seen["interpreter"]
    assert status == "Failed"
    assert "'/opt/of-the-image/python' that the environment names is not on this machine" in error
    assert "The Docker image own/image:1 is not used" in error
    assert "it has an R section" in seen["r"]
    assert "framework is PySpark; the local workspace runs Python scripts and commands" in seen["spark"]


def test_curated_environments_of_every_time_are_there_by_the_names_that_people_use(shared_machine: Machine):
    seen = given(
        shared_machine,
        """
        from azureml.core import Environment
        for name in ('AzureML-sklearn-0.24-ubuntu18.04-py37-cpu', 'AzureML-sklearn-1.0-ubuntu20.04-py38-cpu',
                     'AzureML-PyTorch-1.6-CPU', 'AzureML-tensorflow-2.7-ubuntu20.04-py38-cuda11-gpu'):
            dependencies = Environment.get(ws, name).python.conda_dependencies
            seen[name] = [dependencies.get_python_version(), list(dependencies.pip_packages)]
        seen['lower'] = Environment.get(ws, 'azureml-sklearn-1.5').name
        """,
    )

    assert seen.pop("lower") == "AzureML-sklearn-1.5"
    assert [python for python, _ in seen.values()] == ["3.7", "3.8", "3.6", "3.8"]
    sklearn, torch = seen["AzureML-sklearn-1.0-ubuntu20.04-py38-cpu"][1], seen["AzureML-PyTorch-1.6-CPU"][1]
    assert "scikit-learn==1.0.*; python_version < '3.11'" in sklearn
    assert "scikit-learn>=1.2,<1.6; python_version >= '3.11'" in sklearn
    assert "torch==1.6.*; python_version < '3.9'" in torch


@pytest.mark.skipif(os.name == "nt", reason="the program is a script")
def test_what_the_users_conda_exports_is_registered(machine: Machine, tmp_path):
    """Of the user's own conda the SDK asks its version, its environments, and what one of them holds."""
    conda = tmp_path / "bin" / "conda"
    conda.parent.mkdir()
    conda.write_text(
        '#!/bin/sh\ncase "$*" in\n--version) echo conda 24.1.0;;\n'
        '"env list --json") echo \'{"envs": ["/opt/conda", "/opt/conda/envs/mine"]}\';;\n'
        '"env export --no-builds --name mine") printf "name: mine\\nchannels: [conda-forge]\\ndependencies:\\n'
        '- python=3.11\\n- numpy=1.26\\n- pip:\\n  - six==1.16.0\\n";;\n*) exit 3;;\nesac\n'
    )
    conda.chmod(0o755)
    machine.environment["PATH"] = f"{conda.parent}{os.pathsep}{machine.environment['PATH']}"

    seen = given(
        machine,
        """
        from azureml.core import Environment
        env = Environment.from_existing_conda_environment('exported', 'mine')
        env.register(ws)
        packages = Environment.get(ws, 'exported').python.conda_dependencies
        seen['packages'] = [sorted(packages.conda_packages), list(packages.pip_packages)]
        seen['none'] = Environment.from_existing_conda_environment('exported', 'not-there')
        """,
        cwd=tmp_path,
    )

    assert seen["packages"] == [["numpy=1.26", "python=3.11"], ["six==1.16.0"]]
    assert seen["none"] is None
