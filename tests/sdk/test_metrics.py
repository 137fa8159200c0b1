"""What ``Run.log_…`` sends and ``Run.get_metrics`` reads back."""

from pathlib import Path

from tests.conftest import Machine
from tests.sdk.calls import given

_TABLES = """
matrix = {"schema_type": "confusion_matrix", "schema_version": "1.0.0",
          "data": {"class_labels": ["0", "1"], "matrix": [[1, 2], [3, 4]]}}
accuracy = {"schema_type": "accuracy_table", "schema_version": "1.0.1", "data": {
    "probability_tables": [[[1, 1, 0, 0], [0, 0, 1, 1]]], "percentile_tables": [[[1, 1, 0, 0], [0, 0, 1, 1]]],
    "class_labels": ["0"], "probability_thresholds": [0.0, 1.0], "percentile_thresholds": [0.0, 1.0]}}
residuals = {"schema_type": "residuals", "schema_version": "1.0.0", "data": {
    "bin_edges": [0, 1, 2], "bin_counts": [1, 2], "mean": 0.5, "std": 0.1, "res_1": 1}}
predictions = {"schema_type": "predictions", "schema_version": "1.0.0", "data": {
    "bin_averages": [0.5, 1], "bin_errors": [0, 0], "bin_counts": [1, 2], "bin_edges": [0, 1, 2]}}
"""


def test_numbers_lists_rows_and_tables(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        """
        import logging
        told = []
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: told.append(record.getMessage())
        logging.getLogger("azureml").addHandler(handler)
        run = Experiment(ws, "numbers").start_logging(snapshot_directory=None)
        run.log("once", 1)
        for step in range(3):
            run.log("loss: λ α", 1 / (step + 1), step=step)
        run.log("whole then not", 1); run.log("whole then not", 0.5)
        run.log("text", "good"); run.log("flag", True)
        run.log("nan", float("nan")); run.log("inf", float("inf"))
        run.log_list("list", [1, 2, 3.5]); run.log_list("list", [4])
        run.log_row("row", x=1, y="a")
        for n in range(3):
            run.log_row("rows", x=n, y=n / 2)
        run.log_table("table", {"x": [1, 2], "y": [3, 4]})
        run.log("kind", 1); run.log_row("kind", a=1)
        run.log("type", 0.5); run.log("type", "text")
        run.log_row("columns", a=1, b=2); run.log_row("columns", a=3)
        run.log_list("no number", [0.5, "text"])
        run.log("no value", None); run.log("a mapping", {"a": 1}); run.log("seen", 1, "what it means")
        run.log_list("generator", (n * n for n in range(4))); run.log_list("range", range(3))
        run.log_list("pair", (1, 2)); run.log_list("texts", ["a", "b"], description="two")
        run.log_list("long", list(range(250))); run.log_list("too long", list(range(251)))
        run.log_row("described", "of one row", a=1, b=None); run.log_table("one row", {"x": 1, "y": "a"})
        run.log_table("longer", {"x": [1, 2]}); run.log_table("longer", {"x": 3})
        for name in ("a/b", "α: β γ", "日本", "100 %", "it's", '"quoted"', "a,b", "back\\slash", "x" * 250):
            run.log(name, 0.5)
        for n in range(2345):
            run.log("many", n)
        run.flush()
        seen["all"] = run.get_metrics()
        seen["many"] = seen["all"].pop("many") == list(range(2345))
        seen["long"] = seen["all"].pop("long") == list(range(250))
        seen["said"] = [warning["message"] for warning in run.get_details()["warnings"]]
        odd = ("a/b", "α: β γ", "日本", "100 %", "it's", '"quoted"', "a,b", "back\\slash", "x" * 250)
        seen["odd"] = [[seen["all"].pop(name), run.get_metrics(name) == {name: 0.5}] for name in odd]
        seen["of a type"] = [run.get_metrics("once", run_type="azureml.scriptrun"),
                             run.get_metrics("once", recursive=True, run_type="azureml.scriptrun")]
        seen["one"] = run.get_metrics("once")
        seen["none"] = run.get_metrics("nothing")
        seen["elsewhere"] = Run.get(ws, run.id).get_metrics("list")
        dto = run._client.metrics.get_metric_dto_for_run_v2("loss: λ α")
        seen["steps"] = [value.step for value in dto.value]
        from datetime import timedelta
        late = dto.value[-1].created_utc + timedelta(hours=1)
        seen["later"] = run._client.metrics.get_metric_dto_for_run_v2("once", start_time=late).value
        seen["told"] = [message for message in told if "Failed to post metric" in message]
        run.complete()
        """,
        cwd=tmp_path,
    )

    metrics = seen["all"]
    assert metrics.pop("nan") != metrics.get("nan")
    assert metrics.pop("inf") == float("inf")
    assert metrics == {
        "once": 1,
        "loss: λ α": [1, 1 / 2, 1 / 3],
        "whole then not": [1, 0.5],
        "text": "good",
        "flag": True,
        "list": [1, 2, 3.5, 4],
        "row": {"x": 1, "y": "a"},
        "rows": {"x": [0, 1, 2], "y": [0, 0.5, 1]},
        "table": {"x": [1, 2], "y": [3, 4]},
        # What does not go with the value before is refused, so that the rest can be read; see below.
        "kind": 1,
        "type": 0.5,
        "columns": {"a": 1, "b": 2},
        "a mapping": "{'a': 1}",
        "seen": 1,
        "generator": [0, 1, 4, 9],
        "range": [0, 1, 2],
        "pair": [1, 2],
        "texts": ["a", "b"],
        "described": {"a": 1, "b": None},
        "one row": {"x": 1, "y": "a"},
        "longer": {"x": [1, 2, 3]},
    }
    assert seen["many"] and seen["long"]
    refused = ("kind", "type", "columns", "no number", "too long")
    assert [message.split("'")[1] for message in seen["said"]] == list(refused)
    assert [message.split(" due to ")[0].rpartition("name ")[2] for message in seen["told"]] == list(refused)
    assert seen["odd"] == [[0.5, True]] * 9
    assert seen["one"] == {"once": 1}
    assert seen["none"] == {}
    assert seen["elsewhere"] == {"list": [1, 2, 3.5, 4]}
    assert seen["steps"] == [0, 1, 2]
    assert seen["later"] == []


