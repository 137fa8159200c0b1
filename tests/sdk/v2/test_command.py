"""``command`` jobs from submission to download, as the second SDK and the first one see them."""

from pathlib import Path

import pytest

from tests.conftest import Machine, write_tree
from tests.sdk import calls
from tests.sdk.v2.calls import given

SCRIPT = """\
import os, pathlib, sys
print('arguments', sys.argv[1:])
for name in ('AZURE_ML_INPUT_words', 'KIND'):
    print(name, os.environ.get(name))
words, folder, file = sys.argv[1:4]
pathlib.Path(folder, 'twice.txt').write_text(pathlib.Path(words).read_text() * 2)
pathlib.Path(file).write_text('a file')
pathlib.Path('outputs/own.txt').write_text('own')
from azureml.core import Run
Run.get_context().log('loss', 0.25)
"""


def test_a_command_job_runs_and_is_seen_by_both_sdks_and_on_the_page(machine: Machine, tmp_path: Path):
    write_tree(
        tmp_path,
        {"src/train.py": SCRIPT, "src/.amlignore": "secret*\n", "src/secret.txt": "", "words.txt": "la "},
    )

    seen = given(
        machine,
        """
        from urllib import request
        job = command(
            code='src', display_name='the job', description='what for', experiment_name='v2', tags={'team': 'blue'},
            command='python train.py ${{inputs.words}} ${{outputs.folder}} ${{outputs.file}} --rate ${{inputs.rate}}'
                    ' $[[--more ${{inputs.more}}]] $[[--less ${{inputs.less}}]] && ls -A',
            inputs={'words': Input(type='uri_file', path='words.txt'), 'rate': 0.5, 'less': True},
            outputs={'folder': Output(type='uri_folder'), 'file': Output(type='uri_file', mode='upload')},
            environment=here, environment_variables={'KIND': 'blue'}, compute='cpu-cluster')
        done = ml.jobs.create_or_update(job)
        seen['url'] = done.studio_url
        seen['log'] = ended(done)
        done = ml.jobs.get(done.name)
        seen['got'] = [done.status, done.display_name, done.description, done.experiment_name, dict(done.tags),
                       done.compute, done.inputs['rate']._data, done.outputs['file'].type]
        seen['name'] = done.name
        seen['page'] = json.load(request.urlopen(done.studio_url.partition('?')[0] + '.json'))
        seen['listed'] = [[job.name, job.status] for job in ml.jobs.list()]
        seen['services'] = ml.jobs.show_services(done.name)
        ml.jobs.download(done.name, download_path='got', all=True)
        ml.jobs.download(done.name, download_path='one', output_name='folder')
        seen['files'] = {str(path): path.read_text() for path in sorted(pathlib.Path('.').rglob('*'))
                         if path.is_file() and path.parts[0] in ('got', 'one') and path.suffix != '.log'}
        ml.jobs.archive(done.name)
        seen['archived'] = [job.name for job in ml.jobs.list()]
        ml.jobs.restore(done.name)
        seen['restored'] = [job.name for job in ml.jobs.list()]
        done.tags['team'] = 'green'
        seen['changed'] = ml.jobs.create_or_update(done).tags
        """,
        cwd=tmp_path,
    )

    name, log = seen["name"], seen["log"]
    assert f"/runs/{name}?" in seen["url"]
    assert "words.txt" in log and "'--rate', '0.5', '--less', 'True']" in log
    assert "--more" not in log and "secret.txt" not in log
    assert "KIND blue" in log
    assert "The Docker image library/python:3.11 is not used" in log
    assert seen["got"] == [
        "Completed", "the job", "what for", "v2", {"team": "blue"}, "cpu-cluster", "0.5", "uri_file",
    ]  # fmt: skip
    assert seen["listed"] == [[name, "Completed"]]
    assert seen["services"] is None
    page = seen["page"]
    assert page["command"].startswith("python train.py ${{inputs.words}}")
    assert page["parameters"] == {"rate": "0.5", "less": "True"}
    assert [[entry["as"], entry["address"].rpartition("/")[2]] for entry in page["inputs"]] == [
        ["words", "words.txt"]
    ]
    assert sorted(entry["as"] for entry in page["outputs"]) == ["file", "folder"]
    assert page["environment"] == "CliV2AnonymousEnvironment"
    files = seen["files"]
    assert (
        files["got/named-outputs/folder/twice.txt"] == files["one/named-outputs/folder/twice.txt"] == "la la "
    )
    assert files["got/named-outputs/file/file"] == "a file"
    assert files["got/artifacts/outputs/own.txt"] == "own"
    assert "arguments" in files["got/artifacts/user_logs/std_log.txt"]
    assert (seen["archived"], seen["restored"]) == ([], [name])
    assert seen["changed"]["team"] == "green"

    first = calls.given(
        machine,
        f"""
        run = ws.get_run({name!r})
        seen['status'], seen['metrics'], seen['experiment'] = run.get_status(), run.get_metrics(), run.experiment.name
        seen['files'] = run.get_file_names()
        seen['environment'] = run.get_environment().docker.base_image
        seen['snapshot'] = __import__('zipfile').ZipFile(run.restore_snapshot()).namelist()
        """,
        cwd=tmp_path,
    )
    assert first["status"] == "Completed"
    assert first["metrics"] == {"loss": 0.25}
    assert first["experiment"] == "v2"
    assert "outputs/own.txt" in first["files"]
    assert first["environment"] == "library/python:3.11"
    assert sorted(first["snapshot"]) == [".amlignore", "train.py"]


