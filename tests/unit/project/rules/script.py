"""The script and the modules that it imports."""

from tests.unit.project.trees import AZURE, CONDA_RUNNER, CONSTANTS, RUNNER, Case, Content

TRAIN = "Experiment_1/train.py"
RUN = "run_experiment.py"
PARSER = """\
import argparse

def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--kind", choices=["a", "b"])
    parser.add_argument("--data", required=True)
    parser.add_argument("--fast", action="store_true")
    return parser.parse_args()
"""
WITH_ARGUMENTS = RUNNER.replace("script='train.py',", "script='train.py', arguments=constants.ARGUMENTS,")
IN_CODE = RUNNER.replace("script='train.py',", "script='train.py', arguments=%s,")


def script(rule: str, says: str, text: str | bytes, *finds: str, **more: Content) -> Case:
    files = {name.replace("__", "/"): content for name, content in more.items()}
    return Case(f"script-{rule}", says, {TRAIN: text, **files}, finds)


def with_python(version: str, **more: Content) -> dict[str, Content]:
    return {"constants.py": CONSTANTS.replace("3.11", version), **more}


def arguments(says: str, given: str, *finds: str, parser: str = PARSER) -> Case:
    files = {
        TRAIN: parser,
        "run_experiment.py": WITH_ARGUMENTS,
        "constants.py": f"{CONSTANTS}ARGUMENTS = {given}\n",
    }
    told = tuple(f"warning constants.py:4: the script refuses its arguments: {message}." for message in finds)
    return Case("script-arguments", says, files, told)


MATCH = "match 1:\n    case 1:\n        pass\n"

