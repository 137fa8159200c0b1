"""The run that several modules of a project share."""

from pathlib import Path

from scaffold.migration.proposal import propose
from scaffold.project.subject import Subject
from tests.conftest import write_tree

SUBMIT = """\
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
ws = Workspace.from_config()
env = Environment.from_pip_requirements('e', 'requirements.txt')
Experiment(ws, 'trial').submit(ScriptRunConfig('src', 'train.py', environment=env))
"""
CONTEXT = "from azureml.core import Run\nrun = Run.get_context()\n"
STARTED = "import mlflow\nrun = mlflow.active_run() or mlflow.start_run()\n"


def migrated(root: Path, **modules: str) -> tuple[dict[str, str], list[tuple[str, int | None]]]:
    """The modules afterwards, and where something is left."""
    write_tree(root, {"submit.py": SUBMIT, "requirements.txt": "numpy\n"})
    write_tree(root, {f"src/{name}.py": text for name, text in modules.items()})
    found = propose(Subject(root, root / "submit.py"))
    after = modules | {
        Path(one.shown).stem: one.after for one in found.changes if one.shown.startswith("src/")
    }
    for name, text in after.items():
        compile(text, name, "exec")
    return after, [(Path(note.file).stem, note.line) for note in found.notes if note.kind == "left"]


def test_a_run_that_is_imported_is_the_run(tmp_path):
    after, left = migrated(
        tmp_path, helper=CONTEXT, train="import os\nfrom helper import run\nrun.log('a', 1)\nprint(run.id)\n"
    )
    assert after["helper"] == STARTED
    assert after["train"] == (
        "import os\nfrom helper import run\nimport mlflow\nmlflow.log_metric('a', 1)\nprint(run.info.run_id)\n"
    )
    assert left == []


def test_a_function_of_another_module_that_returns_it(tmp_path):
    helper = "from azureml.core import Run\ndef get():\n    return Run.get_context()\n"
    after, left = migrated(tmp_path, helper=helper, train="import helper\nhelper.get().log('a', 1)\n")
    assert "return mlflow.active_run() or mlflow.start_run()" in after["helper"]
    assert after["train"] == "import helper\nimport mlflow\nmlflow.log_metric('a', 1)\n"
    assert left == []


def test_a_function_of_another_module_that_is_given_it(tmp_path):
    helper = "def record(run, value):\n    run.log('a', value)\n"
    after, left = migrated(
        tmp_path, helper=helper, train=CONTEXT + "from helper import record\nrecord(run, 1)\n"
    )
    assert after["helper"].endswith("def record(run, value):\n    log_value('a', value)\n")
    assert "get_context" not in after["train"]
    assert left == []


def test_a_callback_of_another_module(tmp_path):
    callback = """\
class Callback:
    def __init__(self, run):
        self.run = run
    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.run.log(name, value)
"""
    after, left = migrated(
        tmp_path, callbacks=callback, train=CONTEXT + "from callbacks import Callback\nc = Callback(run)\n"
    )
    assert "log_value(valid_name(name), value, step=epoch)" in after["callbacks"]
    assert left == []


def test_modules_that_share_a_run_keep_it_together(tmp_path):
    train = "from helper import run\nprint(run.id)\nrun.log('a', 1)\ndata = run.input_datasets['d']\n"
    after, left = migrated(tmp_path, helper=CONTEXT, train=train)
    assert after["helper"] == CONTEXT
    assert "print(run.id)\nmlflow.log_metric('a', 1)\n" in after["train"]
    assert left == [("helper", 1), ("train", 4)]


def test_a_run_that_is_given_out_of_the_project_stays(tmp_path):
    after, left = migrated(
        tmp_path, helper=CONTEXT, train="from library import fit\nfrom helper import run\nfit(run)\n"
    )
    assert after["helper"] == CONTEXT
    assert left == [("helper", 1), ("train", 3)]


def test_a_function_that_is_given_a_child_run_logs_to_that(tmp_path):
    helper = "from azureml.core import Run\ndef record(run: Run):\n    run.log('a', 1)\n"
    train = CONTEXT + "from helper import record\nrecord(run.child_run('c'))\n"
    after, left = migrated(tmp_path, helper=helper, train=train)
    assert after["helper"] == helper
    assert after["train"] == train
    assert ("train", 4) in left


def test_the_attribute_of_an_object(tmp_path):
    helper = "from azureml.core import Run\nclass T:\n    def __init__(self):\n        self.run = Run.get_context()\n"
    after, left = migrated(
        tmp_path, helper=helper, train="from helper import T\nt = T()\nt.run.log('a', 1)\n"
    )
    assert "mlflow.log_metric('a', 1)" in after["train"]
    assert left == []


def test_a_run_that_nobody_is_seen_to_give_is_told(tmp_path):
    helper = "if False:\n    from azureml.core import Run\ndef f(run: 'Run'):\n    run.log('a', 1)\n"
    after, left = migrated(tmp_path, helper=helper, train="import helper\n")
    assert after["helper"] == helper
    assert left == [("helper", 2)]
