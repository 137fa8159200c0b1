"""The addresses by which this program's own command asks for faults; see ``fault_kinds``."""

from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context
from scaffold.workspace.fault_kinds import BY_NAME
from scaffold.workspace.services.control import admitted
from scaffold.workspace.store.injected import InjectedFault

_MOST = 1_000_000


async def list_faults(request: Request) -> Any:
    """The faults that are still to come."""
    return {"faults": _documents(admitted(request))}


async def add_fault(request: Request) -> Any:
    """Asks for a fault."""
    context, query = admitted(request), request.query_params
    kind = BY_NAME.get(query.get("kind", ""))
    if kind is None:
        raise faults.bad_request(f"There is no fault {query.get('kind', '')!r}.")
    try:
        value = float(query.get("value", kind.default))
        count = int(query.get("count", "1"))
    except ValueError:
        raise faults.bad_request("value and count are numbers.") from None
    least, most = kind.bounds
    if not least <= value <= most or not 1 <= count <= _MOST:
        raise faults.bad_request("value or count is out of its bounds.")
    context.store.injected.add(InjectedFault(kind.name, value, count, query.get("experiment")))
    return {"faults": _documents(context)}


async def clear_faults(request: Request) -> Any:
    """Takes back the faults of a kind, or all."""
    context = admitted(request)
    return {"cleared": context.store.injected.clear(request.query_params.get("kind"))}


def _documents(context: Context) -> list[dict[str, Any]]:
    return [msgspec.structs.asdict(fault) for fault in context.store.injected.all()]