def test_metrics_that_are_files(shared_machine: Machine, tmp_path: Path):
    seen = given(
        shared_machine,
        _TABLES.replace("\n", "\n        ")
        + """
        png = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"pixels"
        open("drawn.png", "wb").write(png)
        class Figure:
            def savefig(self, stream, format):
                stream.write(png)
        run = Experiment(ws, "drawn").start_logging(snapshot_directory=None)
        run.log_image("from file", path="drawn.png")
        run.log_image("from folder", path=os.path.abspath("drawn.png"))
        run.log_image("from figure", plot=Figure())
        run.log_confusion_matrix("matrix", matrix)
        run.log_accuracy_table("accuracy", json.dumps(accuracy))
        run.log_residuals("residuals", residuals)
        run.log_predictions("predictions", predictions)
        with run.child_run() as child:
            child.log_image("of child", path="drawn.png")
        run.flush()
        metrics = run.get_metrics()
        start = "aml://artifactId/ExperimentRun/" + run._container
        seen["where"] = {name: value.startswith(start) for name, value in metrics.items()}
        filled = run.get_metrics(populate=True)
        seen["images"] = {name: filled[name].data == png for name in filled if name.startswith("from")}
        tables = {name: filled[name].convert_to_object() for name in filled if not name.startswith("from")}
        seen["tables"] = tables == dict(
            matrix=matrix, accuracy=accuracy, residuals=residuals, predictions=predictions)
        below = run.get_metrics("of child", recursive=True, populate=True)
        seen["child"] = {run_id == child.id: values["of child"].data == png for run_id, values in below.items()}
        run.download_file("drawn.png", "got.png")
        seen["file"] = open("got.png", "rb").read() == png
        seen["names"] = len(run.get_file_names())
        run.complete()
        """,
        cwd=tmp_path,
    )

    names = ["from file", "from folder", "from figure", "matrix", "accuracy", "residuals", "predictions"]
    assert seen["where"] == dict.fromkeys(names, True)
    assert seen["images"] == dict.fromkeys(names[:3], True)
    assert seen["tables"]
    assert seen["child"] == {"true": True}
    assert seen["file"]
    assert seen["names"] == 7
