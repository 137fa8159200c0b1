"""Makes the picture of the pages that the README shows: ``python scripts/screenshots.py``.

Submits a project to a local workspace of its own, in a temporary folder, and takes the picture with the browser that
``scripts/browser.sh`` installs.
"""

import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PICTURE = REPOSITORY / "docs" / "page.png"
SCRIPT = """
import math, random, sys
from azureml.core import Run

rate = float(sys.argv[2])
run = Run.get_context()
random.seed(4)
for step in range(120):
    loss = 2.1 * math.exp(-step * rate) + 0.16 + random.random() * 0.05
    print(f"epoch {step:3d}  loss {loss:.4f}")
    run.log("loss", loss, step=step)
    run.log("accuracy", 0.98 - loss / 3 + random.random() * 0.02, step=step)
for epoch in range(20):
    run.log_row("learning rate", epoch=epoch, rate=rate * 0.9**epoch)
run.log("parameters", 61706)
run.log("best epoch", 117)
run.log_confusion_matrix("confusion", {"schema_type": "confusion_matrix", "schema_version": "1.0.0", "data": {
    "class_labels": ["cat", "dog", "bird"], "matrix": [[51, 3, 1], [4, 61, 2], [0, 2, 36]]}})
run.log_residuals("residuals", {"schema_type": "residuals", "schema_version": "1.0.0", "data": {
    "bin_edges": [-3, -2, -1, 0, 1, 2, 3], "bin_counts": [3, 12, 34, 31, 14, 2]}})
run.log_predictions("predictions", {"schema_type": "predictions", "schema_version": "1.0.0", "data": {
    "bin_averages": [0.14, 0.36, 0.62, 0.88], "bin_errors": [0.05, 0.04, 0.05, 0.04], "bin_counts": [9, 12, 14, 8],
    "bin_edges": [0.0, 0.25, 0.5, 0.75, 1.0]}})
run.tag("kind", "demo")
"""
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def main() -> None:
    """Writes the picture."""
    sys.path.insert(0, str(REPOSITORY))
    import json

    from tests.conftest import RUN_EXPERIMENT, TUTORIAL_CONFIG, Machine, write_tree

    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder) / "machine")
        project = Path(folder) / "fashion"
        write_tree(
            project,
            {
                ".azureml/config.json": json.dumps(TUTORIAL_CONFIG),
                "constants.py": 'TARGET_NAME = "cpu-cluster"\nEXPERIMENT_NAME = "fashion"\n',
                "Experiment_1/train.py": SCRIPT,
                "run_experiment.py": RUN_EXPERIMENT.replace(
                    '"experiment_1.py",', '"train.py", arguments=["--rate", "0.04"],'
                ),
            },
        )
        try:
            done = machine.run("submit", project, "--follow")
            if done.returncode != 0:
                raise SystemExit(done.stderr)
            run_id = machine.json("runs", "show", _run_of(done.stderr + done.stdout))["run_id"]
            named = f"Workspace.from_config().get_run({run_id!r}).display_name = 'fashion, rate 0.04'"
            machine.sdk(f"from azureml.core import Workspace; {named}", cwd=project)
            _take(machine.json("runs", "show", run_id)["url"] + "/metrics")
        finally:
            machine.stop()


def _run_of(text: str) -> str:
    import re

    return re.findall(r"/runs/(\w+)", text)[-1]


def _take(address: str) -> None:
    import shutil

    from playwright.sync_api import sync_playwright

    PICTURE.parent.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 940}, color_scheme="light")
        page.goto(address)
        page.wait_for_selector(".readout")
        page.wait_for_timeout(500)
        page.screenshot(path=str(PICTURE))
        browser.close()
    print(f"{PICTURE.relative_to(REPOSITORY)}: {PICTURE.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
