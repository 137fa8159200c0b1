"""``scaffold migrate``."""

from tests.cli.test_export import offline, without_sdk
from tests.conftest import Machine, Project

__all__ = ["offline"]

TRAIN = "from azureml.core import Run\nrun = Run.get_context()\nrun.log('a', 1)\nrun.log_row('r', x=1)\nrun.parent\n"


def test_nothing_is_written_without_being_asked_to(offline: Machine, project: Project):
    folder = project(script=TRAIN)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    done = offline.run("migrate", folder)

    assert done.returncode == 0, done.stderr
    assert "+++ b/Experiment_1/experiment_1.py" in done.stdout
    assert "+mlflow.log_metric('a', 1)" in done.stdout
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    lines = done.stderr.splitlines()
    assert lines[lines.index("Not carried over:") + 1].startswith(
        "  ! Experiment_1/experiment_1.py:5: run.parent stays"
    )
    assert lines[lines.index("Different from before:") + 1].startswith(
        "  ! Experiment_1/experiment_1.py:4: log_row: "
    )


def test_written_files_are_told_with_their_copies(offline: Machine, project: Project):
    folder = project(script=TRAIN)

    document = offline.json("migrate", folder, "--write")

    files = {file["path"]: file for file in document["files"]}
    assert set(files) == {"Experiment_1/experiment_1.py", "job.yml", "run_experiment_v2.py"}
    assert files["Experiment_1/experiment_1.py"]["copy"] == "Experiment_1/experiment_1.py.bak"
    assert files["job.yml"]["new"]
    assert [note["line"] for note in document["left"]] == [5, None]  # an image holds what it holds
    assert "mlflow" in (folder / "Experiment_1" / "experiment_1.py").read_text()


def test_without_the_extra_it_says_what_to_install(offline: Machine, project: Project):
    done = without_sdk(offline, "migrate", cwd=project())

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "Error: libcst, which rewrites the scripts, is not installed beside scaffold.",
        "→ Install it: pip install 'azureml-scaffold[sdk-v2]'",
    ]
