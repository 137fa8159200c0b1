"""job.yml, and what becomes of one that was changed by hand."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scaffold.project.job import CommandJob
from scaffold.project.job_file import Export, plan, render

ODD = {"yes": "no", "a b": "1.10", "x: y": "#", "quote": 'it\'s "so"', "empty": "", "many\nlines": "ü\t"}


def job(tmp_path: Path, **changes) -> CommandJob:
    return CommandJob(
        **{
            "code": tmp_path / "src",
            "script": "train.py",
            "environment": {
                "image": "i",
                "conda_file": {"dependencies": ["python=3.11", {"pip": ["a", "b"]}]},
            },
            "experiment": "trial",
            "sources": {"code": "source_directory in run.py"},
            **changes,
        }
    )


def exported(tmp_path: Path, **changes) -> Export:
    path = tmp_path / "job.yml"
    export = plan(path, render(job(tmp_path, **changes), path))
    if export.writes:
        path.write_bytes(export.data)
    return export


def test_yaml_reads_back_what_was_written_however_odd(tmp_path):
    odd = job(
        tmp_path, tags=ODD, variables=ODD, distribution={"type": "mpi", "process_count_per_instance": 2}
    )
    assert yaml.safe_load(render(odd, tmp_path / "job.yml")) == odd.document(tmp_path)


# What YAML 1.1 or 1.2 takes for something else than the text that it looks like.
LOOKS_LIKE = (
    *(
        "YES",
        "No",
        "on",
        "OFF",
        "y",
        "N",
        "~",
        "null",
        "NULL",
        "True",
        "012",
        "0o12",
        "0x1F",
        "1e3",
        "1_000",
        "12:30",
    ),
    *(
        "2024-01-02",
        "2024-01-02 03:04:05",
        ".5",
        ".inf",
        ".NaN",
        "+1",
        "-",
        "- a",
        "? a",
        ": a",
        "a: b",
        "a #b",
        "=",
        "<<",
    ),
    *(
        "",
        " ",
        " a ",
        "\ta",
        "@a",
        "`a",
        "*a",
        "&a",
        "!a",
        "%a",
        "|",
        ">",
        "{a",
        "[a",
        "'a",
        '"a',
        "\\a",
        "---",
        "...",
    ),
    *(
        "\x7f",
        "\x85",
        "\xa0",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\uffff",
        "\U0001f600",
        "\x00",
        "a\r\nb",
        "\r",
        "\n",
    ),
)
texts = st.sampled_from(LOOKS_LIKE) | st.text()


def test_every_text_that_looks_like_something_else_stays_one(tmp_path):
    each = {text: text for text in LOOKS_LIKE}
    odd = job(
        tmp_path, tags=each, variables=each, display_name="12:30", experiment="NO", arguments=LOOKS_LIKE
    )
    assert yaml.safe_load(render(odd, tmp_path / "job.yml")) == odd.document(tmp_path)
    assert all(
        f"\n  {key}: " not in render(odd, tmp_path / "job.yml").decode() for key in ("YES", "on", "N", "012")
    )


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(texts, texts), texts, st.lists(texts))
@example({"name": "mode", "type": "path"}, "x", [])
def test_any_text_is_read_back_at_every_place_of_a_job(each, text, words):
    root = Path("/project")
    file = root / f"{text.replace('/', '_')}.yml"
    odd = job(
        root,
        script=text or "train.py",
        arguments=tuple(words),
        environment={"image": text, "conda_file": {"name": text, "dependencies": [*words, {"pip": words}]}},
        experiment=text,
        compute=text,
        display_name=text,
        tags=each,
        variables=each,
        inputs={key: {"type": "uri_folder", "path": value} for key, value in each.items()},
        sources={"code": text, "command": text},
        missing={"environment": text},
    )
    assert yaml.safe_load(render(odd, file)) == odd.document(root)


def test_comments_say_where_values_come_from(tmp_path):
    assert (
        '\n# source_directory in run.py\ncode: "src"\n'
        in render(job(tmp_path), tmp_path / "job.yml").decode()
    )


def test_exporting_twice_changes_nothing(tmp_path):
    assert exported(tmp_path).outcome == "new"
    before = (tmp_path / "job.yml").read_bytes()
    assert exported(tmp_path).outcome == "unchanged"
    assert (tmp_path / "job.yml").read_bytes() == before


def test_what_nobody_changed_follows_the_project(tmp_path):
    exported(tmp_path)
    assert exported(tmp_path, experiment="other").outcome == "updated"
    assert exported(tmp_path, experiment="other").outcome == "unchanged"


@pytest.fixture
def edited(tmp_path) -> Path:
    exported(tmp_path)
    path = tmp_path / "job.yml"
    path.write_text(path.read_text().replace("train.py", "train.py --more"))
    return path


def test_a_change_by_hand_is_kept_while_the_project_stays_as_it_was(tmp_path, edited):
    export = exported(tmp_path)
    assert export.outcome == "kept"
    assert '-command: "python train.py --more"' in export.diff()
    assert "--more" in edited.read_text()


def test_what_is_added_at_the_end_of_the_file_is_a_change_like_any_other(tmp_path):
    exported(tmp_path)
    path = tmp_path / "job.yml"
    path.write_text(path.read_text() + 'tags: {mine: "yes"}\n')

    assert exported(tmp_path).outcome == "kept"
    assert exported(tmp_path, experiment="other").outcome == "conflict"
    assert "mine" in path.read_text()


def test_a_line_end_that_an_editor_takes_away_is_no_change(tmp_path):
    exported(tmp_path)
    path = tmp_path / "job.yml"
    path.write_text(path.read_text().rstrip("\n"))

    assert exported(tmp_path, experiment="other").outcome == "updated"


def test_a_change_of_both_is_shown_and_nothing_is_written(tmp_path, edited):
    export = exported(tmp_path, experiment="other")
    assert export.outcome == "conflict"
    assert '+experiment_name: "other"' in export.diff()
    assert "other" not in edited.read_text()


def test_a_conflict_is_over_once_the_last_line_is_taken_over(tmp_path, edited):
    export = exported(tmp_path, experiment="other")
    seals = [line.splitlines()[-1] for line in (edited.read_text(), export.data.decode())]
    edited.write_text(edited.read_text().replace(*seals).replace("trial", "other"))
    assert exported(tmp_path, experiment="other").outcome == "kept"


def test_a_file_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "job.yml").write_text("type: command\n")
    assert exported(tmp_path).outcome == "conflict"


def test_line_ends_of_windows_are_no_change(tmp_path):
    exported(tmp_path)
    path = tmp_path / "job.yml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert exported(tmp_path).outcome == "unchanged"
