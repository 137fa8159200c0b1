"""What the script imports."""

from tests.unit.project.trees import AZURE, CONDA_RUNNER, CONSTANTS, RUNNER, Case, Content

TRAIN = "Experiment_1/train.py"


def script(
    rule: str, says: str, text: str, *finds: str, requirements: str = "numpy==1.26.4\n", **more: Content
) -> Case:
    return Case(f"import-{rule}", says, {TRAIN: text, "requirements.txt": requirements, **more}, finds)


WITHOUT = (
    "from azureml.core import *\nconfig = ScriptRunConfig('Experiment_1', 'train.py', compute_target='cpu')\n"
    "Experiment(Workspace.from_config(), 'e').submit(config)\n"
)
CREATED = (
    "from azureml.core import *\nfrom azureml.core.conda_dependencies import CondaDependencies\n"
    "env = Environment('e')\nconda = CondaDependencies.create(conda_packages=['numpy'], python_version='3.11')\n"
    "env.python.conda_dependencies = conda\n"
    "config = ScriptRunConfig('Experiment_1', 'train.py', compute_target='cpu', environment=env)\n"
    "Experiment(Workspace.from_config(), 'e').submit(config)\n"
)
MANAGED = RUNNER.replace("    run = ", "    env.python.user_managed_dependencies = %s\n    run = ")

