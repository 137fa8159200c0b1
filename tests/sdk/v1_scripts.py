# ruff: noqa: E501, PIE800  (scripts in one line, and long dictionaries in groups)
"""Training scripts of SDK v1 as people write them: name → source, and what MLflow has of it once it is migrated.

What is expected is metrics (all values by their steps, or the last one) and the tags that are the script's own.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """A script.

    Attributes:
        source: behind the line that gets the run.
        metrics: name → its values in the order of their steps.
        tags: name → text.
        files: names of the run's files.
    """

    source: str
    metrics: dict[str, list[float]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()


HEAD = "from azureml.core import Run\nrun = Run.get_context()\n"

CASES: dict[str, Case] = {
    "no numbers at all": Case(
        """
import os, pathlib, numpy as np, datetime
os.environ["KIND"] = "big"
x = np.zeros((3, 4))
cfg = {"model": "svm", "depth": 3}
run.log("size", x.shape)
run.log("file", pathlib.Path("outputs") / "model.pkl")
run.log("row", x[0])
run.log("model", cfg["model"])
run.log("depth", cfg["depth"])
run.log("kind", os.environ["KIND"])
run.log("home", os.environ.get("NOT_SET"))
run.log("none", None)
run.log("dtype", x.dtype)
run.log("took", datetime.timedelta(seconds=1))
run.log("complex", 1j)
""",
        {"depth": [3]},
        {
            **{
                "size": "(3, 4)",
                "file": "outputs/model.pkl",
                "row": "[0. 0. 0. 0.]",
                "model": "svm",
                "kind": "big",
            },
            **{"home": "None", "none": "None", "dtype": "float64", "took": "0:00:01", "complex": "1j"},
        },
    ),
    "texts of a loop": Case(
        'for word in ["a", "b"]:\n    run.log("word", word)\nfor word in "xy":\n    run.log("sign", word)\n',
        {},
        {"word.0": "a", "word.1": "b", "sign.0": "x", "sign.1": "y"},
    ),
    "numbers of libraries": Case(
        """
import numpy as np, decimal, fractions
for name, value in [("f32", np.float32(0.5)), ("i64", np.int64(2)), ("bool", np.bool_(True)), ("zero", np.array(3.0))]:
    run.log(name, value)
run.log("decimal", decimal.Decimal("1.5"))
run.log("fraction", fractions.Fraction(1, 4))
run.log("true", True)
run.log("mean", np.mean([1, 2]))
run.log("item", np.array([7]).item())
run.log("one", np.array([8.0]))
""",
        {
            **{
                "f32": [0.5],
                "i64": [2],
                "bool": [1],
                "zero": [3],
                "decimal": [1.5],
                "fraction": [0.25],
                "true": [1],
            },
            **{"mean": [1.5], "item": [7]},
        },
        {"one": "[8.]"},
    ),
    "names": Case(
        """
report = {"precision@5": 0.5, "weighted avg": {"f1": 1}, "a:b": 2, "naïve": 3, "x//y/": 4}
for key, value in report.items():
    run.log(key, value)
run.log("Regularization Strength:", 0.1)
run.log("R² (%)", 5)
run.log("a" * 300, 6)
run.log("../up", 7)
""",
        {
            **{"precision_5": [0.5], "a_b": [2], "naïve": [3], "x/y": [4], "Regularization Strength_": [0.1]},
            **{"R² ___": [5], "a" * 250: [6], "up": [7]},
        },
        {"weighted avg": "{'f1': 1}"},
    ),
    "not finite": Case(
        'run.log("inf", float("inf"))\nrun.log("minus", -float("inf"))\n', {"inf": [1e999], "minus": [-1e999]}
    ),
    "texts that look like numbers": Case(
        'def read():\n    return "0.5"\nfor name in ["a", "b"]:\n    value = read() if name == "a" else 2\n    run.log(name, value)\n',
        {"b": [2]},
        {"a": "0.5"},
    ),
    "lists": Case(
        """
import numpy as np
losses = []
for i in range(3):
    losses.append(1 / (i + 1))
run.log_list("losses", losses)
run.log_list("array", np.array([3, 1]))
mixed = [1, "two"] if losses else []
run.log_list("mixed", mixed)
run.log_list("matrix", np.zeros((2, 2)))
""",
        {"losses": [1, 0.5, 1 / 3], "array": [3, 1], "mixed": [1]},
        {"mixed.1": "two", "matrix.0": "[0. 0.]", "matrix.1": "[0. 0.]"},
    ),
    "rows": Case(
        """
fruit = ["orange", "lemon"]
sizes = [10, 7]
for index in range(len(fruit)):
    run.log_row("sizes", size=sizes[index], twice=2 * sizes[index])
def rows():
    yield {"x": 1, "kind": "a"}
    yield {"x": 2, "kind": "b"}
for row in rows():
    run.log_row("rows (all)", **row)
run.log_row("cos", angle=1, cosine=read() if False else 0.5)
""",
        {
            **{"sizes.size": [10, 7], "sizes.twice": [20, 14], "rows _all_.x": [1, 2]},
            **{"cos.angle": [1], "cos.cosine": [0.5]},
        },
        {"rows _all_.kind.0": "a", "rows _all_.kind.1": "b"},
    ),
    "tables": Case(
        """
run.log_table("plain", {"x": [1, 2], "y": [3, 4]})
table = dict(x=[1, 2], kind=["a", "b"], single=5)
run.log_table("mixed", table)
""",
        {"plain.x": [1, 2], "plain.y": [3, 4], "mixed.x": [1, 2], "mixed.single": [5]},
        {"mixed.kind.0": "a", "mixed.kind.1": "b"},
    ),
    "arguments": Case(
        """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--kernel", default="rbf")
