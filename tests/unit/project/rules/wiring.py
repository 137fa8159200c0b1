"""run_experiment.py."""

from tests.unit.project.trees import CONSTANTS, RUNNER, Case

RUN = "run_experiment.py"
UNUSED = RUNNER.replace("    config.run_config.environment = env\n", "")
NO_TARGET = RUNNER.replace(",\n                             compute_target=constants.TARGET_NAME", "")
IN_A_FUNCTION = """\
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
import constants

def environment():
    return Environment.from_pip_requirements(name='env-2', file_path='requirements.txt')

config = ScriptRunConfig(source_directory='Experiment_1', script='train.py',
                         compute_target=constants.TARGET_NAME, environment=environment())
Experiment(Workspace.from_config(), constants.EXPERIMENT_NAME).submit(config)
"""


def runner(says: str, rule: str, text: str | bytes | None, *finds: str) -> Case:
    return Case(f"wiring-{rule}", says, {RUN: text}, finds)


CALLS_HEAD = """\
from azureml import core
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.train.automl import AutoMLConfig
ws = Workspace.from_config()
"""

CASES = [
    runner("does not parse", "file", "x = 1\ndef f(:\n", f"error {RUN}:2: not valid Python: invalid syntax."),
    runner(
        "has null bytes",
        "file",
        b"x = 1\0",
        f"error {RUN}:1: not valid Python: source code string cannot contain null bytes.",
    ),
    runner("is of no known form", "file", "print('nothing to see')\n"),
    Case(
        "wiring-source",
        "names a folder that is not there",
        {"Experiment_1/train.py": None},
        (f"error {RUN}:8: there is no folder Experiment_1.",),
    ),
    Case(
        "wiring-source",
        "is named in constants.py",
        {
            "constants.py": CONSTANTS.replace("'Experiment_1'", "'Experiment_2'"),
            RUN: RUNNER.replace(
                "os.path.join(here, 'Experiment_1')", "os.path.join(here, constants.EXPERIMENT_NAME)"
            ),
        },
        ("error constants.py:2: there is no folder Experiment_2.",),
    ),
    runner(
        "is of another computer",
        "source",
        RUNNER.replace("os.path.join(here, 'Experiment_1')", "'/home/me/exp'"),
        f"error {RUN}:8: there is no folder /home/me/exp.",
    ),
    *(
        runner(f"is {path}", "source", RUNNER.replace("os.path.join(here, 'Experiment_1')", path))
        for path in (
            "os.path.abspath('Experiment_1')",
            "os.path.join(os.getcwd(), 'Experiment_1')",
            "'%s/Experiment_1' % os.getcwd()",
        )
    ),
    runner(
        "is in the working folder, and not there",
        "source",
        RUNNER.replace("os.path.join(here, 'Experiment_1')", "os.path.join(os.getcwd(), 'gone')"),
        f"error {RUN}:8: there is no folder gone.",
    ),
    runner(
        "is in the folder that the script goes to",
        "source",
        "import os\nos.chdir('Experiment_1')\n"
        + RUNNER.replace("os.path.join(here, 'Experiment_1')", "'gone'"),
        f"error {RUN}:10: there is no folder Experiment_1/gone.",
    ),
    runner(
        "may be in any folder that the script goes to",
        "source",
        RUNNER.replace("    ws =", "    os.chdir('Experiment_1')\n    ws =").replace(
            "os.path.join(here, 'Experiment_1')", "'.'"
        ),
    ),
    runner("is computed", "source", RUNNER.replace("'Experiment_1'", "os.environ['EXPERIMENT']")),
    Case(
        "wiring-script",
        "names a file that is not there",
        {"Experiment_1/train.py": None, "Experiment_1/other.py": ""},
        (f"error {RUN}:8: there is no file Experiment_1/train.py.",),
    ),
    *(
        runner(
            f"is started by {command}",
            "script",
            RUNNER.replace("script='train.py'", f"command={command}"),
            f"error {RUN}:8: there is no file Experiment_1/gone.py.",
        )
        for command in (
            "['python', 'gone.py']",
            "'python gone.py --a 1'.split()",
            "'python3 -u gone.py'",
            "f'python gone.py --id {os.getpid()}'",
            "'pip install -r requirements.txt && A=1 python ./gone.py > log.txt'",
        )
    ),
    *(
        runner(
            f"may be there for {command}", "script", RUNNER.replace("script='train.py'", f"command={command}")
        )
        for command in (
            "['python', 'train.py']",
            "['bash', 'gone.sh']",
            "'python -m gone.train'",
            "'python -c \"print(1)\"'",
            "'cd sub && python gone.py'",
            "'git clone https://host/x && python x/gone.py'",
            "'python $SCRIPT'",
            "'python ${{inputs.script}}.py'",
            "command",
            "'python \"gone.py'",
        )
    ),
    Case(
        "wiring-source",
        "is a folder that is not there, through SDK v2",
        {
            RUN: "from azure.ai.ml import MLClient, command\nclient = MLClient.from_config(None)\n"
            "client.jobs.create_or_update(command(code='./gone', command='python a.py', environment='e@latest'))\n"
        },
        (f"error {RUN}:3: there is no folder gone.",),
    ),
    Case(
        "wiring-script",
        "is a script that is not there, through SDK v2",
        {
            RUN: "from azure.ai.ml import command\n"
            "job = command(code='Experiment_1', command='python a.py --x ${{inputs.x}}', environment='e@latest')\n"
        },
        (f"error {RUN}:2: there is no file Experiment_1/a.py.",),
    ),
    Case(
        "wiring-source",
        "is in a repository, through SDK v2",
        {
            RUN: "from azure.ai.ml import command\n"
            "job = command(code='git+https://host/x', command='python a.py', environment='e@latest')\n"
        },
    ),
    Case(
        "wiring-unread",
        "submits a pipeline of SDK v2",
        {
            RUN: "from azure.ai.ml import MLClient, load_job\nMLClient().create_or_update(load_job('job.yml'))\n"
        },
        (f"warning {RUN}:1: it submits through SDK v2 in a way that is not read here.",),
    ),
    Case(
        "wiring-unread",
        "submits one command of SDK v2",
        {
            RUN: "from azure.ai.ml import command\n"
            "job = command(code='Experiment_1', command='python train.py', environment='e@latest')\n"
        },
    ),
    Case(
        "wiring-specification",
        "names a file that is not there",
        {"requirements.txt": None},
        (f"error {RUN}:10: there is no file requirements.txt.",),
    ),
    runner("is made in code", "specification", RUNNER.replace("from_pip_requirements", "from_docker_image")),
    runner(
        "is not called",
        "submit",
        RUNNER.replace("if __name__ == '__main__':\n    run_experiment()\n", ""),
        f"warning {RUN}:5: run_experiment() submits the experiment, but nothing calls it.",
    ),
    runner(
        "is forgotten",
        "submit",
        RUNNER.replace(
            "    run = Experiment(ws, constants.EXPERIMENT_NAME).submit(config)\n", "    run = ws\n"
        ).replace("    config.run_config.environment = env\n", ""),
        f"warning {RUN}:8: the ScriptRunConfig is made but never submitted.",
    ),
    runner(
        "is called by another name",
        "submit",
        RUNNER.replace("    run_experiment()\n", "    main = run_experiment\n    main()\n"),
    ),
    runner(
        "is done by a function of elsewhere",
        "submit",
        RUNNER.replace("Experiment(ws, constants.EXPERIMENT_NAME).submit(config)", "go(config)"),
    ),
    runner(
        "is in a library that a script imports",
        "submit",
        RUNNER.replace("if __name__ == '__main__':\n", "if True:\n"),
    ),
    runner(
        "is made and not passed on",
        "environment",
        UNUSED,
        f"warning {RUN}:10: the environment env is made, but nothing uses it.",
    ),
    runner(
        "is passed to the ScriptRunConfig",
        "environment",
        UNUSED.replace("script='train.py',", "script='train.py', environment=env,"),
    ),
    runner("is registered", "environment", UNUSED.replace("    run = ", "    env.register(ws)\n    run = ")),
    runner(
        "is made by a function that nothing calls",
        "environment",
        IN_A_FUNCTION.replace(", environment=environment())", ")"),
        f"warning {RUN}:4: the environment environment() is made, but nothing uses it.",
    ),
    runner("is made by a function that is called", "environment", IN_A_FUNCTION),
    runner(
        "is made by a function for somebody else",
        "environment",
        IN_A_FUNCTION.replace(", environment=environment())", ")").replace("config)", "config, environment)"),
    ),
    runner(
        "was taken out and is still used",
        "name",
        IN_A_FUNCTION.replace("config = ScriptRunConfig(", "print("),
        f"warning {RUN}:9: 'config' is not defined.",
    ),
    runner(
        "is asked for before it is used",
        "name",
        IN_A_FUNCTION.replace("config = ", "try:\n    print(config)\nexcept NameError:\n    config = "),
    ),
    runner("is returned", "environment", UNUSED.replace("    print(", "    return env\n    print(")),
    runner(
        "is lost",
        "target",
        NO_TARGET,
        f"warning {RUN}:8: the ScriptRunConfig has no compute target, and TARGET_NAME is not used.",
    ),
    runner(
        "is set on the run configuration",
        "target",
        NO_TARGET.replace("    run = ", "    config.run_config.target = 'x'\n    run = "),
    ),
    Case(
        "wiring-target",
        "is nobody's wish",
        {RUN: NO_TARGET, "constants.py": CONSTANTS.replace("TARGET_NAME", "X")},
    ),
    runner(
        "gives a target beside a run configuration",
        "ignored",
        RUNNER.replace("script='train.py',", "script='train.py', run_config=rc, environment=None,"),
        f"warning {RUN}:9: compute_target is ignored, because run_config is given too.",
    ),
    runner(
        "gives no run configuration",
        "ignored",
        RUNNER.replace("script='train.py',", "script='train.py', run_config=None,"),
    ),
    *(
        runner(
            f"is {line}", "import", f"import os\n{line}\n", *(f"warning {RUN}:2: {found}" for found in finds)
        )
        for line, *finds in (
            ("from azure.ml.environment import CondaDependencies", "there is no module azure.ml."),
            ("import azure.ml", "there is no module azure.ml."),
            ("from azureml import Datastore", "azureml has no Datastore (azureml-core 1.61.0.post4)."),
            ("from azureml.environment import Environment", "there is no module azureml.environment."),
            (
                "from azureml.core import Envronment",
                "azureml.core has no Envronment (azureml-core 1.61.0.post4).",
            ),
            (
                "from azureml.core.runconfigs import MpiConfiguration",
                "there is no module azureml.core.runconfigs.",
            ),
            ("import azureml.core.gone", "there is no module azureml.core.gone."),
            ("from azureml.core import *",),
            ("from azureml.core import Workspace, runconfig, VERSION",),
            ("from azureml.core.conda_dependencies import CondaDependencies",),
            ("from azureml.contrib.gone import Anything",),
            ("from azureml.train.automl import AutoMLConfig",),
            ("from azureml.train.gone import Anything",),
            ("from azureml.gone import anything",),
            ("import azureml._restclient.snapshots_client",),
            ("from azure.ai.ml import MLClient, command",),
            ("from azure.identity import Anything",),
            ("try:\n    from azureml import Datastore\nexcept ImportError:\n    pass",),
            ("from azureml.pipeline.steps import PythonScriptStep",),
        )
    ),
    *(
        runner(
            f"is {line}", "call", f"{CALLS_HEAD}{line}\n", *(f"{one[0]} {RUN}:5: {one[1]}" for one in finds)
        )
        for line, *finds in (
            ("ScriptRunConfig('.', arguements=[])", ("error", "ScriptRunConfig takes no arguements.")),
            ("core.ScriptRunConfig('.', arguements=[])", ("error", "ScriptRunConfig takes no arguements.")),
            ("ScriptRunConfig(script='a.py')", ("error", "ScriptRunConfig lacks source_directory.")),
            (
                "ScriptRunConfig('.', source_directory='.')",
                ("error", "ScriptRunConfig is given source_directory twice."),
            ),
            ("Environment()", ("error", "Environment lacks name.")),
            (
                "Environment.from_conda_specification('e', path='x')",
                ("error", "from_conda_specification takes no path."),
            ),
            (
                "Experiment(ws, 'e').submit(ScriptRunConfig('.'), name='x')",
                ("error", "submit takes no name."),
            ),
            ("config = ScriptRunConfig('.')\nExperiment(ws, 'e').submit(config, run_id='x')",),
            ("Workspace.from_config(paht='x')", ("error", "from_config takes no paht.")),
            (
                "ws.get_default_datastore('x')",
                ("error", "get_default_datastore takes 0 arguments by position, and is given 1."),
            ),
            ("ScriptRunConfig('.', **more)",),
            ("ScriptRunConfig(*more, script='x')",),
            ("Experiment(ws, 'e').submit(other(), name='x')",),
            ("AutoMLConfig(anything=1)",),
            ("Environment('e', anything=1)",),
            ("Experiment(ws, 'e').submit(ScriptRunConfig('.'), tags={}, run_id='x')",),
            ("ws.experiments['a'].submit(1, 2, 3, 4)",),
        )
    ),
    runner(
        "is in a condition",
        "call",
        f"{CALLS_HEAD}if ws:\n    ScriptRunConfig('.', gone=1)\n",
        f"warning {RUN}:6: ScriptRunConfig takes no gone.",
    ),
    runner(
        "is that of the project's own class",
        "call",
        "class ScriptRunConfig:\n    def __init__(self, anything): ...\nScriptRunConfig(anything=1)\n",
    ),
    runner(
        "comes with all others",
        "call",
        "from azureml.core import *\nScriptRunConfig('.', gone=1)\n",
        f"error {RUN}:2: ScriptRunConfig takes no gone.",
    ),
]
