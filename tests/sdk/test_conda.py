"""Conda specifications for real, from a channel on disk; and what happens when a channel cannot be reached."""

import os
import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from tests.channel import PYTHON, Channel
from tests.conftest import SDK, Machine
from tests.sdk.calls import given

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the channel's packages are for POSIX")

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"

# The helper of every test here: a conda file is written as people write it, and a script submitted with it.
SUBMIT = """
import time
from azureml.core import Environment, Experiment, ScriptRunConfig

def submit(name, specification, script, **options):
    open(f'{name}.yml', 'w').write(specification)
    os.makedirs(name, exist_ok=True)
    open(f'{name}/train.py', 'w').write(script)
    env = Environment.from_conda_specification(name, f'{name}.yml')
    config = ScriptRunConfig(name, script='train.py', environment=env, **options)
    return Experiment(ws, 'conda').submit(config)

def outcome(run):
    while run.get_status() not in ('Completed', 'Failed', 'Canceled'):
        time.sleep(0.2)  # wait_for_completion asks less and less often
    details = run.get_details_with_logs()
    return {
        'status': details['status'],
        'error': details.get('error', {}).get('error', {}).get('message'),
        'warnings': [warning['message'] for warning in details['warnings']],
        'build': details['logFiles'].get('azureml-logs/20_image_build_log.txt'),
        'log': details['logFiles'].get('user_logs/std_log.txt'),
        'metrics': run.get_metrics(),
    }
"""


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Channel:
    """A channel with a Python, a package for it, and a program that wants a variable set."""
    channel = Channel(tmp_path_factory.mktemp("channel") / "own")
    channel.add_python()
    for version in ("1.1", "1.2"):
        channel.add(
            "greet", version,
            {"site-packages/greet.py": f"WORDS = 'hello from conda {version}'\n".encode()},
            depends=("python >=3.8",), build="py_0", noarch="python", form=".tar.bz2",
        )  # fmt: skip
    channel.add(
        "compass", "2.0",
        {
            "bin/compass": b"#!/bin/sh\necho \"compass of $COMPASS_HOME\"\n",
            "etc/conda/activate.d/compass.sh": b'export COMPASS_HOME="$CONDA_PREFIX/share/compass"\n',
        },
    )  # fmt: skip
    return channel


@pytest.fixture
def conda_machine(machine: Machine) -> Machine:
    """A machine on which py-rattler does conda's work, whatever else is installed."""
    machine.environment["SCAFFOLD_CONDA"] = "rattler"
    return machine


def seen_on(machine: Machine, folder: Path, code: str) -> dict:
    return given(machine, SUBMIT + textwrap.dedent(code), cwd=folder)


@pytest.mark.slow
def test_a_script_runs_in_a_prefix_that_was_made_from_the_channel(
    conda_machine: Machine, channel: Channel, tmp_path: Path
):
    seen = seen_on(
        conda_machine,
        tmp_path,
        f"""
        specification = '''
        name: greeting
        channels: [{channel.url}, nodefaults]
        dependencies:
          - python={MINOR}
          - greet=1.1=py_0
          - {channel.url}::compass>=2
          - pip:
            - six==1.16.0
            - {SDK}
        '''
        script = '''
        import os, subprocess, sys
        import greet, six
        from azureml.core import Run
        print(greet.WORDS, '|', six.__version__, '|', sys.prefix == os.environ['CONDA_PREFIX'])
        print(subprocess.check_output(['compass'], text=True).strip().replace(sys.prefix, 'PREFIX'))
        Run.get_context().log('minor', sys.version_info[1])
        '''
        import textwrap
        run = submit('greeting', textwrap.dedent(specification), textwrap.dedent(script))
        seen['first'] = outcome(run)
        second = submit('greeting', textwrap.dedent(specification), 'print(1)')
        seen['second'] = outcome(second)
        """,
    )

    first = seen["first"]
    assert first["status"] == "Completed", first
    assert first["log"] == "hello from conda 1.1 | 1.16.0 | True\ncompass of PREFIX/share/compass\n"
    assert first["metrics"] == {"minor": sys.version_info[1]}
    assert first["warnings"] == []
    for said in (f" + greet 1.1 py_0\n + python {PYTHON} 0", channel.url, "with py-rattler", "+ six==1.16.0"):
        assert said in first["build"]
    assert seen["second"]["status"] == "Completed"
    assert seen["second"]["build"] is None  # it was there already
    assert conda_machine.json("workspace", "status")["environments"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["micromamba", "mamba", "conda"])
