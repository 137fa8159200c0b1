"""How the status of a run may move."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.workspace.runs import IllegalTransitionError, Status, check_transition, may_follow

statuses = st.sampled_from(list(Status))


def walk(wishes: Iterable[Status]) -> list[Status]:
    """The statuses of a run to which each of the wishes happens, where it is legal."""
    path = [Status.NOT_STARTED]
    for wish in wishes:
        if may_follow(path[-1], wish):
            path.append(wish)
    return path


@given(st.lists(statuses))
def test_a_terminal_status_is_never_left(wishes: list[Status]):
    *before, _ = walk(wishes)

    assert not [status for status in before if status.terminal]


@given(st.lists(statuses))
def test_no_stage_comes_twice(wishes: list[Status]):
    # A cancel can be asked for while the run's files are being collected, which goes on then.
    stages = [s for s in walk(wishes) if s not in (Status.CANCEL_REQUESTED, Status.FINALIZING)]

    assert len(stages) == len(set(stages))


@given(st.lists(statuses))
def test_after_a_cancel_nothing_new_is_begun(wishes: list[Status]):
    path = walk(wishes)

    if Status.CANCEL_REQUESTED in path:
        after = path[path.index(Status.CANCEL_REQUESTED) + 1 :]
        assert all(s.terminal or s in (Status.CANCEL_REQUESTED, Status.FINALIZING) for s in after)


@given(statuses, statuses)
def test_a_move_is_refused_exactly_when_it_may_not_follow(present: Status, wanted: Status):
    if may_follow(present, wanted):
        check_transition(present, wanted)
    else:
        with pytest.raises(IllegalTransitionError, match=f"{present.value} cannot become {wanted.value}"):
            check_transition(present, wanted)


@pytest.mark.parametrize("present", [status for status in Status if not status.terminal])
def test_every_run_can_still_end_in_every_way(present: Status):
    assert all(may_follow(present, end) for end in (Status.COMPLETED, Status.FAILED, Status.CANCELED))


def test_the_way_of_a_run_that_ends_well_is_legal():
    way = [
        Status.PREPARING,
        Status.QUEUED,
        Status.STARTING,
        Status.RUNNING,
        Status.FINALIZING,
        Status.COMPLETED,
    ]

    assert walk(way) == [Status.NOT_STARTED, *way]


def test_a_run_does_not_go_back():
    assert not may_follow(Status.RUNNING, Status.QUEUED)
    assert not may_follow(Status.FINALIZING, Status.RUNNING)
    assert not may_follow(Status.QUEUED, Status.NOT_STARTED)
