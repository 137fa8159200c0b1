"""Runs of a workspace that sorts by their time alone, in any other order."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from scaffold.runs.azure import sorted_by
from scaffold.runs.model import Run

START = datetime(2026, 1, 31, tzinfo=timezone.utc)


def run(number: int, **fields: object) -> Run:
    made = Run(f"r{number}", number, "e", f"r{number}", "Completed", START + timedelta(minutes=number))
    return replace(made, **fields)


def ids(runs: list[Run]) -> list[str]:
    return [one.run_id for one in runs]


def test_those_without_a_value_come_last_in_both_directions():
    runs = [run(1, values={"metrics.loss": 0.5}), run(2), run(3, values={"metrics.loss": 0.25}), run(4)]

    assert ids(sorted_by(runs, "metrics.loss", descending=True)) == ["r1", "r3", "r4", "r2"]
    assert ids(sorted_by(runs, "metrics.loss", descending=False)) == ["r3", "r1", "r2", "r4"]


def test_of_equal_ones_the_newest_comes_first():
    runs = [run(1, target="A"), run(2, target="b"), run(3, target="a")]

    assert ids(sorted_by(runs, "target", descending=True)) == ["r2", "r3", "r1"]


def test_numbers_and_texts_can_stand_in_one_column():
    runs = [run(1, values={"metrics.x": "text"}), run(2, values={"metrics.x": 3})]

    assert ids(sorted_by(runs, "metrics.x", descending=False)) == ["r2", "r1"]