CASES = [
    # Syntax
    script(
        "syntax",
        "does not parse",
        "import os\n\nprint('hi'\n",
        f"error {TRAIN}:3: not valid Python: '(' was never closed.",
    ),
    script(
        "syntax",
        "does not compile",
        "\nreturn 1\n",
        f"error {TRAIN}:2: not valid Python: 'return' outside function.",
    ),
    script(
        "syntax",
        "has a module that does not parse",
        "import os, helpers.one\n",
        "error Experiment_1/helpers/one.py:1: not valid Python: invalid syntax.",
        Experiment_1__helpers__one__py=None,
        **{"Experiment_1/helpers/one.py": "x = = 1\n"},
    ),
    script(
        "syntax",
        "has a module that does not parse and may not be imported",
        "def f():\n    import one\n",
        "warning Experiment_1/one.py:1: not valid Python: invalid syntax.",
        **{"Experiment_1/one.py": "x = = 1\n"},
    ),
    script(
        "syntax",
        "has files beside it that nothing imports",
        "import os\n",
        **{"Experiment_1/template.py": "{{ name }} = = 1\n", "Experiment_1/python2.py": "print 'x'\n"},
    ),
    script(
        "syntax",
        "is for a newer Python than ours, and wrong there too",
        "type X = int\nx = = 1\n",
        f"error {TRAIN}:2: not valid Python 3.14: Expected an expression.",
        **with_python("3.14"),
    ),
    script(
        "syntax",
        "is for a newer Python than ours",
        "def first[T](items: list[T]) -> T:\n    return items[0]\nx = t'{1}'\ntry:\n    pass\nexcept A, B:\n    pass\n",
        **with_python("3.14"),
    ),
    script("syntax", "is for a Python that nobody knows yet", "x = = 1\n", **with_python("3.99")),
    script("syntax", "has warnings in store", "x = '\\d'\nassert (x, 'always')\n"),
    # The environment's Python
    Case(
        "script-python",
        "is newer than the environment's Python",
        {TRAIN: MATCH, ".azureml/config.json": AZURE, **with_python("3.9")},
        (f"error {TRAIN}:1: Python 3.9 does not know this yet: `match` statement, new in Python 3.10.",),
    ),
    Case(
        "script-python",
        "is newer than the Python that the SDK takes when nobody chose one",
        {
            TRAIN: "def f(x: int, /) -> int:\n    return x\nwith (open('a') as a, open('b') as b):\n    pass\n",
            "run_experiment.py": "".join(
                line for line in RUNNER.splitlines(True) if "set_python" not in line
            ),
            ".azureml/config.json": AZURE,
        },
        (
            f"error {TRAIN}:3: Python 3.8.13, the SDK's own choice, does not know this yet: parentheses within a "
            "`with` statement, new in Python 3.9.",
        ),
    ),
    Case(
        "script-python",
        "may be run by a newer one by the local workspace",
        {TRAIN: MATCH, **with_python("3.9")},
        (f"warning {TRAIN}:1: Python 3.9 does not know this yet: `match` statement, new in Python 3.10.",),
    ),
    Case(
        "script-python",
        "is for the Python of the conda file",
        {
            TRAIN: MATCH,
            "run_experiment.py": CONDA_RUNNER,
            "environment.yml": "channels: [conda-forge]\ndependencies: [python=3.10, pip]\n",
        },
    ),
    Case(
        "script-python",
        "uses what its Python has",
        {TRAIN: "if (x := 1):\n    print(f'{x=}')\n", **with_python("3.8")},
    ),
    # Names
    script(
        "name",
        "uses a name that nothing binds",
        "import os\nprint(os.sep, datas)\n",
        f"warning {TRAIN}:2: 'datas' is not defined.",
    ),
    script(
        "name",
        "uses names in its own way",
        "import sys\n"
        "from helpers import *\n"
        "if sys.version_info[0] == 2:\n    text = unicode\n"
        "try:\n    range = xrange\nexcept NameError:\n    pass\n"
        "def f(x: 'Later', y: list['Other']) -> 'Third':\n    return Later2\n"
        "class Later2: pass\n",
        **{"Experiment_1/helpers.py": "anything = 1\n"},
    ),
    # Arguments
    arguments(
        "gets an option that it does not have",
        "['--data', 'd', '--stepz', '3']",
        "unrecognized arguments: --stepz 3",
    ),
    arguments("lacks a required one", "['--steps', '3']", "the following arguments are required: --data"),
    arguments("gets none at all", "[]", "the following arguments are required: --data"),
    arguments(
        "gets a value of the wrong type",
        "['--data', 'd', '--steps', 'x']",
        "argument --steps: invalid int value: 'x'",
    ),
    arguments(
        "gets a value that is not one of the choices",
        "['--data', 'd', '--kind', 'c']",
        "argument --kind: invalid choice: 'c' (choose from 'a', 'b')",
    ),
    arguments("gets what it wants", "['--data', 'd', '--steps', 3, '--kind=a', '--fast']"),
    arguments("gets an option cut short", "['--dat', 'd', '--st', '3']"),
    arguments(
        "leaves what it does not know to others",
        "['--x', '1']",
        parser=PARSER.replace("parse_args", "parse_known_args"),
    ),
    arguments(
        "has options in a condition",
        "['--x', '1']",
        parser=PARSER.replace(
            '    parser.add_argument("--fast"', '    if parse:\n        parser.add_argument("--x"'
        ),
    ),
    arguments(
        "gets its options from elsewhere",
        "['--x', '1']",
        parser=PARSER.replace("    return parser", "    more(parser)\n    return parser"),
    ),
    arguments(
        "has a parser elsewhere", "['--x', '1']", parser="from options import parser\nparser.parse_args()\n"
    ),
    arguments("has no parser", "['--x', '1']", parser="import sys\nprint(sys.argv)\n"),
    Case(
        "script-arguments",
        "gets values that only the submitting script knows",
        {
            TRAIN: PARSER,
            "run_experiment.py": IN_CODE % "['--data', data.as_mount(), '--steps', steps, '--kind', k]",
        },
    ),
    Case(
        "script-arguments",
        "gets an unknown option besides those",
        {TRAIN: PARSER, "run_experiment.py": IN_CODE % "['--data', data.as_mount(), '--speed', '1']"},
        (
            "warning run_experiment.py:8: the script refuses its arguments: unrecognized arguments: --speed 1.",
        ),
    ),
    Case(
        "script-arguments",
        "gets arguments that are not known",
        {TRAIN: PARSER, "run_experiment.py": IN_CODE % "['--data', *more]"},
    ),
    Case(
        "script-arguments",
        "gets values that the cluster fills in",
        {TRAIN: PARSER, "run_experiment.py": IN_CODE % "['--data', 'd', '--steps', '$AZ_STEPS']"},
    ),
    # numpy
    script(
        "numpy-alias",
        "uses an alias with a numpy that has none",
        "import numpy as np\nx = np.float(1)\n",
        f"warning {TRAIN}:2: numpy has no np.float any more.",
    ),
    script(
        "numpy-alias",
        "uses an alias with the newest of everything",
        "import numpy\nx = numpy.int(1)\n",
        f"warning {TRAIN}:2: numpy has no np.int any more.",
        **{"requirements.txt": "pandas\n"},
    ),
    script(
        "numpy-alias",
        "has an older numpy",
        "import numpy as np\nx = np.float(1)\n",
        **{"requirements.txt": "numpy==1.23.5\n"},
    ),
    script(
        "numpy-alias",
        "may have an older numpy",
        "import numpy as np\nx = np.int(1)\n",
        **{"requirements.txt": "numpy\ntensorflow==2.4\n"},
    ),
    script("numpy-alias", "uses numpy's own types", "import numpy as np\nx = np.float64(1) + np.bool_(1)\n"),
    script(
        "numpy-alias",
        "uses what numpy 2 has again",
        "import numpy as np\nx = np.bool(1)\n",
        **{"requirements.txt": "numpy==2.1.0\n"},
    ),
    # Workspace.from_config in a run
    script(
        "workspace",
        "looks for config.json in the run",
        "from azureml.core import Workspace\ndef main():\n    ws = Workspace.from_config()\nmain()\n",
        f"warning {TRAIN}:3: Workspace.from_config() finds no config.json where the run is.",
    ),
    script(
        "workspace",
        "looks for config.json when it is no run",
        "from azureml.core import Run, Workspace\nrun = Run.get_context()\n"
        "if run.id.startswith('Off'):\n    ws = Workspace.from_config()\n",
    ),
    script(
        "workspace",
        "has a config.json with it",
        "from azureml.core import Workspace\nws = Workspace.from_config()\n",
        **{"Experiment_1/config.json": AZURE},
    ),
    # Paths
    script(
        "path",
        "has paths of one computer",
        '"""Reads /home/me/data."""\n'
        "open('/home/me/data.csv')\nopen(r'C:\\Users\\me\\data.csv')\nX = '/Users/me/models'\n"
        "Y = '/content/drive/MyDrive'\n",
        f"warning {TRAIN}:2: '/home/me/data.csv' is a path of one computer.",
        f"warning {TRAIN}:3: 'C:\\Users\\me\\data.csv' is a path of one computer.",
        f"warning {TRAIN}:4: '/Users/me/models' is a path of one computer.",
        f"warning {TRAIN}:5: '/content/drive/MyDrive' is a path of one computer.",
    ),
    script(
        "path",
        "has texts that are none",
        "a = '/tmp/x'\nb = 'outputs/home/x'\nc = 'https://x/home/me/y'\nd = '/homepage/x'\ne = '/home'\n"
        "f = 'a: b'\ng = 'C:'\nh = '/api/Users/1'\n",
    ),
    Case(
        "script-path",
        "has one as the default of an argument that is given",
        {
            TRAIN: PARSER.replace('"--data", required=True', '"--data", default="/home/me/data"'),
            "run_experiment.py": IN_CODE % "['--data', 'd']",
        },
    ),
    Case(
        "script-path",
        "has one as the default of an argument that is not given",
        {TRAIN: PARSER.replace('"--data", required=True', '"--data", default="/home/me/data"')},
        (f"warning {TRAIN}:7: '/home/me/data' is a path of one computer.",),
    ),
    Case(
        "script-syntax",
        "is started by a command",
        {RUN: RUNNER.replace("script='train.py'", "command='python train.py --a 1'"), TRAIN: "print(1\n"},
        (f"error {TRAIN}:1: not valid Python: '(' was never closed.",),
    ),
    Case(
        "script-arguments",
        "are those of a command",
        {RUN: RUNNER.replace("script='train.py'", "command='python train.py --gone 1'"), TRAIN: PARSER},
        (
            f"warning {RUN}:8: the script refuses its arguments: the following arguments are required: --data.",
        ),
    ),
    Case(
        "script-arguments",
        "of a command are not known",
        {RUN: RUNNER.replace("script='train.py'", "command=f'python train.py {more}'"), TRAIN: PARSER},
    ),
    Case(
        "script-numpy-alias",
        "is in a Python that no newer numpy is for",
        {
            TRAIN: "import numpy as np\nprint(np.float(1))\n",
            "requirements.txt": "numpy\n",
            **with_python("3.7"),
        },
    ),
    Case(
        "script-numpy-alias",
        "is in the last Python with numpy 1",
        {
            TRAIN: "import numpy as np\nprint(np.float(1))\n",
            "requirements.txt": "numpy\n",
            **with_python("3.8"),
        },
        (f"warning {TRAIN}:2: numpy has no np.float any more.",),
    ),
    Case(
        "script-python",
        "is in a conda file whose Python the SDK replaces",
        {
            TRAIN: MATCH,
            RUN: CONDA_RUNNER,
            "environment.yml": "channels: [c]\ndependencies: ['python=3.9.18=build_0']\n",
        },
    ),
    Case(
        "script-python",
        "is in a conda file without Python",
        {TRAIN: MATCH, RUN: CONDA_RUNNER, "environment.yml": "channels: [c]\ndependencies: [pip]\n"},
    ),
]
