"""What a run is and how its status may move: pure, it knows neither the store nor the wire.

The names are the service's own (``azureml._restclient`` and ``RunStatus`` in azureml-core 1.61).
"""

from enum import Enum


class Status(str, Enum):
    """The status of a run, with Azure ML's names."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    PROVISIONING = "Provisioning"
    STARTING = "Starting"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def terminal(self) -> bool:
        """True when nothing follows."""
        return self in TERMINAL


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED})

_ORDER = (
    Status.NOT_STARTED,
    Status.PREPARING,
    Status.PROVISIONING,
    Status.QUEUED,
    Status.STARTING,
    Status.RUNNING,
    Status.FINALIZING,
)


class IllegalTransitionError(ValueError):
    """A status was asked for that cannot follow the present one."""


def may_follow(present: Status, wanted: Status) -> bool:
    """True when a run may move from ``present`` to ``wanted``.

    A run moves forward through the preparing, queued, running and finalizing stages (skipping is
    allowed), may be asked to cancel at any of them, and never leaves a terminal status.
    """
    if present.terminal:
        return False
    if wanted.terminal:
        return True
    if wanted is Status.CANCEL_REQUESTED:
        return present is not Status.CANCEL_REQUESTED
    if present is Status.CANCEL_REQUESTED:
        return wanted is Status.FINALIZING
    return _ORDER.index(wanted) > _ORDER.index(present)


def check_transition(present: Status, wanted: Status) -> None:
    """Raises :class:`IllegalTransitionError` unless ``wanted`` may follow ``present``."""
    if not may_follow(present, wanted):
        raise IllegalTransitionError(f"a run that is {present.value} cannot become {wanted.value}")
