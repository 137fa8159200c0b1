"""How long a run took, where the machine's clock was set while it was under way: never less than nothing."""

from datetime import datetime, timedelta

import pytest

from scaffold.cli.submitting.outcome import completed, seconds
from scaffold.runs.model import Run as Listed
from scaffold.workspace.engine.finishing import Finish
from scaffold.workspace.engine.jobs import JobFolder, Outcome
from scaffold.workspace.paths import Home
from scaffold.workspace.portal import words
from scaffold.workspace.runs import Status
from scaffold.workspace.store import Store
from scaffold.workspace.store.runs import Run

STARTED = "2026-11-23T12:00:00.000000+00:00"
LATER = "2026-11-23T12:10:00.000000+00:00"
SET_BACK = "2026-11-23T10:10:00.000000+00:00"
TOOK = 600.0


@pytest.fixture
def running(store: Store) -> Run:
    experiment = store.experiments.ensure("e")
    store.runs.create("r", experiment.experiment_id, status=Status.RUNNING, definition={"command": "x"})
    return store.runs.update("r", started=STARTED)


def finished(home: Home, store: Store, run: Run, outcome: Outcome) -> Run:
    """The run as it is when it has ended like this."""
    finish = Finish(home, store, JobFolder(home, run), run, outcome, settled=True)
    status, changes = finish.end(canceled=False)
    return store.runs.move(run.run_id, status, **changes)


@pytest.mark.parametrize("at", [LATER, SET_BACK])
def test_a_run_took_what_its_supervisor_measured(home: Home, store: Store, running: Run, at: str):
    ended = finished(home, store, running, Outcome("exited", 0, at, seconds=TOOK))

    assert ended.ended == at
    assert words.seconds(ended) == TOOK


def test_a_run_of_which_nobody_measured_how_long_it_took_is_not_given_a_number(
    home: Home, store: Store, running: Run
):
    ended = finished(home, store, running, Outcome("exited", 0, SET_BACK))

    assert words.span(words.seconds(ended)) == ""


def test_a_run_that_goes_on_since_before_the_clock_was_set_back_has_no_duration(store: Store, running: Run):
    ahead = (datetime.now().astimezone() + timedelta(hours=2)).isoformat()

    assert words.seconds(store.runs.update(running.run_id, started=ahead)) is None


def test_lists_and_sentences_leave_out_what_is_not_known():
    started, ended = datetime.fromisoformat(STARTED), datetime.fromisoformat(SET_BACK)
    listed = Listed("r", 1, "e", "r", "Completed", started, started=started, ended=ended)
    state = {"started": STARTED, "ended": SET_BACK}

    assert listed.seconds is None
    assert seconds(state) == 0
    assert completed(state) == "Completed"
    assert completed(state | {"ended": LATER}) == "Completed in 10 min 00 s"
