"""The faults on demand that strike requests, in the shapes of the real refusals; which there are: ``fault_kinds``.

Those are the resource manager's (401, 403, 429), the services' (5xx), the identity endpoint's and Azure Storage's.
"""

from collections.abc import Callable

from starlette.requests import Request

from scaffold.workspace.context import context_of
from scaffold.workspace.faults import Fault
from scaffold.workspace.routes.operation import Access, Operation


def _login() -> Fault:
    return Fault(400, "invalid_request", "Identity not found (a fault that was asked for).")


def _token() -> Fault:
    return Fault(
        401,
        "UserError",
        "The access token has expired or is not yet valid (a fault that was asked for).",
        "AuthenticationFailed",
        "TokenExpired",
    )


def _role() -> Fault:
    return Fault(
        403,
        "AuthorizationFailed",
        "The client does not have authorization to perform this action over the workspace, or the scope is invalid "
        "(a fault that was asked for).",
        "Authorization",
    )


def _throttle(seconds: float) -> Fault:
    fault = Fault(
        429,
        "TooManyRequests",
        f"Too many requests: come back after {seconds:g} seconds (a fault that was asked for).",
        "ThrottlingError",
    )
    fault.headers["retry-after"] = f"{seconds:g}"
    return fault


def _error(status: float) -> Fault:
    return Fault(
        int(status), "ServiceError", f"The service failed with {status:g} (a fault that was asked for)."
    )


def _storage() -> Fault:
    return Fault(503, "ServerBusy", "The server is busy (a fault that was asked for).")


# Which requests a kind strikes, and the refusal that it is there.
_STRIKES: dict[str, tuple[Callable[[Operation, Request], bool], Callable[[float], Fault]]] = {
    "login": (lambda operation, _: operation.name == "arm.get_token", lambda _: _login()),
    "token": (lambda operation, _: operation.access is Access.BEARER, lambda _: _token()),
    "role": (
        lambda operation, request: (
            operation.access is Access.BEARER and request.method not in ("GET", "HEAD")
        ),
        lambda _: _role(),
    ),
    "throttle": (lambda operation, _: operation.access is Access.BEARER, _throttle),
    "error": (lambda operation, _: operation.access is Access.BEARER, _error),
    "storage": (lambda operation, _: operation.access is Access.SIGNATURE, lambda _: _storage()),
}


def strike(operation: Operation, request: Request) -> None:
    """Lets the fault come that is due for this request.

    Raises:
        Fault: it was one.
    """
    injected = context_of(request).store.injected
    if not injected.all():
        return
    for kind, (strikes, refusal) in _STRIKES.items():
        if strikes(operation, request):
            fault = injected.take(kind, _experiment(request))
            if fault is not None:
                raise refusal(fault.value)


def _experiment(request: Request) -> str | None:
    """The name of the experiment that the request's address names, or None."""
    context, params = context_of(request), request.path_params
    found = None
    if "experiment_id" in params:
        found = context.store.experiments.by_id(params["experiment_id"])
    elif "experiment" not in params and "run_id" in params:
        run = context.store.runs.get(params["run_id"])
        found = context.store.experiments.by_id(run.experiment_id) if run else None
    return found.name if found else params.get("experiment")
