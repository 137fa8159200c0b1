"""``compute_target="local"``: a run in the folder and beneath the variables of who submits it."""

import json
import os
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import TUTORIAL_CONFIG, Machine, write_tree
from tests.sdk.calls import given

TRAIN = """\
import os, sys
from azureml.core import Run
run = Run.get_context()
run.log('loss', 0.25)
run.tag('where', os.getcwd())
run.tag('python', sys.prefix)
run.tag('mine', os.environ.get('OF_THE_SUBMITTER', ''))
open('outputs/model.txt', 'w').write('weights')
print('trained as', run.experiment.name, sys.argv[1:])
"""

# The SDK keeps its copies of projects in the folder for temporary files.
SUBMIT = """\
import tempfile
tempfile.tempdir = os.getcwd()
from azureml.core import Environment, Experiment, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
here = Environment('here')
here.python.user_managed_dependencies = True
def submit(environment=here, script='train.py', experiment='locally', **options):
    config = ScriptRunConfig('source', script=script, environment=environment, **options)
    return Experiment(ws, experiment).submit(config)
"""


def local(machine: Machine, folder: Path, code: str, script: str = TRAIN):
    """What the code filled ``seen`` with; ``submit`` submits the script to the local target."""
    write_tree(folder, {"source/train.py": script, "source/data/d.csv": "1"})
    return given(machine, SUBMIT + code, cwd=folder)


def test_a_local_run_works_in_the_sdks_copy_with_the_submitters_python_and_variables(
    shared_machine: Machine, tmp_path: Path
):
    seen = local(
        shared_machine,
        tmp_path,
        """
os.environ['OF_THE_SUBMITTER'] = 'größe'
run = submit(arguments=['--rate', 0.5])
seen['details'] = run.wait_for_completion(show_output=True)
seen['target'] = run.get_details()['target']
seen['metrics'], seen['files'], seen['tags'] = run.get_metrics(), run.get_file_names(), run.get_tags()
run.download_file('outputs/model.txt', 'model.txt')
run.restore_snapshot(path='restored')
seen['restored'] = [name for _, _, names in os.walk('restored') for name in names]
seen['id'] = run.id
seen['log'] = run.get_details_with_logs()['logFiles']['user_logs/std_log.txt']
import pathlib
seen['kept'] = [entry.name for entry in pathlib.Path('azureml_runs', run.id).iterdir()]
""",
    )

    assert seen["details"]["status"] == "Completed"
    assert seen["target"] == "local"
    assert seen["metrics"] == {"loss": 0.25}
    assert set(seen["files"]) == {"outputs/model.txt", "user_logs/std_log.txt"}
    assert seen["log"] == "trained as locally ['--rate', '0.5']\n"
    assert (tmp_path / "model.txt").read_text() == "weights"
    assert seen["tags"] == {
        "where": str(tmp_path / "azureml_runs" / seen["id"]),
        "python": sys.prefix,
        "mine": "größe",
    }
    assert seen["restored"] != []
    assert {"train.py", "data", "outputs", "azureml-setup"} <= set(seen["kept"])
    assert "invocation.zip" not in seen["kept"]


def test_a_local_run_gets_the_environment_that_it_asks_for(shared_machine: Machine, tmp_path: Path):
    seen = local(
        shared_machine,
        tmp_path,
        """
os.environ['PYTHONPATH'] = '/of/the/submitter'
os.environ['MPLBACKEND'] = 'module://of_a_notebook'
env = Environment('built')
env.python.conda_dependencies = CondaDependencies.create(
    python_version='3.11', pip_packages=['six==1.16.0'], pin_sdk_version=False)
run = submit(env)
run.wait_for_completion()
seen['log'] = run.get_details_with_logs()['logFiles']['user_logs/std_log.txt']
seen['names'] = sorted(run.get_details()['logFiles'])
""",
        script=(
            "import os, sys, six\n"
            "print(six.__version__, os.environ.get('MPLBACKEND'), '/of/the/submitter' in sys.path,"
            " os.environ['VIRTUAL_ENV'] == sys.prefix)\n"
        ),
    )

    assert seen["log"] == "1.16.0 None False True\n"
    assert len(seen["names"]) == 2


def test_local_runs_fail_and_are_canceled_like_others(shared_machine: Machine, tmp_path: Path):
    seen = local(
        shared_machine,
        tmp_path,
        """
import time
failed = submit(arguments=['fail'])
seen['raised'] = failure(failed.wait_for_completion)
endless = submit(arguments=['wait'])
while endless.get_status() != 'Running':
    time.sleep(0.1)
endless.cancel()
while endless.get_status() not in ('Canceled', 'Completed', 'Failed'):
    time.sleep(0.1)
seen['statuses'] = [failed.get_status(), endless.get_status()]
unknown = Environment('unknown')
unknown.python.user_managed_dependencies = True
unknown.python.interpreter_path = 'python-of-nobody'
seen['unknown'] = failure(submit(unknown).wait_for_completion)
""",
        script="import sys, time\nif sys.argv[1] == 'fail': sys.exit('no data')\ntime.sleep(600)\n",
    )

    assert "no data" in seen["raised"]
    assert seen["statuses"] == ["Failed", "Canceled"]
    assert "'python-of-nobody' that the environment names is not on this machine" in seen["unknown"]


def test_a_project_without_a_snapshot_runs_locally(shared_machine: Machine, tmp_path: Path):
    seen = local(
        shared_machine,
        tmp_path,
        """
config = ScriptRunConfig('source', script='train.py', environment=here)
config.run_config.history.snapshot_project = False
run = Experiment(ws, 'locally').submit(config)
run.wait_for_completion()
seen['metrics'] = run.get_metrics()
seen['snapshot'] = failure(run.restore_snapshot)
""",
    )

    assert seen["metrics"] == {"loss": 0.25}
    assert seen["snapshot"] is not None


@pytest.mark.skipif(os.name != "posix", reason="finds packages where POSIX has them")
@pytest.mark.parametrize("named", ["by its path", "by the PATH"])
def test_runs_take_the_python_of_an_environment_that_is_not_active(
    shared_machine: Machine, tmp_path: Path, named: str
):
    venv.create(tmp_path / "other", symlinks=True)
    (packages,) = (tmp_path / "other" / "lib").glob("python*/site-packages")
    (packages / "of_the_tests.pth").write_text(f"{Path(pytest.__file__).parent.parent}\n")
    programs = tmp_path / "other" / "bin"
    write_tree(
        tmp_path,
        {
            "source/train.py": "import sys\nprint('run by', sys.prefix)\n",
            "submit.py": "import os\nfrom azureml.core import Workspace\nws = Workspace.from_config()\n" + SUBMIT + """
for target in ('local', 'cpu'):
    run = submit(compute_target=target)
    run.wait_for_completion()
    print(run.get_details_with_logs()['logFiles']['user_logs/std_log.txt'])
""",
            ".azureml/config.json": json.dumps(TUTORIAL_CONFIG),
        },
    )  # fmt: skip
    python = programs / "python" if named == "by its path" else "python"
    path = shared_machine.environment["PATH"]
    variables = {"VIRTUAL_ENV": "", "CONDA_PREFIX": ""}
    variables["PATH"] = path if named == "by its path" else f"{programs}{os.pathsep}{path}"

    done = shared_machine.run("exec", "--", python, "submit.py", cwd=tmp_path, env=variables)

    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("run by")] == [
        f"run by {tmp_path / 'other'}"
    ] * 2
