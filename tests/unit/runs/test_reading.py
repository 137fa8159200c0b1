"""Runs out of the services' records, whatever a client wrote into them."""

from datetime import datetime, timezone

import pytest

from scaffold.runs import reading

RECORD = {
    "runId": "r1",
    "createdUtc": "2026-01-31T12:00:00.1234567Z",
    "status": "Failed",
    "experimentName": "e",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=timezone.utc)),
        ("2026-01-31T12:00:00.1234567Z", datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=timezone.utc)),
        ("2026-01-31T12:00:00.1Z", datetime(2026, 1, 31, 12, 0, 0, 100000, tzinfo=timezone.utc)),
        ("2026-01-31T14:00:00+02:00", datetime(2026, 1, 31, 12, tzinfo=timezone.utc)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=timezone.utc)),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_read_as_the_services_write_them(text: str | None, expected: datetime | None):
    assert reading.moment(text) == expected


def test_a_record_with_nothing_but_its_id_is_a_run():
    run = reading.run_of({"runId": "r1"})

    assert (run.run_id, run.display_name, run.status, run.error, run.seconds) == (
        "r1",
        "r1",
        "NotStarted",
        None,
        None,
    )


def test_an_error_and_a_duration_are_read():
    error = {"error": {"code": "UserError", "message": "no"}}
    times = {"startTimeUtc": "2026-01-31T12:00:01Z", "endTimeUtc": "2026-01-31T12:00:03.5Z"}

    run = reading.run_of({**RECORD, **times, "error": error})

    assert (run.error, run.error_code, run.seconds, run.terminal) == ("no", "UserError", 2.5, True)


@pytest.mark.parametrize(
    "definition",
    [None, [], "text", {"arguments": "a b"}, {"environment": "name"}, {"environmentVariables": [1]}],
    ids=repr,
)
def test_a_definition_of_another_shape_tells_nothing(definition: object):
    details = reading.details_of({"run": RECORD, "url": "u", "logs": [], "definition": definition})

    assert (details.arguments, details.environment, details.variables) == ((), None, {})


def test_parameters_are_named_arguments_and_those_of_mlflow():
    definition = {"arguments": ["--lr", 0.1, "--decay=-2", "--shift", "-3", "--fast", "file.csv", "--last"]}
    record = {**RECORD, "properties": {"mlflow.param.depth": "3", "other": "x"}}

    details = reading.details_of({"run": record, "url": "u", "logs": [], "definition": definition})

    assert reading.parameters_of(details) == {
        "lr": "0.1", "decay": "-2", "shift": "-3", "fast": "file.csv", "last": "yes", "depth": "3",
    }  # fmt: skip


def test_the_last_value_of_a_metric_is_that_of_its_highest_step():
    values = [
        {"step": step, "data": {"loss": value}} for step, value in ((0, 1.0), (2, 0.5), (2, 0.4), (1, 0.7))
    ]

    metric = reading.metric_of(
        {"name": "loss", "properties": {"uxMetricType": "azureml.v1.scalar"}, "value": values}
    )

    assert (metric.kind, metric.columns, metric.last) == ("scalar", ("loss",), {"loss": 0.4})
