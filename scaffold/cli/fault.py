"""``scaffold workspace fault``: faults on demand, to try what one's own code makes of them."""

from typing import Annotated, Any

import typer

from scaffold.cli import console, local
from scaffold.cli.flags import AsJson
from scaffold.errors import UsageError
from scaffold.workspace.fault_kinds import BY_NAME, FAULT_KINDS, FaultKind


def fault(
    kind: Annotated[
        str | None,
        typer.Argument(help="What is to go wrong; without it, the kinds are listed.", show_default=False),
    ] = None,
    value: Annotated[
        float | None,
        typer.Argument(
            help="A number: seconds, or a status.", metavar="[SECONDS|STATUS]", show_default=False
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", help="How many times.", min=1)] = 1,
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", help="Only in the experiment of this name.", show_default=False),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show the faults that are still to come.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Take them back: those of KIND, or all.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have the local workspace fail on demand, so that you can try what your own code makes of it.

    For example: scaffold workspace fault preempt --experiment my-exp
    """
    if kind is not None and kind not in BY_NAME:
        raise UsageError(f"There is no fault {kind!r}.", f"There are {', '.join(BY_NAME)}.")
    if clear:
        _clear(kind, as_json)
    elif listing or kind is None:
        _list(as_json, kinds=not listing)
    else:
        _add(BY_NAME[kind], value, count, experiment, as_json)


def _add(kind: FaultKind, value: float | None, count: int, experiment: str | None, as_json: bool) -> None:
    from urllib.parse import urlencode

    if value is not None and kind.value is None:
        raise UsageError(f"The fault {kind.name!r} takes no number.", f"It is: {kind.help}.")
    least, most = kind.bounds
    if value is not None and not least <= value <= most:
        raise UsageError(
            f"{value:g} is no {kind.value} that {kind.name!r} takes.", f"It is from {least:g} to {most:g}."
        )
    query: dict[str, Any] = {"kind": kind.name, "count": count}
    query |= {"value": value} if value is not None else {}
    query |= {"experiment": experiment} if experiment is not None else {}
    faults = local.service().json("POST", f"/faults?{urlencode(query)}")["faults"]
    if as_json:
        console.result_json({"faults": faults})
    else:
        console.done(f"asked for: {describe(faults[-1])}")


def _clear(kind: str | None, as_json: bool) -> None:
    query = f"?kind={kind}" if kind is not None else ""
    cleared = local.service().json("DELETE", f"/faults{query}")["cleared"]
    if as_json:
        console.result_json({"cleared": cleared})
    else:
        console.done(f"{cleared} taken back" if cleared else "there were none")


def _list(as_json: bool, *, kinds: bool) -> None:
    faults = local.service().json("GET", "/faults")["faults"]
    if as_json:
        console.result_json({"faults": faults})
        return
    if kinds:
        console.rows(
            {f"{kind.name} [{kind.value}]" if kind.value else kind.name: kind.help for kind in FAULT_KINDS}
        )
    for entry in faults:
        console.result(f"still to come: {describe(entry)}" if kinds else describe(entry))
    if not faults and not kinds:
        console.done("none are to come")


def describe(entry: dict[str, Any]) -> str:
    """A fault that is still to come, in a few words."""
    kind = BY_NAME.get(entry["kind"])
    text = f"{entry['kind']} {entry['value']:g}" if kind and kind.value else str(entry["kind"])
    text += f" ({entry['count']} times)" if entry["count"] > 1 else ""
    return f"{text} in {console.inert(entry['experiment'])}" if entry["experiment"] else text
