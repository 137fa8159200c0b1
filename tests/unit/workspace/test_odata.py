"""Filters as the SDK writes them, as conditions on a table: what they select."""

import sqlite3

import pytest

from scaffold.workspace.faults import Fault
from scaffold.workspace.services.odata import moment, read_filter, read_order
from scaffold.workspace.store.filters import RUNS

_ROWS = [
    ("a", "Completed", None, "a", '{"k": "salt and pepper", "x.y": "1"}', "{}", None,
     "2026-01-01T00:00:00.000000+00:00"),
    ("b", "Failed", "a", "a", '{"k": "it\\u0027s \\"b\\" (2)"}', '{"azureml.runsource": "hyper"}', None, None),
    ("c", "Running", None, "c", '{"k": ""}', "{}", '{"orchestrator": "External", "traits": ["t"]}', None),
]  # fmt: skip


@pytest.fixture(scope="module")
def table():
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE runs (run_id, status, parent_run_id, root_run_id, tags, properties, run_type_v2, created,"
        " run_type, started)"
    )
    for row in _ROWS:
        connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)", row)
    return connection


def selected(table: sqlite3.Connection, text: str | None) -> str:
    condition, values = read_filter(text, RUNS)
    return "".join(row[0] for row in table.execute(f"SELECT run_id FROM runs WHERE {condition}", values))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "abc"),
        ("", "abc"),
        ("(Status eq Completed)", "a"),
        ("RunId eq a or RunId eq c", "ac"),
        ("(ParentRunId eq null)", "ac"),
        ("ParentRunId ne null", "b"),
        ("((RootRunId eq a and (Status eq Failed)) and RunId ne a)", "b"),
        ("(RootRunId eq a and RunId ne a)", "b"),
        ("(Tags/k ne null or Tags/k eq null)", "abc"),
        ("(Tags/x.y ne null or Tags/x.y eq null)", "a"),
        ("(Tags/none ne null or Tags/none eq null)", ""),
        ('(Tags/k eq "salt and pepper")', "a"),
        ("(Tags/k eq salt and pepper)", "a"),
        ("(Tags/k eq salt and pepper) and (Status eq Completed)", "a"),
        ('(Tags/k eq "it\'s "b" (2)")', "b"),
        ("(Tags/k eq null)", "c"),
        ("(RunType eq hyper or Properties/azureml.runsource eq hyper)", "b"),
        ("(RunTypeV2/Orchestrator eq External)", "c"),
        ("(RunTypeV2/Traits/t ne null) or (RunTypeV2/Traits/t eq null)", "c"),
        (
            "((ParentRunId eq null) and (RunTypeV2/Traits/t ne null) or (RunTypeV2/Traits/t eq null))",
            "c",
        ),
        ("(CreatedUtc ge 2025-12-31 23:00:00)", "a"),
        ("(CreatedUtc ge 2026-01-01 02:00:00+01:00)", ""),
        ("(CreatedUtc gt 2025-12-31T23:59:59.5Z)", "a"),
        ("(Tags/k eq x' OR 1=1 --)", ""),
    ],
)
def test_what_a_filter_selects(table: sqlite3.Connection, text: str | None, expected: str):
    assert selected(table, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Weight eq 3",
        "Status = Completed",
        "(Tags/k eq x') OR 1=1 --)",
        "(Status eq Completed",
        "Status eq Completed)",
        "(" * 100 + "Status eq x" + ")" * 100,
        "Status/x eq 1",
        "CreatedUtc ge yesterday",
        "x" * 100_000,
    ],
)
def test_a_filter_that_is_not_understood_is_refused(text: str):
    with pytest.raises(Fault) as refusal:
        read_filter(text, RUNS)
    assert refusal.value.status == 400


def test_what_an_order_sorts_by():
    assert read_order("StartTimeUtc desc", RUNS, "CreatedUtc asc") == ("COALESCE(started, created)", True)
    assert read_order(None, RUNS, "CreatedUtc asc") == ("created", False)  # as an index has it
    assert read_order("Name desc", RUNS, "CreatedUtc asc") == ("COALESCE(name, '')", True)
    for text in ("Weight desc", "created; DROP TABLE runs", "CreatedUtc sideways"):
        with pytest.raises(Fault):
            read_order(text, RUNS, "CreatedUtc asc")


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01 00:00:00",
        "2026-01-01T01:00:00.0000000+01:00",
        "2026-01-01T00:00:00.0Z",
    ],
)
def test_a_moment_is_stored_in_one_form(text: str):
    assert moment(text) == "2026-01-01T00:00:00.000000+00:00"
