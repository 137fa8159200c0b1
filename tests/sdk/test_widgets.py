"""``RunDetails(run).show()`` of azureml-widgets, in a notebook that is executed as ``jupyter nbconvert`` does it."""

import json
from pathlib import Path

import pytest

from tests.conftest import Machine, Project
from tests.sdk.conftest import Interpreter
from tests.sdk.test_mlflow import lines, outside

pytestmark = pytest.mark.slow  # an environment with a notebook kernel is put together first

CELLS = (
    """
import os, sys, time
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
ws = Workspace.from_config(path='.azureml')
here = Environment('here')
here.python.user_managed_dependencies = True
here.python.interpreter_path = sys.executable
run = Experiment(ws, 'shown').submit(ScriptRunConfig(
    'Experiment_1', script='experiment_1.py', compute_target='cpu-cluster', environment=here))
""",
    """
from azureml.widgets import RunDetails
details = RunDetails(run)
details.show()
""",
    "run.wait_for_completion(show_output=True)",
    """
widget = details.widget_instance
deadline = time.monotonic() + 120
while time.monotonic() < deadline:
    if widget.run_properties.get('status') == 'Completed' and 'Run is completed' in (widget.run_logs or ''):
        break
    time.sleep(0.2)
data = details.get_widget_data()
import json
print('SEEN ' + json.dumps({
    'status': data['status'], 'page': data['workbench_run_details_uri'] == run.get_portal_url(),
    'metrics': {metric['name']: metric['series'][0]['data'] for metric in widget.run_metrics},
    'log': widget.run_logs, 'error': widget.error, 'children': len(data['child_runs'])}))
""",
)
NOTEBOOK = """
import nbformat
from nbclient import NotebookClient
notebook = nbformat.v4.new_notebook()
notebook.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
for cell in notebook.cells:
    for output in cell.outputs:
        print(output.get("text") or sorted(output.get("data", {})))
"""
SCRIPT = """
from azureml.core import Run
run = Run.get_context()
for step in range(4):
    run.log("loss", 1 / (step + 1))
run.log_row("row", x=1, y=2)
run.log_list("list", [1, 2, 3])
with run.child_run("part") as child:
    child.log("loss", 7)
print("from the script")
"""


@pytest.fixture(scope="session")
def notebook(python_with: Interpreter) -> Path:
    """A notebook kernel with the widgets; they need an IPython of their day."""
    packages = ("azureml-core", "azureml-widgets", "ipython<8.13", "ipykernel", "nbclient", "setuptools<80")
    return python_with(*packages)


def test_a_notebook_shows_a_run_with_its_metrics_and_its_log(
    shared_machine: Machine, project: Project, notebook: Path
):
    program = f"CELLS = {CELLS!r}\n{NOTEBOOK}"

    done = outside(shared_machine, notebook, program, project(script=SCRIPT))

    seen = json.loads(lines(done, "SEEN")[0])
    assert seen == {
        "status": "Completed",
        "page": True,
        "metrics": {"loss": [1, 1 / 2, 1 / 3, 1 / 4], "row": [{"x": 1, "y": 2}], "list": [1, 2, 3]},
        "log": "from the script\n\nRun is completed.",
        "error": "",
        "children": 1,
    }
    assert "application/vnd.jupyter.widget-view+json" in done.stdout
    assert "from the script" in done.stdout
