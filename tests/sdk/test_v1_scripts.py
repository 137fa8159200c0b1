"""Scripts of SDK v1, migrated and run with MLflow: none crashes, and nothing of what they log is lost."""

import json
import subprocess
from pathlib import Path

import pytest

from scaffold.migration.training import rewritten
from tests.sdk.v1_scripts import CASES, HEAD, expected

# Runs each script in a folder of its own, and reads back what MLflow has of it.
RUNNER = """
import json, os, runpy, sys, traceback, warnings
from pathlib import Path
import mlflow
warnings.simplefilter("ignore")
top, found = Path.cwd(), {}
in_order = lambda one: (one.step, one.timestamp)
for number, (name, text) in enumerate(json.loads(Path("scripts.json").read_text()).items()):
    folder = top / str(number)
    folder.mkdir()
    os.chdir(folder)
    Path("train.py").write_text(text, encoding="utf-8")
    mlflow.set_tracking_uri((folder / "store").as_uri())
    mlflow.start_run()
    run_id = mlflow.active_run().info.run_id
    sys.argv = ["train.py"]
    try:
        runpy.run_path("train.py", run_name="__main__")
    except BaseException:
        found[name] = traceback.format_exc()
        continue
    finally:
        mlflow.end_run()
    client = mlflow.tracking.MlflowClient()
    data = client.get_run(run_id).data
    def files(path=None):
        for one in client.list_artifacts(run_id, path):
            yield from files(one.path) if one.is_dir else [one.path]
    found[name] = {
        "metrics": {
            key: [one.value for one in sorted(client.get_metric_history(run_id, key), key=in_order)]
            for key in data.metrics
        },
        "tags": {key: value for key, value in data.tags.items() if not key.startswith("mlflow.")},
        "files": sorted(files()),
    }
Path(top / "found.json").write_text(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "mlflow", [("mlflow-skinny>=3,<4",), ("mlflow-skinny==1.30.1", "setuptools<80")], ids=["3", "1"]
)
def test_scripts_that_worked_work_and_lose_nothing(python_with, tmp_path: Path, mlflow: tuple[str, ...]):
    python = python_with(*mlflow, "numpy<2", "pandas<3")
    texts = {name: rewritten(HEAD + case.source, f"{name}.py")[0] for name, case in CASES.items()}
    (tmp_path / "scripts.json").write_text(json.dumps(texts))
    done = subprocess.run(
        [python, "-c", RUNNER],
        cwd=tmp_path,
        env={"PATH": "", "HOME": str(tmp_path), "MLFLOW_ALLOW_FILE_STORE": "true", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    crashed = {name: one for name, one in found.items() if isinstance(one, str)}
    assert not crashed, "\n".join(f"{name}: {text}\n{texts[name]}" for name, text in crashed.items())
    for name, case in CASES.items():
        one, wanted = found[name], expected(case)
        assert one["files"] == wanted["files"], name
        assert {key: one["tags"].get(key) for key in wanted["tags"]} == wanted["tags"], name
        assert {key: one["metrics"].get(key) for key in wanted["metrics"]} == wanted["metrics"], name
