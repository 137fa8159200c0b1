"""``scaffold runs`` on the local workspace: two runs of one project, and what is said of them."""

import csv
import io
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_submit import assert_refused
from tests.conftest import TUTORIAL_CONFIG, Machine, Project, write_tree
from tests.logged import FILES, Logged, submitted
from tests.terminal import on_a_terminal


@pytest.fixture(scope="module")
def logged(shared_machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """Two runs of an experiment of their own."""
    import json

    def project(**files: str) -> Path:
        folder = tmp_path_factory.mktemp("logged") / "my-exp"
        constants = 'TARGET_NAME = "cpu-cluster"\nEXPERIMENT_NAME = "Logged"\n'
        tree = {
            ".azureml/config.json": json.dumps(TUTORIAL_CONFIG),
            "constants.py": constants,
            "requirements.txt": "",
        }
        runner = files["run_experiment.py"].replace('"Experiment_1").submit', '"Logged").submit')
        write_tree(folder, tree | files | {"run_experiment.py": runner})
        return folder

    return submitted(shared_machine, project)


# Lists


def test_a_list_is_a_table_with_chosen_columns(logged: Logged):
    said = logged.printed(
        "list", "-c", "metrics.loss", "-c", "tags.kind", "--sort", "metrics.loss", "--ascending"
    )

    head, *rows = said.splitlines()
    assert head.split() == ["RUN", "STATUS", "CREATED", "TOOK", "TARGET", "NAME", "last", "loss", "kind"]
    assert [row.split()[0] for row in rows] == [logged.second, logged.first]
    assert [row.split()[-2:] for row in rows] == [["0.8", "linear"], ["1.53846", "linear"]]


def test_a_list_as_json_is_what_its_schema_says(logged: Logged):
    document = logged.json("list", "-c", "metrics.loss", "-c", "metrics.broken", "--limit", "1")

    (run,) = document["runs"]
    assert (document["experiment"], document["more"], run["run_id"]) == ("Logged", True, logged.second)
    assert run["values"] == {"metrics.loss": 0.8}
    assert (run["status"], run["parent"], run["tags"]["kind"]) == ("Completed", None, "linear")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        pytest.param(("--status", "completed"), 2, id="status"),
        pytest.param(("--status", "active"), 0, id="active"),
        pytest.param(("--tag", "kind"), 2, id="tag"),
        pytest.param(("--tag", "kind=other"), 0, id="value of a tag"),
        pytest.param(("--compute-target", "CPU-CLUSTER"), 2, id="target in any case"),
        pytest.param(("--since", "1d"), 2, id="since a span"),
        pytest.param(("--since", "2099-01-01"), 0, id="since a time"),
        pytest.param(("--experiment", "nobody's"), 0, id="experiment"),
        pytest.param(("--parent", "latest"), 1, id="children"),
    ],
)
def test_a_list_is_filtered(logged: Logged, arguments: tuple[str, ...], found: int):
    assert len(logged.json("list", *arguments)["runs"]) == found


def test_an_empty_list_says_so(logged: Logged):
    done = logged.runs("list", "--tag", "nothing")

    assert (done.returncode, done.stdout) == (0, "")
    assert (
        "there is no such run in experiment Logged of the local workspace; --all looks in all\n"
        in done.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--tag", "kind=nothing"), "without --tag there are 2, with "),
        (("--status", "failed"), "without --status there are 2, with Completed"),
        (("--compute-target", "gpu"), "without --compute-target there are 2, with cpu-cluster"),
        (("--since", "2099-01-01"), "without --since there are 2, the newest of 20"),
    ],
)
def test_a_filter_that_no_run_passes_is_told_with_what_there_is(
    logged: Logged, arguments: tuple[str, ...], said: str
):
    assert f"  {said}" in logged.runs("list", *arguments).stderr


def test_a_column_that_no_run_has_is_shown_empty_and_told_with_the_names_there_are(logged: Logged):
    done = logged.runs("list", "-c", "metrics.Loss", "-c", "tags.Kind", "-c", "metrics.loss")

    assert done.stdout.splitlines()[0].split()[-5:] == ["last", "Loss", "Kind", "last", "loss"]
    metrics, tags = (line for line in done.stderr.splitlines() if line.startswith("  ! "))
    assert (
        metrics.startswith("  ! no run here has metrics.Loss; there are metrics.")
        and "metrics.loss" in metrics
    )
    assert tags.startswith("  ! no run here has tags.Kind; there are tags.") and "tags.kind" in tags


