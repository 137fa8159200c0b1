"""The metrics that a script is sure to log, and no others."""

from pathlib import Path

import pytest

from scaffold.project.logged import metrics_of
from scaffold.project.subject import Subject
from tests.unit.project.trees import write

RUN = "from azureml.core import Run\nrun = Run.get_context()\n"


@pytest.mark.parametrize(
    ("script", "names"),
    [
        (f"{RUN}run.log('loss', 1)\nrun.log(name='acc', value=2)\n", {"loss", "acc"}),
        ("import mlflow\nmlflow.log_metric('loss', 1, step=2)\n", {"loss"}),
        ("import mlflow\nmlflow.log_metrics({'loss': 1, 'acc': 2})\n", {"loss", "acc"}),
        (f"{RUN}import numpy as np\nimport math\nrun.log('loss', np.log(2) + math.log(2))\n", {"loss"}),
        (f"{RUN}import logging\nlogging.log(10, 'x')\nrun.log('loss', 1)\n", {"loss"}),
    ],
)
def test_literal_names_are_all_that_is_logged(tmp_path: Path, script: str, names: set[str]):
    write(tmp_path, {"Experiment_1/train.py": script})

    assert metrics_of(Subject(tmp_path)) == names


@pytest.mark.parametrize(
    "script",
    [
        "print('nothing is logged')\n",
        f"{RUN}for name in names:\n    run.log(name, 1)\n",
        f"{RUN}run.log(f'loss_{{1}}', 1)\n",
        "import mlflow\nmlflow.autolog()\nmlflow.log_metric('loss', 1)\n",
        "import mlflow\nmlflow.log_metrics(found)\n",
        "import mlflow\nmlflow.log_metrics({'loss': 1, **more})\n",
        "from mlflow import log_metric as note\nnote('acc', 1)\nimport mlflow\nmlflow.log_metric('loss', 1)\n",
        f"{RUN}note = run.log\nnote('acc', 1)\nrun.log('loss', 1)\n",
        f"{RUN}run.log('loss', 1)\nfrom transformers import Trainer\n",
        f"{RUN}run.log('loss', 1)\nimport our_companys_own_library\n",
        f"{RUN}run.log('loss', 1)\nimport subprocess\nsubprocess.run(['python', 'other.py'])\n",
    ],
)
def test_nothing_is_said_where_there_may_be_others(tmp_path: Path, script: str):
    write(tmp_path, {"Experiment_1/train.py": script})

    assert metrics_of(Subject(tmp_path)) is None
