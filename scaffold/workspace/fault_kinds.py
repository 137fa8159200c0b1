"""The faults that a workspace can be told to have, so that people can try what their own code makes of them.

One table, read by the command that sets them, by the service that has them and by the README's test. A new
kind is a row here and the place where it strikes: ``request_faults`` for those of requests, the engine for those
of builds and runs. Imports nothing: ``scaffold --help`` reads it too.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault.

    Attributes:
        name: what it is asked for by.
        help: what happens, a sentence that begins with what it happens to.
        value: what a number that may be given with it means, or None.
        default: that number when none is given.
        bounds: the least and the greatest number.
    """

    name: str
    help: str
    value: str | None = None
    default: float = 0.0
    bounds: tuple[float, float] = (0.0, 86400.0)


FAULT_KINDS = (
    FaultKind("build", "the next environment that a run needs cannot be built, cached or not"),
    FaultKind("slow-build", "the next environment that a run needs takes longer to build", "SECONDS", 60.0),
    FaultKind(
        "full-cluster",
        "the next run is queued so long, as on a cluster whose nodes are all in use",
        "SECONDS",
        60.0,
    ),
    FaultKind(
        "quota",
        "the next run is queued so long, as on a cluster that gets no node because the subscription's quota is used up",
        "SECONDS",
        60.0,
    ),
    FaultKind(
        "preempt",
        "the next run loses its low-priority node so long after its start, and fails with Azure ML's PreemptionError",
        "SECONDS",
    ),
    FaultKind(
        "preempt-restart",
        "the next run loses its low-priority node so long after its start, and is begun again with the files that "
        "it had in outputs/ and logs/",
        "SECONDS",
    ),
    FaultKind(
        "slow-finalize", "the next run takes longer to be finalized, once its script is over", "SECONDS", 60.0
    ),
    FaultKind("login", "the next login is refused (the managed identity's token)"),
    FaultKind("token", "the next request is told that its token has expired (401)"),
    FaultKind("role", "the next request that would change something is refused, as to a reader (403)"),
    FaultKind(
        "throttle", "the next request is told to come back after so long (429, Retry-After)", "SECONDS", 1.0
    ),
    FaultKind(
        "error", "the next request fails with this status of the service", "STATUS", 500.0, (500.0, 599.0)
    ),
    FaultKind("storage", "the next upload or download of a file is told that the storage is busy (503)"),
)

BY_NAME = {kind.name: kind for kind in FAULT_KINDS}