def test_a_run_of_the_first_sdk_is_a_job(machine: Machine, tmp_path: Path, project):
    calls.finished(machine, project())

    seen = given(
        machine,
        """
        (job,) = ml.jobs.list()
        seen['job'] = [job.status, job.command, job.experiment_name, job.compute, job.environment]
        ml.jobs.download(job.name, download_path='got')
        seen['log'] = pathlib.Path('got/artifacts/user_logs/std_log.txt').read_text()
        """,
        cwd=tmp_path,
    )

    assert seen["job"][:4] == ["Completed", "python experiment_1.py", "Experiment_1", "cpu-cluster"]
    assert seen["job"][4] == "the-one-that-is-here:1"
    assert seen["log"] == "Experiment Executed!\n"


def test_jobs_fail_end_in_time_and_are_canceled(machine: Machine, tmp_path: Path):
    seen = given(
        machine,
        """
        from azure.ai.ml.entities import CommandJobLimits
        failed = ml.jobs.create_or_update(command(command='echo oh && exit 3', environment=here))
        seen['raised'] = failure(ml.jobs.stream, failed.name)
        seen['failed'] = ml.jobs.get(failed.name).status
        late = command(command='sleep 600', environment=here)
        late.set_limits(timeout=1)
        late = ml.jobs.create_or_update(late)
        ended(late)
        seen['late'] = ml.jobs.get(late.name).status
        slow = ml.jobs.create_or_update(command(command='sleep 600', environment=here))
        ml.jobs.begin_cancel(slow.name).wait()
        seen['canceled'] = over(slow.name).status
        ml.jobs.begin_cancel(slow.name).wait()
        seen['unknown'] = failure(ml.jobs.get, 'nobody')
        seen['deleted'] = failure(ml.jobs.begin_delete, slow.name)
        """,
        cwd=tmp_path,
    )

    assert "JobException" in seen["raised"] and "status code 3" in seen["raised"]
    assert seen["failed"] == "Failed"
    assert seen["late"] == "Canceled"
    assert seen["canceled"] == "Canceled"
    assert "ResourceNotFoundError" in seen["unknown"]
    assert "archive it" in seen["deleted"]


@pytest.mark.slow
def test_inputs_arrive_in_every_mode_and_outputs_are_inputs_of_the_next_job(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"data/a.txt": "A", "data/deep/b.txt": "B", "model/MLmodel": "flavors: {}\n"})

    seen = given(
        machine,
        """
        def said(**inputs):
            names = ' '.join('${{inputs.%s}}' % name for name in inputs)
            job = ml.jobs.create_or_update(command(
                command=f'for each in {names}; do find $each -type f | sort | xargs cat; echo; done',
                inputs=inputs, environment=here))
            return ended(job).partition('====\\n\\n')[2].partition('\\n\\nExecution')[0].split()
        folder = Input(type='uri_folder', path='data')
        seen['mounted'] = said(data=folder)
        seen['downloaded'] = said(data=Input(type='uri_folder', path='data', mode='download'))
        seen['table'] = said(data=Input(type='mltable', path='data', mode='ro_mount'))
        kinds = {kind: Input(type=f'{kind}_model', path='model') for kind in ('mlflow', 'custom')}
        seen['model'] = said(**kinds)
        direct = ml.jobs.create_or_update(command(
            command='echo ${{inputs.data}}', environment=here,
            inputs={'data': Input(type='uri_folder', path='data', mode='direct')}))
        seen['direct'] = ended(direct)
        first = submitted(command(command='echo made > ${{outputs.out}}/made.txt', environment=here,
                                  outputs={'out': Output(type='uri_folder')}))
        seen['next'] = said(data=Input(type='uri_folder', path=first.outputs['out'].path))
        seen['by job'] = said(data=Input(type='uri_folder', path=f'azureml://jobs/{first.name}/outputs/out/paths/'))
        seen['in the datastore'] = said(
            data=Input(type='uri_file', path=f'azureml://datastores/workspaceblobstore/paths/azureml/{first.name}/out/made.txt'))
        wrong = command(command='ls ${{inputs.data}}', environment=here,
                        inputs={'data': Input(type='uri_folder', path='wasbs://c@a.blob.core.windows.net/')})
        seen['wrong'] = failure(ml.jobs.create_or_update, wrong)
        written = command(command='ls ${{inputs.data}}', environment=here,
                          inputs={'data': Input(type='uri_folder', path='data', mode='rw_mount')})
        seen['written'] = failure(ml.jobs.create_or_update, written)
        """,
        cwd=tmp_path,
    )

    assert seen["mounted"] == seen["downloaded"] == seen["table"] == ["AB"]
    assert seen["model"] == ["flavors:", "{}", "flavors:", "{}"]
    assert "azureml://subscriptions/" in seen["direct"] and "/paths/LocalUpload/" in seen["direct"]
    assert seen["next"] == seen["by job"] == seen["in the datastore"] == ["made"]
    assert "does not reach 'wasbs://c@a.blob.core.windows.net/'" in seen["wrong"]
    assert "in the mode 'ReadWriteMount'" in seen["written"]


