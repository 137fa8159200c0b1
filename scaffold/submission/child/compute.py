"""What a compute target says of itself, and what a run that it is to carry out waits for.

Source: ``ComputeTarget`` and ``AmlComputeStatus`` of the SDK, whose lists of errors are the service's own documents
(``MachineLearningServiceError``, ``ErrorResponse``).
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

_READY = ("steady", "running", "idle", "succeeded", "updating", "none")


def messages_of(target: Any) -> list[str]:
    """What a compute target says is wrong with it."""
    status = getattr(target, "status", None)
    errors = [*(getattr(status, "errors", None) or []), *(target.provisioning_errors or [])]
    return [_message_of(error) for error in errors]


def _message_of(error: Any) -> str:
    while isinstance(error, dict) and isinstance(error.get("error"), dict):
        error = error["error"]
    if isinstance(error, dict):
        return str(error.get("message") or error.get("code") or error)
    return str(getattr(error, "message", None) or error)


def why_it_waits(run: Any, name: str) -> list[str]:
    """Why a run does not start, as far as the service says so; each reason once.

    Args:
        run: a ``Run`` of the SDK.
        name: its compute target.
    """
    reasons: list[str] = []
    for source in (_said_of_the_run(run), _said_of_the_target(run, name)):
        with contextlib.suppress(Exception):  # one that is not answered takes nothing from the other
            for reason in source:
                if not any(reason in known or known in reason for known in reasons):
                    reasons.append(reason)
    return reasons


def _said_of_the_run(run: Any) -> Iterator[str]:
    queueing = run._client.get_run().queueing_info
    if queueing is not None and (queueing.message or queueing.code):
        yield str(queueing.message or queueing.code)


def _said_of_the_target(run: Any, name: str) -> Iterator[str]:
    from azureml.core.compute import ComputeTarget

    target = ComputeTarget(run.experiment.workspace, name)
    yield from (f"{name}: {message}" for message in messages_of(target))
    status = getattr(target, "status", None)
    states = (
        target.provisioning_state,
        getattr(status, "allocation_state", None),
        getattr(status, "state", None),
    )
    yield from (f"{name} is {str(state).lower()}" for state in states if str(state).lower() not in _READY)
    if getattr(status, "node_state_counts", None) is not None:
        yield from _said_of_nodes(status, name)


def _said_of_nodes(status: Any, name: str) -> Iterable[str]:
    counts, most = status.node_state_counts, getattr(status.scale_settings, "maximum_node_count", None)
    if most == 0:
        return [f"{name} may have no node: its greatest number of nodes is 0"]
    if counts.preparing_node_count:
        return [f"{_nodes(counts.preparing_node_count)} of {name} being prepared"]
    if most and (status.current_node_count or 0) >= most and not counts.idle_node_count:
        return [f"{name} has {_nodes(most)}, which is all that it may have, and none is idle"]
    return []


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"
