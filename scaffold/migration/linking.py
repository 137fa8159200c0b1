"""Follows the run from one module of the project to another.

A name that is imported is the run where it is bound in the other module; a function of another module has it for a
parameter where it is given it. Modules that share it are rewritten alike: when one of them needs SDK v1's run, all
keep it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst
from libcst import matchers as m

from scaffold.migration.context import Context, dotted
from scaffold.migration.hints import METHODS
from scaffold.migration.training import Script

# What makes or finds another run than the one that the script is in.
_OTHER_RUNS = re.compile(r"\b(child_run|create_children|submit_child|get_children|start_logging|Run)\s*\(")


def has_other_runs(text: str) -> bool:
    """Whether a module may know of another run than its own."""
    return _OTHER_RUNS.search(text) is not None


def link(scripts: Mapping[str, Script]) -> None:
    """Tells each module what the others know.

    Args:
        scripts: path from the project → module.
    """
    others = {shown: list(_imports(script.context, scripts)) for shown, script in scripts.items()}
    before = None
    while before != (now := [script.context.known() for script in scripts.values()]):
        before = now
        for shown, script in scripts.items():
            for prefix, name, other in others[shown]:
                _take(script.context, prefix, name, other.context)
            _give(script.context, scripts)
            _find_attributes(script, [script, *(other for _, _, other in others[shown])])
        for script in scripts.values():
            script.learn()


def keeping(scripts: Mapping[str, Script]) -> set[str]:
    """The modules that keep SDK v1's run, because they need it or share it with one that does."""
    keep = {shown for shown, script in scripts.items() if script.keeps_run()}
    before = -1
    while before != len(keep):
        before = len(keep)
        for shown, script in scripts.items():
            linked = {other.shown for _, _, other in _imports(script.context, scripts)} - {shown}
            shared = (
                {other for other in linked if scripts[other].context.runs} if script.context.runs else set()
            )
            if shown in keep:
                keep |= shared
            elif shared & keep:
                keep.add(shown)
    return keep


def _imports(context: Context, scripts: Mapping[str, Script]) -> Iterator[tuple[str, str, Script]]:
    """What is imported of the project: the local name, its name in its module ("" for all of that), the module."""
    for local, (module, name) in context.imported.items():
        if name and (whole := _of(f"{module}.{name}", scripts)) is not None:
            yield local, "", whole
        elif (other := _of(module, scripts)) is not None:
            yield local, name, other
    for module in context.stars:
        if (other := _of(module, scripts)) is not None:
            yield "", "", other


def _of(module: str, scripts: Mapping[str, Script]) -> Script | None:
    """The module of a dotted name: the one file that its path may mean."""
    path = module.strip(".").replace(".", "/")
    found = [
        script
        for shown, script in scripts.items()
        if path and re.search(rf"(^|/){re.escape(path)}(/__init__)?\.py$", shown)
    ]
    return found[0] if len(found) == 1 else None


def _take(context: Context, local: str, name: str, other: Context) -> None:
    """What a module gets by an import."""
    factories = {one for one in other.factories if not one.startswith("self.")}
    if name:
        context.runs |= {local} if name in other.top else set()
        context.factories |= {local} if name in factories else set()
        return
    prefix = f"{local}." if local else ""
    context.runs |= {f"{prefix}{one}" for one in other.top}
    context.factories |= {f"{prefix}{one}" for one in factories}


def _give(context: Context, scripts: Mapping[str, Script]) -> None:
    """Tells the modules whose functions are called what they are given."""
    for (module, function), given in context.given.items():
        other = _of(module, scripts) if module else None
        if other is not None:
            known = other.context.given.setdefault(("", function), {})
            for key, run in given.items():
                known[key] = run and known.get(key, True)
    for (module, function), argument in context.given_by:
        other = _of(module, scripts)
        if other is not None and function in other.context.functions:
            context.followed.add(argument)


def _find_attributes(script: Script, others: Sequence[Script]) -> None:
    """The run as an attribute of an object: ``trainer.run.log(…)``."""
    names = set().union(*(other.context.of_class() for other in others))
    for node in m.findall(script.wrapper.module, m.Attribute(value=m.Attribute())) if names else ():
        owner = cst.ensure_type(cst.ensure_type(node, cst.Attribute).value, cst.Attribute)
        if owner.attr.value in names and cst.ensure_type(node, cst.Attribute).attr.value in METHODS:
            script.context.runs |= {dotted(owner)} - {""}