def test_outside_a_project_all_runs_are_listed(logged: Logged, tmp_path: Path):
    done = logged.printed("list", cwd=tmp_path)
    named = logged.printed("list", "--project", logged.folder, cwd=tmp_path)

    assert {logged.first, logged.second} <= set(re.findall(r"^\S+", done, re.MULTILINE))
    assert re.findall(r"^\S+", named, re.MULTILINE) == ["RUN", logged.second, logged.first]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "--status", "gone"), "There is no status 'gone'."),
        (("list", "--since", "soon"), "--since 'soon' is no time."),
        (("list", "-c", "loss"), "There is no column 'loss'."),
        (("list", "--sort", "loss"), "Runs cannot be sorted by 'loss'."),
        (("list", "--tag", "=x"), "names no tag"),
        (("list", "--auth", "magic"), "There is no login method 'magic'."),
        (("show", "Logged_"), "is the beginning of several runs"),
        (("show", ""), "A run's id is not empty."),
        (("metrics", "--csv", "--chart"), "exclude one another"),
        (("metrics", "-m", "none"), "has logged no metric 'none'"),
        (("logs", "--log", "none"), "has no log 'none'"),
        (("compare", "latest"), "This is one run."),
        (("compare", "latest", "latest"), "This is one run."),
        (("tag", "latest", "=x"), "names no tag"),
        (("tag", "latest", "x=1", "--remove", "x"), "cannot be set and taken away at once"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_told_in_two_lines(logged: Logged, arguments: tuple[str, ...], said: str):
    assert_refused(logged.runs(*arguments), 2, said)


def test_a_run_that_is_not_there(logged: Logged, tmp_path: Path):
    assert_refused(
        logged.runs("show", "nobody"), 4, "There is no run 'nobody' in the local workspace.", "list --all"
    )
    assert_refused(logged.runs("show", "--project", tmp_path), 3, "no project here")


def test_a_config_that_cannot_be_read_is_told(logged: Logged, project: Project):
    folder = project(**{".azureml/config.json": "{"})

    assert_refused(logged.runs("list", cwd=folder), 3, ".azureml/config.json:1: not JSON")


# One run


def test_a_run_is_shown_by_id_beginning_and_latest(logged: Logged):
    for name in ((), ("latest",), (logged.second,), (logged.second[:-1],)):
        assert logged.json("show", *name)["run_id"] == logged.second


def test_a_beginning_is_looked_for_in_the_projects_experiment_first(logged: Logged, project: Project):
    elsewhere = project(**{"constants.py": 'TARGET_NAME = "c1"\nEXPERIMENT_NAME = "Another"\n'})

    assert logged.json("show", logged.first[:-1], cwd=elsewhere)["run_id"] == logged.first


def test_all_of_a_run_is_shown(logged: Logged):
    document = logged.json("show", logged.second)
    facts = dict(line.split(None, 1) for line in logged.printed("show", logged.second).splitlines())

    assert (document["exit_code"], document["children"]) == (0, 1)
    assert (document["arguments"], document["environment"]) == (["--lr", "0.5"], "the-one-that-is-here")
    assert facts["command"] == "python experiment_1.py --lr 0.5"
    assert facts["variables"] == "COLOUR=blue"
    assert (facts["page"], facts["logs"]) == (document["url"], "user_logs/std_log.txt")
    assert facts["tags"] == "kind=linear, evil\\x1b[31m=a\\x1b[0mb"
    assert facts["name"] == "Second \\x1b[31mtry"


def test_a_log_is_printed(logged: Logged):
    document = logged.json("logs")

    assert (
        logged.printed("logs")
        == logged.printed("logs", "--log", "std_log.txt")
        == document["text"]
        == "rate 0.5\n"
    )
    assert logged.printed("logs", "--list") == "user_logs/std_log.txt\n"
    assert logged.json("logs", "--list")["text"] is None


def test_a_run_that_is_over_is_followed_to_its_end(logged: Logged):
    done = logged.runs("logs", "--follow", "--json")

    assert (done.returncode, done.stderr) == (0, "rate 0.5\n")
    assert logged.printed("logs", "-f") == "rate 0.5\n"


def test_metrics_as_table_csv_values_and_json(logged: Logged):
    lines = [line.split() for line in logged.printed("metrics", logged.second).splitlines()]
    rows = list(csv.DictReader(io.StringIO(logged.printed("metrics", logged.second, "--csv", "-m", "loss"))))
    document = logged.json("metrics", logged.second)

    assert ["loss", "scalar", "4", "0.8", "0.8", "2"] in lines
    assert (rows[0]["step"], rows[0]["column"], rows[0]["value"]) == ("0", "loss", "2.0")
    assert [row["step"] for row in rows] == ["0", "1", "2", "3"]
    by_name = {metric["name"]: metric for metric in document["metrics"]}
    assert by_name["broken"]["values"][0]["data"] == {"broken": "NaN"}
    assert [value["data"] for value in by_name["points"]["values"]] == [{"x": 1, "y": 2}, {"x": 2, "y": 5}]
    assert logged.printed("metrics", "--values", "-m", "points").splitlines()[-1].endswith("x=2, y=5")


def test_a_chart_needs_no_terminal_and_fits_into_one(logged: Logged):
    piped = logged.printed("metrics", "--chart", "-m", "loss", "-m", "accuracy")
    narrow = on_a_terminal(logged.machine, 60, "runs", "metrics", "--chart", "-m", "loss", cwd=logged.folder)
    plain = on_a_terminal(
        logged.machine, 60, "runs", "metrics", "--chart", "-m", "loss", cwd=logged.folder, NO_COLOR="1"
    )

    assert piped.startswith("loss\n         2 |\n       1.9 | ⠈")
    assert "(step)" in piped
    assert "accuracy  scalar       1" in piped  # one value is no line
    assert max(len(line) for line in piped.splitlines()) <= 80
    drawing = [re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", line) for line in narrow.splitlines()]
    assert max(map(len, drawing)) <= 60
    assert "\x1b[36m" in narrow
    assert "\x1b[36m" not in plain


def test_a_list_fits_into_a_narrow_terminal_with_whole_ids(logged: Logged):
    said = on_a_terminal(logged.machine, 60, "runs", "list", "-c", "metrics.loss", cwd=logged.folder)

    lines = [re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", line).rpartition("\r")[2] for line in said.splitlines()]
    assert max(map(len, lines)) <= 60, said
    assert any(line.startswith(logged.second) and line.rstrip().endswith("0.8") for line in lines), said


# Several runs


def test_what_differs_between_runs(logged: Logged):
    said = logged.printed("compare", logged.first, logged.second)
    document = logged.json("compare", logged.first, logged.second)

    assert said.splitlines()[:2] == [f"A  {logged.first}", f"B  {logged.second}  Second \\x1b[31mtry"]
    assert re.search(r"^parameters +lr +0\.1 +0\.5$", said, re.MULTILINE)
    assert re.search(r"^ +loss +1\.53846 +0\.8$", said, re.MULTILINE)
    assert re.search(r"^variables +COLOUR +red +blue$", said, re.MULTILINE)
    assert "kind" not in said
    assert said.endswith("snapshot A → B\n  added    more.py\n")
    rows = {row["name"]: row for section in document["sections"] for row in section["rows"]}
    assert rows["lr"] == {"name": "lr", "values": ["0.1", "0.5"], "differs": True}
    assert rows["kind"]["differs"] is False
    assert document["snapshots"][0]["files"][0]["diff"].endswith("+MORE = 1")
    assert "+MORE = 1" in logged.printed("compare", logged.first, logged.second, "--diff", "--all")


# Files


def test_what_a_run_left_is_downloaded_and_never_overwritten(logged: Logged, tmp_path: Path):
    first = logged.json("download", "--to", tmp_path / "a", schema="runs-files")
    assert {file["path"] for file in first["files"]} == {
        "notes/a b.txt", "outputs/deep/weights.txt", "outputs/model.txt", "user_logs/std_log.txt",
    }  # fmt: skip
    (tmp_path / "a" / "outputs" / "model.txt").write_text("mine")

    assert_refused(logged.runs("download", "--to", tmp_path / "a"), 2, "There already:", "--force")
    assert (tmp_path / "a" / "outputs" / "model.txt").read_text() == "mine"
    logged.printed("download", "--to", tmp_path / "a", "--force")
    assert (tmp_path / "a" / "outputs" / "model.txt").read_text() == "outputs/model.txt of 0.5\n"
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("flags", "paths"),
    [
        (("--outputs",), ["outputs/deep/weights.txt", "outputs/model.txt"]),
        (("--logs",), ["user_logs/std_log.txt"]),
        (("--prefix", "outputs/deep", "--prefix", "notes"), ["notes/a b.txt", "outputs/deep/weights.txt"]),
        (("--prefix", "nothing"), []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_some_of_the_files(logged: Logged, flags: tuple[str, ...], paths: list[str]):
    assert logged.printed("download", "--list", *flags).splitlines() == paths


def test_by_default_files_go_into_a_folder_of_the_runs_name(logged: Logged, tmp_path: Path):
    project = ("--project", logged.folder)

    assert logged.printed("download", "--outputs", *project, cwd=tmp_path).splitlines() == [
        f"{logged.second}/outputs/deep/weights.txt", f"{logged.second}/outputs/model.txt",
    ]  # fmt: skip
    logged.printed("restore", logged.first, *project, cwd=tmp_path)
    restored = tmp_path / f"{logged.first}-snapshot"
    assert [path.name for path in restored.iterdir()] == ["experiment_1.py"]
    assert (restored / "experiment_1.py").read_text() == FILES["Experiment_1/experiment_1.py"]
    assert_refused(logged.runs("restore", logged.first, *project, cwd=tmp_path), 2, "There already:", "--to")


def test_a_run_without_a_snapshot_has_none_to_restore(logged: Logged):
    (child,) = logged.json("list", "--parent", logged.first)["runs"]

    assert_refused(logged.runs("restore", child["run_id"]), 4, "has no snapshot")


# Changes


def test_tags_are_set_shown_and_taken_away(logged: Logged):
    said = logged.printed("tag", logged.first, "stage=draft", "good", "x=a=b")
    assert {"stage=draft", "good=", "x=a=b", "evil\\x1b[31m=a\\x1b[0mb"} <= set(said.splitlines())

    left = logged.json("tag", logged.first, "--remove", "stage", "--remove", "good", "--remove", "x")["tags"]
    assert left == {"kind": "linear", "evil\x1b[31m": "a\x1b[0mb"}


def test_a_run_that_is_over_cannot_be_canceled(logged: Logged):
    assert logged.json("cancel", logged.first) == {"run_id": logged.first, "canceled": False}
    assert "was over already" in logged.runs("cancel", "latest").stderr


def test_its_page_is_opened(logged: Logged):
    document = logged.json("open", logged.first, env={"BROWSER": "true"})

    assert document == {"run_id": logged.first, "url": logged.json("show", logged.first)["url"]}
    assert logged.printed("open", logged.first, env={"BROWSER": "true"}) == document["url"] + "\n"


WAITING = "import time\nprint('started', flush=True)\nwhile True: time.sleep(0.05)\n"


def test_following_is_left_by_ctrl_c_and_the_run_goes_on_until_it_is_canceled(
    shared_machine: Machine, project: Project
):
    folder = project(script=WAITING)
    run_id = shared_machine.json("submit", folder)["run_id"]
    process = shared_machine.popen(
        "runs", "logs", "--follow", cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert said.endswith(f"goes on.\n→ To cancel it: scaffold runs cancel {run_id}\n")
    assert (
        shared_machine.json("runs", "list", "--status", "active", cwd=folder)["runs"][0]["run_id"] == run_id
    )
    assert shared_machine.json("runs", "cancel", run_id)["canceled"] is True
    assert_refused(
        shared_machine.run("runs", "logs", run_id, "--follow"), 6, f"The run {run_id} was canceled"
    )


def test_a_followed_run_that_fails_is_told_with_its_reason(shared_machine: Machine, project: Project):
    folder = project(script="print('so far')\nraise SystemExit(3)\n")
    shared_machine.run("submit", folder)

    done = shared_machine.run("runs", "logs", "--follow", cwd=folder)

    assert (done.returncode, done.stdout) == (5, "so far\n")
    assert_refused(done, 5, "status code 3")


# Around it


def test_a_workspace_that_does_not_run_is_started(machine: Machine):
    assert machine.json("runs", "list")["runs"] == []
    assert_refused(
        machine.run("runs", "show"), 4, "There is no run in the local workspace yet.", "scaffold submit"
    )


def completed(machine: Machine, *words: str, cwd: Path | None = None) -> list[str]:
    """What bash would be offered for the last of the words."""
    asked = {
        "_SCAFFOLD_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("scaffold", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = machine.run(env=asked, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_the_shell_completes_runs_computes_and_projects(logged: Logged):
    machine = logged.machine

    assert completed(machine, "runs", "show", logged.first[:-2]) == [logged.first]
    assert completed(machine, "runs", "cancel", "lat") == ["latest"]
    assert completed(machine, "runs", "list", "--compute-target", "cpu") == ["cpu-cluster"]
    assert completed(machine, "submit", "--compute-target", "cpu") == ["cpu-cluster"]
    for words in (
        ("submit",),
        ("migrate",),
        ("runs", "list", "--project"),
        ("workspace", "connect", "--project"),
    ):
        assert completed(machine, *words, "my", cwd=logged.folder.parent) == ["my-exp"], words


def test_the_shell_completes_nothing_of_a_workspace_that_does_not_run(machine: Machine):
    assert completed(machine, "runs", "show", "") == ["latest"]
    assert not (machine.state / "service.json").exists()
    assert machine.run("workspace", "status").returncode == 0


def test_values_that_were_refused_are_told_beside_those_that_were_kept(
    shared_machine: Machine, project: Project
):
    """A metric keeps the kind of its first value, as on Azure ML."""
    script = "from azureml.core import Run\nrun = Run.get_context()\nrun.log('a', 1.0)\nrun.log_list('a', [1, 2])\n"
    folder = project(script=script)

    run_id = shared_machine.json("submit", folder, "--follow")["run_id"]
    done = shared_machine.run("runs", "metrics", run_id)

    assert done.stdout.splitlines()[1].split() == ["a", "scalar", "1", "1"]
    assert "  ! A value of metric 'a' was not kept: " in done.stderr
