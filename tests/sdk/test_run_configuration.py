"""``RunConfiguration``: written down, read again, and run."""

from pathlib import Path

from tests.conftest import Machine
from tests.sdk.calls import given

_SCRIPT = 'import os, sys\nprint(sys.argv[1:], os.environ.get("MINE"), os.environ.get("NUMBER"))\n'


def test_a_configuration_is_saved_loaded_and_run(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        f"""
        from azureml.core.conda_dependencies import CondaDependencies
        from azureml.core.runconfig import RunConfiguration
        experiment = Experiment(ws, "loaded")
        os.makedirs("source", exist_ok=True)
        open("source/train.py", "w").write({_SCRIPT!r})
        def log(run):
            run.wait_for_completion()
            return run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
        configuration = RunConfiguration()
        configuration.target = "cpu-cluster"
        configuration.script = "train.py"
        configuration.arguments = ["--of", "configuration"]
        configuration.environment_variables = {{"MINE": "yes", "NUMBER": "3"}}
        configuration.environment.name = "here"
        configuration.environment.python.user_managed_dependencies = True
        runs = {{}}
        runs["written"] = experiment.submit(ScriptRunConfig("source", run_config=configuration))
        runs["overridden"] = experiment.submit(ScriptRunConfig(
            "source", script="train.py", arguments=["--other"], run_config=configuration))
        configuration.arguments = ["--of", "configuration"]
        changed = ScriptRunConfig("source", script="train.py", compute_target="cpu-cluster")
        changed.run_config.environment = configuration.environment
        changed.run_config.environment_variables = {{"MINE": "later"}}
        changed.run_config.arguments = ["late"]
        runs["changed"] = experiment.submit(changed)

        os.makedirs("kept/.azureml")
        configuration.save(path="kept", name="mine")
        again = RunConfiguration.load(path="kept", name="mine")
        seen["again"] = [again.target, again.script, again.arguments, again.environment_variables,
                         again.environment.name, again.environment.python.user_managed_dependencies]
        runs["loaded"] = experiment.submit(ScriptRunConfig("source", run_config=again))

        packages = CondaDependencies.create(pip_packages=["six==1.16.0"], conda_packages=["scikit-learn"])
        packages.add_conda_package("numpy")
        configuration.environment.python.conda_dependencies = packages
        configuration.save(path="kept", name="packages")
        text = RunConfiguration.load(path="kept", name="packages").environment.python.conda_dependencies
        seen["packages"] = [{{"scikit-learn", "numpy"}} <= set(text.conda_packages), "six==1.16.0" in text.pip_packages]
        seen.update((name, log(run)) for name, run in runs.items())
        """,
        cwd=tmp_path,
    )

    written = "['--of', 'configuration'] yes 3\n"
    assert seen["written"] == written
    assert seen["overridden"] == "['--other'] yes 3\n"
    assert seen["changed"] == "['late'] later None\n"
    assert seen["again"] == [
        "cpu-cluster", "train.py", ["--of", "configuration"], {"MINE": "yes", "NUMBER": "3"}, "here", True,
    ]  # fmt: skip
    assert seen["loaded"] == written
    assert seen["packages"] == [True, True]
