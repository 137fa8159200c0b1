"""``scaffold submit --sdk v2``: the same projects through azure-ai-ml."""

from pathlib import Path

import pytest

from scaffold.generate import Answers, generate
from tests.cli import tree
from tests.cli.test_export import without_sdk
from tests.cli.test_submit import assert_refused
from tests.conftest import Machine, Project
from tests.sdk.calls import given

# What SDK v1 knows of a run, whichever SDK it came through: metrics, files with what is in them, and the log.
RECORDED = """
import tempfile
from azureml.core import Run
for run_id in {runs}:
    run = Run.get(ws, run_id)
    run.wait_for_completion()
    with tempfile.TemporaryDirectory() as folder:
        run.download_files(prefix="outputs/", output_directory=folder)
        files = {{}}
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                files[os.path.relpath(path, folder)] = open(path).read()
        run.download_file("user_logs/std_log.txt", os.path.join(folder, "log"))
        log = open(os.path.join(folder, "log")).read().replace(run_id, "THE-RUN")  # MLflow prints where it logs to
    seen[run_id] = {{"metrics": run.get_metrics(), "files": files, "log": log}}
"""


def recorded(machine: Machine, *runs: str) -> list[dict]:
    seen = given(machine, RECORDED.format(runs=list(runs)))
    return [seen[run] for run in runs]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pip", "conda"])
@pytest.mark.parametrize("sdk", ["v1", "v2", "both"])
def test_a_generated_project_records_the_same_through_both(
    shared_machine: Machine, tmp_path: Path, sdk, kind
):
    root = generate(Answers(sdk=sdk, environment_kind=kind), tmp_path).path

    done = [shared_machine.json("submit", root, "--follow", "--sdk", one) for one in ("v1", "v2")]
    runs = [run["run_id"] for run in done]
    if sdk != "v1":  # and by its own script, as somebody without this tool
        by_hand = shared_machine.run("exec", "--", "python", "run_experiment_v2.py", cwd=root)
        assert by_hand.returncode == 0, by_hand.stderr
        runs.append(by_hand.stdout.strip().partition("?")[0].rpartition("/")[2])

    assert [run["status"] for run in done] == ["Completed", "Completed"]
    assert done[0].keys() == done[1].keys()
    through_v1, *through_v2 = recorded(shared_machine, *runs)
    assert all(one == through_v1 for one in through_v2)
    assert len(through_v1["metrics"]["loss"]) == 20
    assert through_v1["files"].keys() == {"outputs/model.json"}
    assert "Experiment Executed!" in through_v1["log"]


def test_it_shows_the_same_stages(shared_machine: Machine, project: Project):
    done = shared_machine.run("submit", project(), "--follow", "--sdk", "v2")

    assert (done.returncode, done.stdout) == (0, "Experiment Executed!\n"), done.stderr
    words = [" ".join(line.split()[:2]) for line in done.stderr.splitlines()]
    assert [word for word in words if word.startswith("✓")] == [
        "✓ checked",
        "✓ snapshot",
        "✓ environment",
        "✓ queued",
        "✓ Completed",
    ]


def test_an_upload_that_is_refused_ends_the_submission(shared_machine: Machine, project: Project):
    folder = project()
    (folder / "Experiment_1" / "a\nb.txt").write_text("the local workspace takes no such name")

    done = shared_machine.run("submit", folder, "--follow", "--sdk", "v2", "--no-check")

    assert_refused(done, 4, "The local workspace refuses the submission (400)")


ALL_FLAGS = "import os, sys\nprint(sys.argv[1:], os.environ['COLOUR'])\n"


def test_flags_change_the_job_and_not_the_project(shared_machine: Machine, project: Project):
    folder = project(
        script=ALL_FLAGS, **{"constants.py": 'TARGET_NAME = "c1"\nEXPERIMENT_NAME = "E"\nSDK = "v2"\n'}
    )

    document = shared_machine.json(
        "submit", folder, "--follow", "--experiment", "Another", "--compute-target", "big-cluster",
        "--arg", "steps=5", "--arg", "a b", "--env", "COLOUR=blue", "--tag", "team=a", "--name", "First try",
        "--timeout", "600",
    )  # fmt: skip

    assert (document["experiment"], document["target"], document["status"]) == (
        "Another",
        "big-cluster",
        "Completed",
    )
    run_id = document["run_id"]
    seen = given(
        shared_machine,
        f"""
        from azureml.core import Run
        run = Run.get(ws, {run_id!r})
        details = run.get_details_with_logs()
        seen['tags'], seen['name'] = run.get_tags(), run.display_name
        seen['log'] = details['logFiles']['user_logs/std_log.txt']
        """,
    )
    assert seen["log"].endswith("['--steps', '5', 'a b'] blue\n")
    assert (seen["tags"]["team"], seen["name"]) == ("a", "First try")


