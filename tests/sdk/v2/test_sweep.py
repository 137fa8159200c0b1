"""``sweep`` jobs: their trials, the best of them, and what is refused."""

from pathlib import Path

import pytest

from tests.conftest import Machine, write_tree
from tests.sdk.v2.calls import given
from tests.workspace.client import Workspace

SCRIPT = """\
import pathlib, sys
from azureml.core import Run
rate, kind, out = float(sys.argv[1]), sys.argv[2], sys.argv[3]
Run.get_context().log('score', rate)
pathlib.Path(out, 'made.txt').write_text(f'{rate} {kind}')
"""


@pytest.mark.slow
def test_a_sweep_runs_its_trials_and_names_the_best(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"src/trial.py": SCRIPT})

    seen = given(
        machine,
        """
        from azure.ai.ml.sweep import BanditPolicy, Choice, Uniform
        trial = command(
            code='src', command='python trial.py ${{inputs.rate}} ${{inputs.kind}} ${{outputs.out}}',
            inputs={'rate': 0.0, 'kind': 'plain'}, outputs={'out': Output(type='uri_folder')}, environment=here,
            compute='cpu-cluster')
        grid = trial(rate=Choice([0.25, 0.5, 0.75])).sweep(
            sampling_algorithm='grid', primary_metric='score', goal='Maximize', compute='cpu-cluster',
            early_termination_policy=BanditPolicy(slack_factor=10, evaluation_interval=1))
        grid.set_limits(max_total_trials=10, max_concurrent_trials=2, timeout=600)
        grid.experiment_name, grid.display_name = 'sweeps', 'the grid'
        done = submitted(grid)
        seen['done'] = [done.status, done.type, done.display_name, done.sampling_algorithm.type, done.objective.goal]
        children = list(ml.jobs.list(parent_job_name=done.name))
        seen['children'] = sorted(child.status for child in children)
        best = done.properties['best_child_run_id']
        job = ml.jobs.get(best)
        seen['best'] = [job.type, job.command, job.status]
        seen['names'] = [done.name, best]
        ml.jobs.download(done.name, download_path='got', all=True)
        seen['made'] = pathlib.Path('got/named-outputs/out/made.txt').read_text()

        several = trial(rate=Uniform(0, 1)).sweep(
            sampling_algorithm='random', primary_metric='score', goal='minimize', compute='cpu-cluster')
        several.set_limits(max_total_trials=2, max_concurrent_trials=2)
        done = submitted(several)
        seen['random'] = [done.status, len(list(ml.jobs.list(parent_job_name=done.name)))]

        clever = trial(rate=Uniform(0, 1)).sweep(
            sampling_algorithm='bayesian', primary_metric='score', goal='minimize', compute='cpu-cluster')
        clever.set_limits(max_total_trials=2)
        seen['bayesian'] = failure(ml.jobs.create_or_update, clever)

        slow = command(command='sleep 600 && echo ${{inputs.rate}}', inputs={'rate': 0.0}, environment=here)
        slow = slow(rate=Choice([1, 2])).sweep(
            sampling_algorithm='grid', primary_metric='score', goal='minimize', compute='cpu-cluster')
        slow.set_limits(max_total_trials=2, max_concurrent_trials=2)
        slow = ml.jobs.create_or_update(slow)
        ml.jobs.begin_cancel(slow.name).wait()
        seen['canceled'] = over(slow.name).status
        """,
        cwd=tmp_path,
    )

    assert seen["done"][:3] == ["Completed", "sweep", "the grid"]
    assert seen["done"][3].lower() == "grid" and seen["done"][4].lower() == "maximize"
    assert seen["children"] == ["Completed"] * 3
    assert seen["best"] == ["command", "python trial.py 0.75 ${{inputs.kind}} ${{outputs.out}}", "Completed"]
    assert seen["made"] == "0.75 plain"
    shown = machine.run("runs", "show", seen["names"][0]).stdout
    assert f"best child   {seen['names'][1]} (0.75)" in shown and "_aml_system_" not in shown
    page = Workspace(machine.state).own_page(f"/runs/{seen['names'][0]}.json").json()
    assert (page["best"]["run_id"], page["best"]["metric"], page["best"]["score"]) == (
        seen["names"][1],
        "score",
        "0.75",
    )
    assert seen["random"] == ["Completed", 2]
    assert "Bayesian" in seen["bayesian"]
    assert seen["canceled"] == "Canceled"
