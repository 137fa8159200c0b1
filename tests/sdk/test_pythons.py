"""The whole way on every Python that is supported: the wheel installed, a project made, submitted and completed."""

import os
import subprocess
from pathlib import Path

import pytest
import uv

from tests.conftest import REPOSITORY, SDK, Machine, write_tree
from tests.sdk.calls import given

pytestmark = pytest.mark.slow


def pythons() -> dict[str, str]:
    """The supported versions that are installed on this machine, with their interpreters."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = {}
    for path in sorted(root.glob("3.*/bin/python")):
        minor = ".".join(path.relative_to(root).parts[0].split(".")[:2])
        if minor in ("3.10", "3.11", "3.12", "3.13"):
            found[minor] = str(path)
    return found


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [uv.find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", folder, REPOSITORY], check=True
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.parametrize("kind", ["pip", "conda"])
@pytest.mark.parametrize("version", sorted(pythons()))
def test_the_installed_wheel_takes_a_new_project_to_its_end(
    machine: Machine, wheel: Path, tmp_path: Path, version: str, kind: str
):
    environment = machine.environment
    python = tmp_path / "venv" / "bin" / "python"
    for command in (
        ["venv", "--quiet", "--python", pythons()[version], tmp_path / "venv"],
        ["pip", "install", "--quiet", "--python", python, wheel],
        ["pip", "check", "--quiet", "--python", python],
    ):
        subprocess.run([uv.find_uv_bin(), *command], env=environment, check=True)

    def scaffold(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [python.with_name("scaffold"), *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    made = scaffold("new", "my-exp", "--no-input", "--python-version", version, "--environment", kind)
    done = scaffold("submit", "my-exp", "--follow")

    assert made.returncode == 0, made.stderr
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.endswith("\nExperiment Executed!\n")
    assert "✓ Completed" in done.stderr
    assert "metrics of this run may not have been sent" not in done.stdout


@pytest.mark.parametrize("version", sorted(pythons()))
def test_the_sdk_works_inside_a_run_environment_of_that_python(
    machine: Machine, tmp_path: Path, version: str
):
    imghdr = "standard-imghdr; python_version >= '3.13'"  # azureml-core imports what Python 3.13 dropped
    (tmp_path / "requirements.txt").write_text(f"{SDK}\n{imghdr}\n")
    write_tree(
        tmp_path / "source",
        {
            "train.py": "import sys\nfrom azureml.core import Run\nrun = Run.get_context()\n"
            "run.log('minor', sys.version_info[1])\nrun.tag('from', run.experiment.name)\n"
            "open('a.txt', 'w').write('a')\nrun.upload_file('kept/a.txt', 'a.txt')\n"
        },
    )
    seen = given(
        machine,
        f"""
        import time
        from azureml.core import Environment, Experiment, ScriptRunConfig
        env = Environment.from_pip_requirements('of-that-python', 'requirements.txt')
        env.python.conda_dependencies.set_python_version('{version}')
        config = ScriptRunConfig('source', script='train.py', compute_target='cpu', environment=env)
        run = Experiment(ws, 'pythons').submit(config)
        while run.get_status() not in ('Completed', 'Failed'):
            time.sleep(0.2)
        seen['status'] = run.get_status()
        seen['warnings'] = run.get_details()['warnings']
        seen['metrics'] = run.get_metrics()
        seen['tags'] = run.get_tags()
        seen['files'] = run.get_file_names()
        """,
        cwd=tmp_path,
    )

    assert seen["status"] == "Completed"
    assert seen["warnings"] == []
    assert seen["metrics"] == {"minor": int(version.partition(".")[2])}
    assert seen["tags"]["from"] == "pythons"
    assert "kept/a.txt" in seen["files"]
