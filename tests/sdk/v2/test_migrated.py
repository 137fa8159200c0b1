"""A project records the same before and after its migration."""

from pathlib import Path

import pytest

from scaffold.generate import Answers, generate
from tests.conftest import Machine
from tests.sdk.v2.test_submit import recorded

# Every way to log that MLflow has numbers for, with and without a loop.
LOGGED = """
import os
for epoch in range(3):
    run.log("by-epoch", 1 / (epoch + 1))
for value in (0.5, 0.25):
    run.log("by-value", value)
    run.log(f"of {value}", value)
record(run, 4)
Recorder(run).on_epoch_end(0, {"loss": 2})
run.log("once", 7)
run.log_list("list", [3, 1, 2])
run.tag("kind", "a")
os.makedirs("kept", exist_ok=True)
open("kept/own.txt", "w").write("own")
run.upload_file("outputs/own.txt", "kept/own.txt")
print(run.id)
run.complete()
"""


# What another module does with the run that it is given.
HELPER = """
def record(run, value):
    run.log("recorded", value)

class Recorder:
    def __init__(self, run):
        self.run = run

    def on_epoch_end(self, epoch, logs):
        for name, value in logs.items():
            self.run.log(name, value)
"""


@pytest.mark.slow
def test_a_migrated_project_records_the_same(shared_machine: Machine, tmp_path: Path):
    root = generate(Answers(), tmp_path).path
    script = root / "Experiment_1" / "experiment_1.py"
    (script.parent / "helper.py").write_text(HELPER)
    head = "from azureml.core import Run\nfrom helper import Recorder, record\nrun = Run.get_context()\n"
    script.write_text(head + LOGGED)

    before = shared_machine.json("submit", root, "--follow")
    document = shared_machine.json("migrate", root, "--write")
    after = shared_machine.json("submit", root, "--follow", "--sdk", "v2")

    assert (before["status"], after["status"]) == ("Completed", "Completed")
    assert document["left"] == []
    assert {(note["file"], note["what"].partition(",")[0]) for note in document["changed"]} == {
        ("Experiment_1/helper.py", "log_value"),
        ("Experiment_1/helper.py", "valid_name"),
    }
    assert "azureml" not in script.read_text()
    assert "run.log" not in (script.parent / "helper.py").read_text()
    through_v1, through_v2 = recorded(shared_machine, before["run_id"], after["run_id"])
    assert through_v2["metrics"] == through_v1["metrics"]
    assert through_v2["files"] == through_v1["files"] == {"outputs/own.txt": "own"}
    assert through_v1["metrics"]["list"] == [3, 1, 2]
    assert through_v1["metrics"]["by-value"] == [0.5, 0.25]
    assert (through_v1["metrics"]["recorded"], through_v1["metrics"]["loss"]) == (4, 2)