@pytest.mark.slow
def test_several_processes_know_their_places(machine: Machine):
    seen = given(
        machine,
        """
        from azure.ai.ml import MpiDistribution, PyTorchDistribution, TensorFlowDistribution
        show = 'echo $RANK of $WORLD_SIZE $TF_CONFIG'
        for kind in (PyTorchDistribution(process_count_per_instance=2), MpiDistribution(process_count_per_instance=2),
                     TensorFlowDistribution(worker_count=2)):
            job = submitted(command(command=show, environment=here, distribution=kind))
            ml.jobs.download(job.name, download_path=job.name)
            seen[kind.type] = sorted(
                path.read_text() for path in pathlib.Path(job.name, 'artifacts/user_logs').iterdir())
        many = command(command=show, environment=here, instance_count=2,
                       distribution=PyTorchDistribution(process_count_per_instance=1))
        seen['nodes'] = failure(ml.jobs.create_or_update, many)
        """,
    )

    assert seen["pytorch"] == seen["mpi"] == ["0 of 2\n", "1 of 2\n"]
    assert all('"worker"' in text for text in seen["tensorflow"])
    assert "one machine" in seen["nodes"]


@pytest.mark.slow
def test_what_of_a_job_has_no_effect_is_kept_and_said(machine: Machine, tmp_path: Path):
    write_tree(tmp_path, {"pipeline.yml": PIPELINE})

    seen = given(
        machine,
        """
        from azure.ai.ml.entities import SshJobService, UserIdentityConfiguration
        from azure.ai.ml.sweep import Choice, RandomSamplingAlgorithm
        def said(name):
            text = ended(ml.jobs.get(name))
            lines = [line for line in text.splitlines() if line.startswith('Recorded, with no effect')]
            return lines[0] if lines else None
        asked = dict(identity=UserIdentityConfiguration(), queue_settings={'job_tier': 'Spot'}, environment=here)
        job = submitted(command(command='true', services={'door': SshJobService(ssh_public_keys='x')},
                                instance_type='Standard_D2', shm_size='8g', docker_args='--gpus all', **asked))
        seen['said'] = said(job.name)
        seen['kept'] = [job.identity.type, job.queue_settings.job_tier, job.services['door'].type,
                        job.resources.instance_type]
        seen['nothing'] = said(submitted(command(command='true', environment=here)).name)
        tried = command(command='echo ${{inputs.rate}}', inputs={'rate': Choice([1])}, environment=here).sweep(
            primary_metric='loss', goal='Minimize', sampling_algorithm=RandomSamplingAlgorithm(rule='sobol', seed=1))
        tried.set_limits(max_total_trials=1)
        tried.identity = UserIdentityConfiguration()
        seen['sweep'] = said(submitted(tried).name)
        pipeline = submitted(load_job('pipeline.yml'))
        seen['pipeline'] = said(pipeline.name)
        (step,) = ml.jobs.list(parent_job_name=pipeline.name)
        seen['step'] = step.name
        pathlib.Path('child.yml').write_text(
            "type: command\\ncommand: 'true'\\nenvironment: {image: 'library/python:3.11'}\\n"
            f"parent_job_name: {job.name}\\n")
        child = submitted(load_job('child.yml'))
        seen['children'] = [found.name == child.name for found in ml.jobs.list(parent_job_name=job.name)]
        """,
        cwd=tmp_path,
    )

    for word in ("UserIdentity", "jobTier Spot", "door (SSH)", "Standard_D2", "--gpus all", "8g"):
        assert word in seen["said"]
    assert seen["kept"] == ["user_identity", "spot", "ssh", "Standard_D2"]
    assert seen["nothing"] is None
    assert "UserIdentity" in seen["sweep"]
    assert "the sampling rule sobol" in seen["sweep"].lower()
    assert "the default datastore elsewhere" in seen["pipeline"]
    assert seen["children"] == [True]
    step = calls.given(machine, f"seen['said'] = ws.get_run({seen['step']!r}).get_details()['warnings']")
    assert "the queue settings" in str(step["said"])


PIPELINE = """\
type: pipeline
settings: {default_compute: azureml:cpu-cluster, default_datastore: azureml:elsewhere}
jobs:
  step:
    command: 'true'
    environment: {image: library/python:3.11}
    queue_settings: {job_tier: Spot}
"""
