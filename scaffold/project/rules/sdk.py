"""Rules about the names of the SDKs: imports that there are none of, and calls that they do not take.

Of the themes of the submitting script and of the script's imports, behind those that stand there.
"""

import ast
import difflib
from collections.abc import Iterator

from scaffold.project import sdk_names
from scaffold.project.files import ProjectFile
from scaffold.project.finding import Found, Severity
from scaffold.project.imports import imports_in
from scaffold.project.rules import imports, wiring
from scaffold.project.subject import Subject
from scaffold.project.values import Values

# Methods that give an object of their own class.
_FACTORIES = ("from_", "get", "create")
_BLOCKS = ast.If | ast.For | ast.AsyncFor | ast.While | ast.Try


@wiring.theme.rule(
    "import",
    "warning",
    "now",
    "the submitting script imports what the SDK does not have",
    why="Python ends the submitting script with an ImportError at that line.",
)
def wiring_import(subject: Subject) -> Iterator[Found]:
    """Modules and names of `azureml` and `azure.ai.ml`, compared with those of the SDKs that scaffold was made with. An
    older SDK may have had them, so that it is a warning. Nothing is said of packages that others install beside
    (`azureml.contrib`), nor of an import that is tried (`try: … except ImportError`).
    """
    for module, name, line in imports_in(subject.runner.syntax_tree()):
        yield from _missing(subject, subject.runner, module, name, line)


@imports.theme.rule(
    "sdk",
    "warning",
    "run",
    "a module or name that the SDK does not have",
    why="Python ends the script with an ImportError at that line.",
)
def import_sdk(subject: Subject) -> Iterator[Found]:
    """As `wiring-import`, for the script and its modules."""
    for one in subject.modules.imports if subject.modules else ():
        name = one.name[len(one.module) + 1 :]
        yield from _missing(subject, one.file, one.module, name, one.line)


def _missing(subject: Subject, file: ProjectFile, module: str, name: str, line: int) -> Iterator[Found]:
    top = module.partition(".")[0]
    if top not in ("azure", "azureml") or any((subject.root / top).glob("*.py")):
        return
    gone = sdk_names.is_missing(module)
    if gone is not None:
        place = sdk_names.place_of(name, module) if name else None
        hint = f"Write from {place} import {name}." if place else _OTHER_SDK
        yield Found(file, line, f"there is no module {gone}", hint)
        return
    if not name or sdk_names.has(module, name):
        return
    if module == "azureml" and not sdk_names.is_missing_in_namespace(name):
        return
    if module == "azureml.train":  # other distributions have packages there
        return
    place, close = sdk_names.place_of(name, module), sdk_names.close_to(name, module)
    hint = "Mend the name, or take it from the module that has it."
    if place is not None:
        hint = f"Write from {place} import {name}."
    elif close is not None:
        hint = f"Write {close}, or mend the name."
    yield Found(file, line, f"{module} has no {name} ({sdk_names.version_of(module)})", hint)


_OTHER_SDK = "SDK v1 is azureml.core, and SDK v2 is azure.ai.ml."


@wiring.theme.rule(
    "call",
    "error",
    "now",
    "a call that the SDK does not take",
    why="Python ends the submitting script with a TypeError at that line, before anything is sent.",
)
def wiring_call(subject: Subject) -> Iterator[Found]:
    """Names, numbers and required arguments of the calls that submit a run (`ScriptRunConfig`, `Experiment`,
    `Workspace.from_config`, `CondaDependencies.create`, `HyperDriveConfig` and others), compared with those of the SDK
    that scaffold was made with. Nothing is said of calls with `*` or `**`. One that stands in a condition, a loop, or a
    function that nothing calls, is a warning.
    """
    values = subject.values
    uncertain = _uncertain(values.tree)
    for call in (node for node in ast.walk(values.tree) if isinstance(node, ast.Call)):
        full = _full_name(call, values)
        known = sdk_names.parameters(full) if full else None
        if full is None or known is None or _has_stars(call):
            continue
        severity: Severity | None = "warning" if id(call) in uncertain else None
        told = full.rpartition(".")[2] if full[:1].islower() else full
        extra: sdk_names.Parameters | None = None
        if told == "submit":
            extra = _submitted(call, values)
        for what, hint in _wrong(call, known, extra, told):
            yield Found(subject.runner, call.lineno, what, hint, severity=severity)


def _wrong(
    call: ast.Call, known: sdk_names.Parameters, extra: sdk_names.Parameters | None, told: str
) -> Iterator[tuple[str, str]]:
    names = (*known.names, *(extra.names if extra else ()))
    is_open = known.open and (extra is None or extra.open)
    given = {keyword.arg for keyword in call.keywords if keyword.arg}
    if known.positions is not None and len(call.args) > known.positions:
        number = f"{known.positions} argument{'' if known.positions == 1 else 's'} by position"
        yield (
            f"{told} takes {number}, and is given {len(call.args)}",
            "Give the others by name, or leave them out.",
        )
        return
    for name in sorted(given - set(names)) if not is_open else ():
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"Write {close[0]}." if close else f"Leave it out; it takes {', '.join(_public(names))}."
        yield f"{told} takes no {name}", hint
        return
    positional = known.names[: len(call.args)]
    twice = sorted(given & set(positional))
    if twice:
        yield f"{told} is given {twice[0]} twice", "Leave one of the two out."
    missing = [name for name in known.names if name in known.required - given - set(positional)]
    if missing:
        yield f"{told} lacks {' and '.join(missing)}", "Give it what it lacks."


def _public(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def _has_stars(call: ast.Call) -> bool:
    return any(keyword.arg is None for keyword in call.keywords) or any(
        isinstance(item, ast.Starred) for item in call.args
    )


def _full_name(call: ast.Call, values: Values) -> str | None:
    """The canonical name of a class or method of the SDK that is called."""
    dotted = values.dotted_with_stars(call.func, "azureml")
    if dotted is not None and dotted.startswith("azureml."):
        return sdk_names.canonical(dotted)
    if isinstance(call.func, ast.Attribute):
        owner = _class_of(call.func.value, values)
        return f"{owner}.{call.func.attr}" if owner else None
    return None


def _class_of(node: ast.expr, values: Values) -> str | None:
    """The class of an object that is made by a call of it, or of one of its factories."""
    made = values.followed(node)
    dotted = values.dotted_with_stars(made.func, "azureml") if isinstance(made, ast.Call) else None
    if dotted is None or not dotted.startswith("azureml."):
        return None
    full = sdk_names.canonical(dotted)
    owner, _, name = full.rpartition(".")
    if name.startswith(_FACTORIES) and sdk_names.parameters(owner) is not None:
        return owner
    return full if name[:1].isupper() and sdk_names.parameters(full) is not None else None


def _submitted(call: ast.Call, values: Values) -> sdk_names.Parameters | None:
    """What submit takes beside, for what it is given."""
    node = values.given(call, "config", 0)
    owner = _class_of(node, values) if node is not None else None
    return sdk_names.parameters(f"{owner}!submit") if owner else None


def _uncertain(tree: ast.Module) -> set[int]:
    """The calls that may not be made."""
    loaded = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    } | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found: set[int] = set()
    for node in ast.walk(tree):
        block = isinstance(node, _BLOCKS) and not _is_main(node)
        unused = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in loaded
        if block or unused or isinstance(node, ast.ClassDef | ast.Lambda):
            found |= {id(part) for part in ast.walk(node) if isinstance(part, ast.Call)}
    return found


def _is_main(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test)
    )
