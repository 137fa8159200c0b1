"""Rules about the code that runs: whether the declared Python and environment can run it."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scaffold.project import arguments, ruff
from scaffold.project.files import FileError, ProjectFile, lines_of
from scaffold.project.finding import Edit, Fix, Found, Severity, Theme
from scaffold.project.imports import Module
from scaffold.project.subject import Subject
from scaffold.project.versions import bounded, pinned

theme = Theme("script", "The script and the modules it imports")

_ADDED = re.compile(r"(.*) \(syntax was (?:added|changed) in Python (\d+\.\d+)\)")
_CONFIG_PLACES = {
    f"{folder}{name}"
    for folder in (".azureml/", "aml_config/", "")
    for name in ("config.json", "project.json")
}
_LOCAL_PATH = re.compile(
    r"[A-Za-z]:[\\/]+\w"  # a drive of Windows
    r"|/(?:home|Users)/[^/\s{}<>]+(?:/|$)"
    r"|/(?:content/(?:g?drive|sample_data)|kaggle/(?:input|working)|dbfs|mnt/batch/tasks|media|Volumes)/"
)


def _declared(subject: Subject) -> tuple[int, int] | None:
    """The Python that the environment gets, or the one that constants.py names."""
    if subject.python is not None:
        return subject.python.minor
    match = re.match(r"(\d+)\.(\d+)", subject.constants.python_version or "")
    return (int(match[1]), int(match[2])) if match else None


@theme.rule(
    "syntax",
    "error",
    "run",
    "not valid Python",
    why="Python refuses the file before its first line runs.",
)
def script_syntax(subject: Subject) -> Iterator[Found]:
    """The script, and every module of the snapshot that it imports, is compiled (and not executed). Where the
    environment's Python is newer than the one scaffold runs in, ruff's parser decides, which knows the
    grammar of every Python from 3.7 to 3.14; for one newer still nothing is said. A module that is not
    imported in any case (within a function, a condition) is a warning.
    """
    modules = subject.modules
    declared = _declared(subject)
    newer = declared is not None and declared > sys.version_info[:2]
    for module in modules.modules if modules else ():
        try:
            module.file.check_compiles()
        except FileError as error:
            severity: Severity | None = None if module.certain else "warning"
            if error.is_of_size:
                continue
            if not (newer and isinstance(error.__cause__, SyntaxError)):
                yield Found(error.file, error.line, error.wrong, error.hint, severity=severity)
            elif declared is not None and declared <= ruff.NEWEST:
                for one in _of(subject, module, "invalid-syntax")[:1]:
                    wrong = "not valid Python {}.{}: {}".format(*declared, one.message)
                    yield Found(module.file, one.line, wrong, "Mend the line.", severity=severity)


def _of(subject: Subject, module: Module, code: str) -> list[ruff.Diagnostic]:
    """What ruff says of a module under a code."""
    return [one for one in subject.diagnostics if one.path == module.file.path and one.code == code]


@theme.rule(
    "python",
    "error",
    "run",
    "syntax that the environment's Python does not know yet",
    why="The environment's Python refuses the file before its first line runs.",
)
def script_python(subject: Subject) -> Iterator[Found]:
    """`match` needs Python 3.10, `except*` 3.11, `def f[T]()` 3.12, and so on. The environment's Python is the
    one of `set_python_version`, of `CondaDependencies` or of the conda file, else the SDK's own choice: 3.8.13, and
    3.10.18 for a conda file without one that it can read. The local
    workspace takes the nearest Python that is installed, so it is a warning there.
    """
    modules, python = subject.modules, subject.python
    if modules is None or python is None:
        return
    for module in modules.modules:
        for one in _of(subject, module, "invalid-syntax")[:1]:
            match = _ADDED.fullmatch(one.message)
            if not match or module.tree is None:
                continue
            what = re.sub(r"^Cannot use (.*) on Python [\d.]+$", r"\1", match[1])
            by = "" if python.chosen else ", the SDK's own choice,"
            wrong = f"Python {python.version}{by} does not know this yet: {what}, new in Python {match[2]}"
            sure = module.certain and subject.goes == "azure"
            hint = f"Ask for Python {match[2]} or later ({python.file.shown}:{python.line}), or write it otherwise."
            yield Found(
                module.file,
                one.line,
                wrong,
                hint,
                severity="error" if sure else "warning",
            )


@theme.rule(
    "name",
    "warning",
    "run",
    "a name that nothing binds",
    why="Python ends with a NameError when it comes to the line.",
)
def script_name(subject: Subject) -> Iterator[Found]:
    """Found by ruff (F821). Names in annotations, and those behind a check of the Python version or a
    NameError handler, are left alone.
    """
    modules = subject.modules
    for module in modules.modules if modules else ():
        if module.tree and module.file != subject.runner:
            yield from unbound(subject, module.file, module.tree)


def unbound(subject: Subject, file: ProjectFile, tree: ast.Module) -> Iterator[Found]:
    """Names in a file that nothing binds, and that are looked up once their line runs."""
    found = [one for one in subject.diagnostics if (one.path, one.code) == (file.path, "F821")]
    evaluated = set(_evaluated(tree)) if found else set()
    for one in found:
        match = re.search(r"`(.+)`", one.message)
        if match and (match[1], one.line) in evaluated:
            hint = "Bind it, import it, or mend its spelling."
            yield Found(file, one.line, f"'{match[1]}' is not defined", hint)


def _evaluated(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The names that are sure to be looked up once their line runs, each with its line."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.If) and any(
            "version" in word or "PY" in word for word in _words(node.test)
        ):
            continue
        elif isinstance(node, ast.Try) and node.handlers:
            waiting += [*node.orelse, *node.finalbody]
        else:
            for field, value in ast.iter_fields(node):
                if field not in ("annotation", "returns", "type_comment"):
                    children = value if isinstance(value, list) else [value]
                    waiting += [child for child in children if isinstance(child, ast.AST)]


def _words(node: ast.AST) -> set[str]:
    words = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return words | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


@theme.rule(
    "arguments",
    "warning",
    "run",
    "arguments that the script's own parser refuses",
    why="argparse prints the script's usage and ends it with exit code 2.",
)
def script_arguments(subject: Subject) -> Iterator[Found]:
    """The script's ArgumentParser is made again from its `add_argument` calls and given the arguments of the
    ScriptRunConfig: unknown options, missing ones, values of the wrong type. Nothing is said where either is
    computed, where there are subparsers, `parse_known_args` and the like, or where the parser is elsewhere.
    """
    given, found = subject.submission.arguments, refused(subject)
    if given is not None and found is not None:
        hint = f"Mend the arguments, or the parser ({found.parser})."
        yield Found(given.file, given.line, f"the script refuses its arguments: {found.message}", hint)


@dataclass(frozen=True)
class Refusal:
    """What a script's parser says against a command line.

    Attributes:
        parser: where it stands.
        message: argparse's.
        advice: what to type instead, where that is known.
    """

    parser: str
    message: str
    advice: str | None


def refused(
    subject: Subject,
    rearranged: Callable[[list[str | None]], list[str | None]] = list,
    flag: str = "--arg",
) -> Refusal | None:
    """What the script's parser says against the arguments; None where it takes them, or is not known.

    Args:
        subject: the project.
        rearranged: what becomes of the arguments of the ScriptRunConfig; each is None where it is not known.
        flag: of the command line, which does that.
    """
    given, modules = subject.submission.arguments, subject.modules
    if given is None or modules is None or modules.script.tree is None:
        return None
    found = arguments.declared(modules.script.tree)
    if found is None:
        return None
    changed = rearranged(list(given.values))
    message = arguments.refusal(found, changed)
    if message is None:
        return None
    return Refusal(
        f"{modules.script.file.shown}:{found.line}", message, arguments.advice(found, changed, flag)
    )


@theme.rule(
    "numpy-alias",
    "warning",
    "run",
    "an alias that numpy 1.24 dropped",
    why="numpy ends the script with an AttributeError at that line.",
    fixable=True,
)
def script_numpy_alias(subject: Subject) -> Iterator[Found]:
    """`np.float`, `np.int`, `np.object` and `np.str` were other names of Python's own types until numpy 1.24
    dropped them. Found where the specification asks for such a numpy, or for the newest of everything.
    """
    numpy = pinned(subject, "numpy")
    if numpy is None and (bounded(subject) or "numpy" not in subject.provided.names):
        return
    if numpy is None and subject.python is not None:
        numpy = _newest_numpy(subject.python.minor)
    if numpy is not None and numpy < (1, 24):
        return
    modules = subject.modules
    for module in modules.modules if modules else ():
        for one in _of(subject, module, "NPY001"):
            alias = re.search(r"`(np\.\w+)`", one.message)
            # numpy 2 has these two again, as types of its own.
            again = alias is not None and alias[1] in ("np.bool", "np.long")
            if alias and not (again and (numpy is None or numpy >= (2,))):
                fix = _replaced(module, one)
                hint = f"Write {alias[1].removeprefix('np.')}." if fix else "Use Python's own type."
                yield Found(module.file, one.line, f"numpy has no {alias[1]} any more", hint, fix=fix)


def _newest_numpy(python: tuple[int, int]) -> tuple[int, ...] | None:
    """The newest numpy that there is for an old Python."""
    newest = {(3, 5): (1, 18), (3, 6): (1, 19), (3, 7): (1, 21), (3, 8): (1, 24)}
    return newest.get(python, (1, 16) if python < (3, 5) else None)


def _replaced(module: Module, one: ruff.Diagnostic) -> Fix | None:
    if one.edit is None:
        return None
    row, start, end, text = one.edit
    line = lines_of(module.file.data().decode("utf-8", "replace"))[row - 1]
    changed = line[: start - 1] + text + line[end - 1 :]
    return Fix(f"write {text}", (Edit(module.file.path, row, row, changed),))


@theme.rule(
    "workspace",
    "warning",
    "run",
    "the script looks for config.json, which does not travel",
    why="In a run Workspace.from_config() finds no config.json, and ends with a UserErrorException.",
)
def script_workspace(subject: Subject) -> Iterator[Found]:
    """`Workspace.from_config()` reads a file of the project's folder, and only the folder of the experiment
    travels. A run has its workspace without it. Calls in a condition are left alone, and scripts that
    know `run.experiment` too.
    """
    modules, snapshot = subject.modules, subject.snapshot
    if modules is None or snapshot is None or {"experiment", "OfflineRun", "_OfflineRun"} & modules.words:
        return
    if any(file.path in _CONFIG_PLACES for file in snapshot.sent):
        return
    for module in modules.modules:
        if module.tree is None or not module.certain:
            continue
        for call in _sure_calls(module.tree.body):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "from_config":
                owner = call.func.value
                if (
                    isinstance(owner, ast.Name)
                    and owner.id == "Workspace"
                    and not call.args
                    and not call.keywords
                ):
                    wrong = "Workspace.from_config() finds no config.json where the run is"
                    hint = "Use Run.get_context().experiment.workspace there."
                    yield Found(module.file, call.lineno, wrong, hint)


def _sure_calls(body: list[ast.stmt]) -> Iterator[ast.Call]:
    """Calls that are made in any case once the functions that they stand in are."""
    for node in body:
        if isinstance(node, ast.If) and "__name__" not in _words(node.test):
            continue
        if isinstance(node, ast.Try | ast.For | ast.While):
            continue
        if isinstance(node, ast.FunctionDef | ast.With | ast.If):
            yield from _sure_calls(node.body)
        elif isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return):
            yield from (part for part in ast.walk(node) if isinstance(part, ast.Call))


@theme.rule(
    "path",
    "warning",
    "run",
    "an absolute path of one computer",
    why="There is no such path where the run is.",
)
def script_path(subject: Subject) -> Iterator[Found]:
    """Paths below `/home`, `/Users`, a drive letter, and those of Colab, Kaggle and Databricks. Docstrings
    are left alone, and so is the default of an argument that is given or may be.
    """
    modules = subject.modules
    for module in modules.modules if modules else ():
        seen: set[str] = set()
        for node in _texts(module.tree, subject) if module.tree else ():
            text = str(node.value)
            if text not in seen and "\n" not in text and _LOCAL_PATH.match(text):
                seen.add(text)
                hint = "Put the file into the folder that is sent, or pass its path as an argument."
                yield Found(module.file, node.lineno, f"'{text}' is a path of one computer", hint)


def _texts(tree: ast.Module, subject: Subject) -> Iterator[ast.Constant]:
    """Texts that the code uses: no docstrings, no defaults of arguments that are given."""
    given = subject.submission.arguments
    left_out = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
            options = [item.value for item in call.args if isinstance(item, ast.Constant)]
            if given is None or set(options) & set(given.values):
                left_out |= {id(node) for node in ast.walk(call) if isinstance(node, ast.Constant)}
            left_out |= {id(word.value) for word in call.keywords if word.arg in ("help", "metavar")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node