def test_a_failing_script_is_the_exit_code(shared_machine: Machine, project: Project):
    done = shared_machine.run(
        "submit", project(script="print('so far')\nraise SystemExit(3)\n"), "--follow", "--sdk", "v2"
    )

    assert (done.returncode, done.stdout) == (5, "so far\n"), done.stderr
    assert "Error: The run experiment_1_" in done.stderr


def test_a_dry_run_sends_nothing_and_shows_the_job(shared_machine: Machine, project: Project):
    folder = project()
    (folder / "Experiment_1" / ".amlignore").write_text("*.csv\n!kept.csv\n")
    for name in ("kept.csv", "left.csv"):
        (folder / "Experiment_1" / name).write_text("1,2\n")

    shown = shared_machine.run("submit", folder, "--dry-run", "--sdk", "v2", "--arg", "steps=5")
    document = shared_machine.json("submit", folder, "--dry-run", "--sdk", "v2")

    assert "command         python experiment_1.py --steps 5\n" in shown.stdout
    tree.validator("scaffold submit --dry-run --json")(document)
    assert "snapshot        3 files, " in shown.stdout
    assert document["source_directory"] == str(folder / "Experiment_1")
    assert document["job"]["compute"] == "azureml:cpu-cluster"
    asked = f"""
    from azureml.core import Run
    seen['found'] = failure(Run.get, ws, {document["name"]!r})
    """
    assert "was not found" in given(shared_machine, asked)["found"]


def test_a_job_yml_that_was_changed_by_hand_is_not_what_is_submitted(
    shared_machine: Machine, project: Project
):
    folder = project()
    (folder / "job.yml").write_text("type: command\n")

    done = shared_machine.run("submit", folder, "--dry-run", "--sdk", "v2")

    assert done.returncode == 0, done.stderr
    assert "  ! job.yml differs from the project, which is what is submitted" in done.stderr


@pytest.mark.parametrize(
    ("constants", "arguments", "said"),
    [
        ("", ("--sdk", "v3"), "--sdk is 'v3', and there is no such SDK."),
        ("SDK = 'v3'\n", (), "SDK in constants.py is 'v3', and there is no such SDK."),
    ],
)
def test_there_are_two_sdks(shared_machine: Machine, project: Project, constants, arguments, said):
    folder = project(**{"constants.py": constants + 'TARGET_NAME = "c1"\nEXPERIMENT_NAME = "E"\n'})

    assert_refused(shared_machine.run("submit", folder, *arguments), 2, said, "It takes v1 or v2.")


def test_a_local_run_is_not_one_of_sdk_v2(shared_machine: Machine, project: Project):
    done = shared_machine.run("submit", project(), "--sdk", "v2", "--compute-target", "local")

    assert_refused(done, 3, "which SDK v2 takes for Docker on this machine")


def test_what_only_running_the_script_tells_is_an_error_with_its_line(
    shared_machine: Machine, project: Project
):
    folder = project()
    runner = folder / "run_experiment.py"
    script = runner.read_text().replace(
        "    environment=env,", "    environment=env,\n    arguments=[str(os.getpid())],"
    )
    runner.write_text(script)

    line = script[: script.index("os.getpid")].count("\n") + 1
    assert_refused(
        shared_machine.run("submit", folder, "--sdk", "v2"),
        3,
        f"run_experiment.py:{line}: this argument is computed",
    )


def test_without_the_extra_it_says_what_to_install(shared_machine: Machine, project: Project):
    done = without_sdk(shared_machine, "submit", "--sdk", "v2", cwd=project())

    assert_refused(
        done,
        2,
        "SDK v2 (azure-ai-ml) is not installed beside scaffold.",
        "pip install 'azureml-scaffold[sdk-v2]'",
    )


def test_a_refusal_of_the_service_is_told_in_two_lines(machine: Machine, project: Project):
    folder = project()
    machine.run("workspace", "fault", "role")

    done = machine.run("submit", folder, "--sdk", "v2")

    assert_refused(done, 4, "The login may not do this in the local workspace (403)")