parser.add_argument("--depth", type=int)
parser.add_argument("--fast", action="store_true")
parser.add_argument("--layers", nargs="+", default=[1])
parser.add_argument("--any", default=3)
args = parser.parse_args([])
run.log("lr", args.lr)
run.log("kernel", args.kernel)
run.log("depth", args.depth)
run.log("fast", args.fast)
run.log("layers", args.layers)
run.log("any", args.any)
""",
        {"lr": [0.1], "fast": [0], "any": [3]},
        {"kernel": "rbf", "depth": "None", "layers": "[1]"},
    ),
    "a callback of Keras": Case(
        """
class Log:
    def __init__(self, run):
        self.run = run
    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            self.run.log(name, value)
        self.run.log("lr", self.rate(epoch))
    def rate(self, epoch):
        return 0.1 / (epoch + 1)
log = Log(run)
log.on_epoch_end(0, {"loss": 1.0, "state": "warm"})
log.on_epoch_end(1, {"loss": 0.5, "state": "hot"})
""",
        {"loss": [1, 0.5], "lr": [0.1, 0.05]},
        {"state.0": "warm", "state.1": "hot"},
    ),
    "loops of PyTorch": Case(
        """
class Loss:
    def __init__(self, value):
        self.value = value
    def item(self):
        return self.value
    def __float__(self):
        return self.value
def train(epoch, loader):
    total, seen = 0.0, 0
    for batch, data in enumerate(loader):
        loss = Loss(data)
        total += loss.item()
        seen += 1
        if batch % 2 == 0:
            run.log("batch loss", loss)
    run.log("epoch loss", total / seen)
    return total, "done"
for epoch in range(2):
    total, state = train(epoch, [1.0, 2.0])
    run.log("total", total)
run.log("state", state)
""",
        {"batch loss": [1, 1], "epoch loss": [1.5, 1.5], "total": [3, 3]},
        {"state": "done"},
    ),
    "explicit steps": Case(
        'for i in range(3):\n    run.log("a", i * 2, step=i)\nrun.log(name="b", value=1, step=None)\nrun.log("c", "text", step=4)\n',
        {"a": [0, 2, 4], "b": [1]},
        {"c.4": "text"},
    ),
    "tags": Case(
        """
run.tag("why?", "because")
run.tag("bare")
run.tag("number", 5)
run.set_tags({"a": "b", "c:d": 1})
more = dict(e="f")
run.set_tags(more)
""",
        {},
        {"why_": "because", "bare": "", "number": "5", "a": "b", "c_d": "1", "e": "f"},
    ),
    "files": Case(
        """
import os
os.makedirs("made/sub", exist_ok=True)
open("made/own.txt", "w").write("x")
open("made/sub/two.txt", "w").write("x")
run.upload_file("./outputs//own.txt", "made/own.txt")
name = "./dyn/own.txt"
run.upload_file(name=name, path_or_stream="made/own.txt")
run.upload_folder("folder/", "made")
run.upload_folder(name=os.path.join("more", ""), path="made/sub")
run.upload_files(["up/own.txt"], ["made/own.txt"])
run.log_confusion_matrix("matrix", '{"a": 1}')
run.log_accuracy_table("table", {"a": [1]})
""",
        files=(
            *("outputs/own.txt", "dyn/own.txt", "folder/own.txt", "folder/sub/two.txt", "more/two.txt"),
            *("up/own.txt", "matrix.json", "table.json"),
        ),
    ),
    "the end": Case(
        'run.log("a", 1)\nrun.flush()\nprint(run.id, run.get_metrics()["a"])\nrun.complete()\n', {"a": [1]}
    ),
    "several ways in": Case(
        """
import numpy as np
from azureml.core.run import Run as R
def start():
    return R.get_context()
run_ = start()
for n, (a, b) in enumerate(zip([1, 2], ["x", "y"])):
    run_.log("a", a); run_.log("b", b)
[run_.log(f"score {i}", i) for i in range(2)]
(lambda v: run_.log("v", v))(np.ones(2))
run_.log("w", max([0.5, 1]) if run_ else "no")
""",
        {"a": [1, 2], "score 0": [0], "score 1": [1], "w": [1]},
        {"b.0": "x", "b.1": "y", "v": "[1. 1.]"},
    ),
    "a dictionary that grows": Case(
        """
metrics = {}
metrics["acc"] = 0.5
metrics["name"] = "svm"
for key in metrics:
    run.log(key, metrics[key])
history = {"loss": [1.0, 0.5]}
for key, values in history.items():
    for value in values:
        run.log(key, value)
""",
        {"acc": [0.5], "loss": [1, 0.5]},
        {"name": "svm"},
    ),
    "pandas": Case(
        """
import pandas as pd
frame = pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
run.log("rows", len(frame))
run.log("shape", frame.shape)
run.log("mean", frame["x"].mean())
run.log("means", frame[["x"]].mean())
run.log("top", frame["y"][0])
for name in frame.columns:
    run.log(name, frame[name].max())
run.log("date", pd.Timestamp("2024-01-02"))
""",
        {"rows": [2], "mean": [1.5], "x": [2]},
        {"shape": "(2, 2)", "top": "a", "y": "b", "date": "2024-01-02 00:00:00"},
    ),
    "a run that is None outside": Case(
        'import os\nrun = run if os.name else None\nif run is not None:\n    run.log("big", 10**400)\n    run.log("small", 1e-320)\n',
        {"small": [1e-320]},
    ),
}


def expected(case: Case) -> dict[str, Any]:
    """What is to be recorded, as the test reads it back."""
    return {"metrics": case.metrics, "tags": case.tags, "files": sorted(case.files)}
