"""job.yml, and what becomes of one that was changed by hand."""

from pathlib import Path

import pytest
import yaml

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