CASES = [
    # Modules of the project
    script(
        "local",
        "is beside the folder that travels",
        "import os\nfrom constants import TARGET_NAME\n",
        f"error {TRAIN}:2: it imports constants, and constants.py does not travel.",
    ),
    script(
        "local",
        "is a package of the project's, imported when it is needed",
        "def f():\n    import tools.text\n",
        f"warning {TRAIN}:2: it imports tools, and tools/__init__.py does not travel.",
        **{"tools/__init__.py": ""},
    ),
    script(
        "local",
        "is left out by the ignore file",
        "import helpers\n",
        f"error {TRAIN}:1: it imports helpers, and Experiment_1/helpers.py does not travel: "
        "'h*.py' (.amlignore:2) leaves it out.",
        **{"Experiment_1/helpers.py": "", "Experiment_1/.amlignore": "# why\nh*.py\n"},
    ),
    script(
        "local",
        "is imported by a module that the script imports",
        "import helpers\n",
        "error Experiment_1/helpers.py:1: it imports constants, and constants.py does not travel.",
        **{"Experiment_1/helpers.py": "import constants\n"},
    ),
    script("local", "is tried", "try:\n    import constants\nexcept ImportError:\n    constants = None\n"),
    script(
        "local",
        "travels",
        "import helpers, deep.er\nfrom deep import er2\nfrom . import helpers\nimport elsewhere\n",
        **{
            "Experiment_1/helpers.py": "",
            "Experiment_1/deep/er.py": "",
            "Experiment_1/deep/er2.py": "",
            "Experiment_1/lib/elsewhere.py": "",
            "helpers.py": "",
        },
    ),
    script("local", "is a package too", "import numpy\n", **{"numpy/__init__.py": ""}),
    script(
        "local",
        "is of the standard library too",
        "import token, code\n",
        **{"token/__init__.py": "", "code.py": ""},
    ),
    # Packages
    script(
        "missing",
        "is in no specification",
        "import numpy, pandas\nfrom sklearn import svm\nimport cv2\nimport yaml.loader\nimport foo_bar\n",
        f"warning {TRAIN}:1: it imports pandas, which requirements.txt does not bring.",
        f"warning {TRAIN}:2: it imports sklearn, which requirements.txt does not bring.",
        f"warning {TRAIN}:3: it imports cv2, which requirements.txt does not bring.",
        f"warning {TRAIN}:4: it imports yaml, which requirements.txt does not bring.",
        f"warning {TRAIN}:5: it imports foo_bar, which requirements.txt does not bring.",
    ),
    script(
        "missing",
        "comes along with another package",
        "import sklearn, scipy.stats, joblib, numpy, PIL.Image, dateutil, azureml.core, requests, mlflow\n"
        "import azure.storage.blob, azure.unheard.of, google.protobuf, pkg_resources\n",
        requirements="scikit-learn==1.4.2\nmatplotlib==3.8\nazureml-core==1.61.0.post4\nmlflow==2.9\nazure-storage-blob==12.1\n",
    ),
    script(
        "missing",
        "may come from a package that nobody knows",
        "import pandas\n",
        requirements="numpy==1.26.4\nour-own==1\n",
    ),
    script(
        "missing",
        "may come from an address",
        "import pandas\n",
        requirements="git+https://github.com/a/b.git\n",
    ),
    script(
        "missing",
        "may come from another file",
        "import pandas\n",
        requirements="-r more.txt\n",
        **{"more.txt": "pandas==2.2\n"},
    ),
    script("missing", "may come with an extra", "import pandas\n", requirements="pyjwt[unheard-of]==2.8\n"),
    script(
        "missing",
        "is tried, or only for type checkers",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\n"
        "try:\n    import torch\nexcept ImportError:\n    pass\n",
    ),
    script("missing", "is of another Python's standard library", "import imp\n"),
    Case(
        "import-missing",
        "is in an environment that is changed by code",
        {
            TRAIN: "import pandas\n",
            "run_experiment.py": RUNNER.replace(
                "    run = ", "    env.python.conda_dependencies.add_pip_package('pandas')\n    run = "
            ),
        },
    ),
    Case(
        "import-missing",
        "is installed by conda under another name",
        {
            TRAIN: "import torch, cv2, yaml, PIL, numpy, tables\n",
            "run_experiment.py": CONDA_RUNNER,
            "environment.yml": "channels: [conda-forge]\ndependencies: [python=3.11, pytorch=2.1, py-opencv=4.8, "
            "pyyaml=6.0, pillow=10, pytables=3.9, pip]\n",
        },
    ),
    # The standard library
    script(
        "standard",
        "is gone from the standard library",
        "import distutils.dir_util\nimport imghdr\nimport cgi\n",
        f"warning {TRAIN}:1: it imports distutils, which Python 3.13 does not have: 3.11 was the last with it.",
        f"warning {TRAIN}:2: it imports imghdr, which Python 3.13 does not have: 3.12 was the last with it.",
        f"warning {TRAIN}:3: it imports cgi, which Python 3.13 does not have: 3.12 was the last with it.",
        **{"constants.py": CONSTANTS.replace("3.11", "3.13")},
    ),
    script(
        "standard",
        "is not there yet",
        "import tomllib\n",
        f"warning {TRAIN}:1: it imports tomllib, which Python 3.10 does not have: it came with 3.11.",
        **{"constants.py": CONSTANTS.replace("3.11", "3.10")},
    ),
    script("standard", "is there", "import tomllib, distutils, imghdr, asyncio\n"),
    script(
        "standard",
        "is brought by a package",
        "import imghdr, distutils\n",
        requirements="standard-imghdr==3.13.0\nsetuptools==69\n",
        **{"constants.py": CONSTANTS.replace("3.11", "3.13")},
    ),
    # mlflow
    script(
        "mlflow",
        "logs to Azure ML without the plugin",
        "import mlflow\nmlflow.log_metric('x', 1)\n",
        f"warning {TRAIN}:1: it uses mlflow, and requirements.txt does not bring azureml-mlflow.",
        requirements="mlflow-skinny==2.9.2\n",
        **{".azureml/config.json": AZURE},
    ),
    script(
        "mlflow",
        "has the plugin",
        "import mlflow\n",
        requirements="mlflow==2.9.2\nazureml-mlflow==1.55\n",
        **{".azureml/config.json": AZURE},
    ),
    script("mlflow", "logs to the local workspace", "import mlflow\n", requirements="mlflow==2.9.2\n"),
    script(
        "mlflow",
        "says itself where to",
        "import mlflow\nmlflow.set_tracking_uri('file:./x')\n",
        requirements="mlflow==2.9.2\n",
        **{".azureml/config.json": AZURE},
    ),
    script(
        "local",
        "may come from an address",
        "from tools import text\n",
        requirements="git+https://github.com/a/tools.git\n",
        **{"tools/__init__.py": ""},
    ),
    script(
        "local",
        "may be what has another name at an address",
        "from tools import text\n",
        requirements="my-tools @ git+https://github.com/a/tools.git\n",
        **{"tools/__init__.py": ""},
    ),
    script(
        "missing",
        "is in no environment, for none is named",
        "import torch\nimport azureml.core\n",
        f"warning {TRAIN}:1: it imports torch, which the environment does not bring: run_experiment.py names none, and "
        "the SDK's own has azureml-defaults alone.",
        **{"run_experiment.py": WITHOUT},
    ),
    script(
        "missing",
        "may be in an environment that is set elsewhere",
        "import torch\n",
        **{"run_experiment.py": WITHOUT.replace("Experiment(", "prepare(config)\nExperiment(")},
    ),
    script(
        "missing",
        "is not among the packages of a call",
        "import torch\nimport numpy\n",
        f"warning {TRAIN}:1: it imports torch, which the environment of run_experiment.py:4 does not bring.",
        **{"run_experiment.py": CREATED},
    ),
    script(
        "missing",
        "may be among the packages of a call",
        "import torch\nimport numpy\n",
        **{"run_experiment.py": CREATED.replace("'numpy'", "'numpy', package")},
    ),
    script(
        "missing",
        "is in what the user does not manage",
        "import torch\nimport numpy\n",
        f"warning {TRAIN}:1: it imports torch, which requirements.txt does not bring.",
        **{"run_experiment.py": MANAGED % "False"},
    ),
    script(
        "missing",
        "is in what the user manages",
        "import torch\nimport numpy\n",
        **{"run_experiment.py": MANAGED % "True"},
    ),
    script(
        "sdk",
        "does not exist",
        "from azureml.core import Rum\nimport azureml.core.run\n",
        f"warning {TRAIN}:1: azureml.core has no Rum (azureml-core 1.61.0.post4).",
    ),
    script("sdk", "exists", "from azureml.core import Run, Dataset\nfrom azureml.core.run import Run\n"),
]