def test_the_users_own_tool_makes_the_same(machine: Machine, channel: Channel, tmp_path: Path, tool: str):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed here")
    machine.environment["SCAFFOLD_CONDA"] = tool
    machine.environment["CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY"] = "false"  # the channel has none
    seen = seen_on(
        machine,
        tmp_path,
        f"""
        def file(*dependencies):
            lines = [f'  - {{dependency}}' for dependency in (f'python={MINOR}', *dependencies)]
            return '\\n'.join(['channels: [{channel.url}, nodefaults]', 'dependencies:', *lines])

        script = 'import greet, six; print(greet.WORDS, six.__version__)'
        runs = {{
            'fine': submit('fine', file('{channel.url}::greet=1.1', 'pip: [six==1.16.0]'), script),
            'version': submit('version', file('greet=9'), ''),
        }}
        seen.update({{name: outcome(run) for name, run in runs.items()}})
        """,
    )

    assert seen["fine"]["status"] == "Completed", seen["fine"]
    assert seen["fine"]["log"] == "hello from conda 1.1 1.16.0\n"
    assert f"with {shutil.which(tool)}" in seen["fine"]["build"]
    assert seen["version"]["status"] == "Failed"
    assert "greet" in seen["version"]["error"]


@pytest.mark.slow
def test_what_a_channel_cannot_give_is_a_failure_with_the_solvers_reason(
    conda_machine: Machine, channel: Channel, tmp_path: Path
):
    nowhere = tmp_path / "nowhere"
    seen = seen_on(
        conda_machine,
        tmp_path,
        f"""
        def file(*dependencies, channel={channel.url!r}):
            lines = [f'  - {{dependency}}' for dependency in (f'python={MINOR}', *dependencies)]
            return '\\n'.join([f'channels: [{{channel}}, nodefaults]', 'dependencies:', *lines])

        runs = {{
            'version': submit('version', file('greet=9'), ''),
            'pip': submit('pip', file('greet', 'pip: [six==99.0]'), ''),
            'channel': submit('channel', file('greet', channel={nowhere.as_uri()!r}), ''),
            'closed': submit('closed', file('greet', channel='http://127.0.0.1:9/own'), ''),
            'match': submit('match', file('greet>=1,,<2,='), ''),
        }}
        seen.update({{name: outcome(run) for name, run in runs.items()}})
        """,
    )

    reasons = {
        "version": "No candidates were found for greet 9.*",
        "pip": "there is no version of six==99.0",
        "channel": f"in channel '{nowhere.as_uri()}/'",
        "closed": "The conda channel http://127.0.0.1:9/own cannot be reached: Connection refused",
        "match": "unable to parse version spec: >=1,,<2,=",
    }
    for name, reason in reasons.items():
        assert seen[name]["status"] == "Failed", seen[name]
        assert reason in seen[name]["error"], seen[name]["error"]
        assert reason in seen[name]["build"]
    assert conda_machine.json("workspace", "status")["environments"] == 0


def test_where_no_channel_can_be_reached_packages_come_from_pypi_and_it_is_said(
    conda_machine: Machine, tmp_path: Path
):
    conda_machine.environment["CONDA_CHANNEL_ALIAS"] = "http://127.0.0.1:9"
    seen = seen_on(
        conda_machine,
        tmp_path,
        f"""
        specification = '''
        channels: [conda-forge, nodefaults]
        dependencies: [python={MINOR}, six=1.16, libgcc-ng, pip: [tabulate==0.9.0]]
        '''
        script = 'import six, tabulate; print(six.__version__, tabulate.__version__)'
        seen['first'] = outcome(submit('offline', specification, script))
        seen['second'] = outcome(submit('offline', specification, script))
        """,
    )

    for run in (seen["first"], seen["second"]):
        assert run["status"] == "Completed", run
        assert run["log"] == "1.16.0 0.9.0\n"
        unreachable, translated = run["warnings"]
        assert unreachable == "No conda channel can be reached (conda-forge: Connection refused)."
        assert "six=1.16: six==1.16.* from PyPI; libgcc-ng: left out" in translated
    assert "No conda channel can be reached" in seen["first"]["build"]
    assert seen["second"]["build"] is None  # it was there already
    assert conda_machine.json("workspace", "status")["environments"] == 1
