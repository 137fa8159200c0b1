"""The Python files that a script is made of, and what they import from elsewhere.

Follows imports through the snapshot as Python would with the script's folder and the snapshot's on its
path. Files are read as syntax trees, never executed; those that no import leads to are not read.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from scaffold.project.files import FileError, ProjectFile
from scaffold.project.snapshot import Snapshot


@dataclass(frozen=True)
class Module:
    """A file of the snapshot that the script imports, directly or not, or the script itself.

    Attributes:
        file: the file.
        path: from the snapshot's folder, with forward slashes.
        tree: what stands in it; None when it is not valid Python.
        certain: whether it is sure to be imported as soon as the script starts.
    """

    file: ProjectFile
    path: str
    tree: ast.Module | None
    certain: bool


@dataclass(frozen=True)
class Import:
    """An import of something that is not in the snapshot.

    Attributes:
        name: as it is written, ``pandas.io``; for ``from a import b`` both parts, ``a.b``.
        module: the part of it that must be a module: ``a`` of ``from a import b``.
        file: the file that has it.
        line: its line.
        certain: whether it is sure to be executed as soon as the script starts.
    """

    name: str
    module: str
    file: ProjectFile
    line: int
    certain: bool

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Modules:
    """What a script is made of.

    Attributes:
        modules: its files, the script first.
        imports: what they import from elsewhere, each name once a file.
        from_root: what they import from the snapshot's folder, and is not in the script's, which is another.
    """

    modules: tuple[Module, ...]
    imports: tuple[Import, ...]
    from_root: tuple[Import, ...] = ()

    @property
    def script(self) -> Module:
        return self.modules[0]

    @cached_property
    def sets_path(self) -> bool:
        """Whether any of them may change where Python looks for modules."""
        return any(
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) in {("sys", "path"), ("site", "addsitedir")}
            for module in self.modules
            for node in (ast.walk(module.tree) if module.tree else ())
        )

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name and attribute that stands in any of them."""
        words = set()
        for module in self.modules:
            for node in ast.walk(module.tree) if module.tree else ():
                if isinstance(node, ast.Name):
                    words.add(node.id)
                elif isinstance(node, ast.Attribute):
                    words.add(node.attr)
        return frozenset(words)


def reach(script: ProjectFile, snapshot: Snapshot, root: Path) -> Modules:
    """Follows the imports of a script.

    Args:
        script: the script, in the snapshot's folder.
        snapshot: what travels.
        root: the project's folder, which messages name files from.
    """
    return _Walk(snapshot, root).walk(script)


@dataclass(frozen=True)
class _Statement:
    """One imported name, with the dots in front of a relative one."""

    module: str
    name: str
    level: int
    line: int
    certain: bool


class _Walk:
    """One walk along imports."""

    def __init__(self, snapshot: Snapshot, root: Path) -> None:
        self._snapshot = snapshot
        self._root = root
        self._paths = {file.path for file in snapshot.sent if file.path.endswith(".py")}
        self._folders = set(snapshot.folders)
        # A script may put any folder on its path: what has the name of a module is taken for one.
        self._names = {PurePosixPath(path).stem for path in self._paths}
        self._names |= {PurePosixPath(folder).name for folder in self._folders}
        self._modules: dict[str, Module] = {}
        self._imports: dict[tuple[str, str], Import] = {}
        self._from_root: dict[tuple[str, str], Import] = {}

    def walk(self, script: ProjectFile) -> Modules:
        path = script.path.relative_to(self._snapshot.folder).as_posix()
        self._roots = list(dict.fromkeys((_prefix(path), "")))
        waiting = [(path, True)]
        while waiting:
            path, certain = waiting.pop()
            known = self._modules.get(path)
            if known is not None and (known.certain or not certain):
                continue
            module = self._read(path, certain)
            self._modules[path] = module
            for statement in _statements(module, main=len(self._modules) == 1):
                found = list(self._found(statement, path))
                waiting += [(one, certain and statement.certain) for one in found]
                if not found:
                    self._note(statement, module)
                if self._is_from_root(statement):
                    self._keep(self._from_root, statement, module)
        found_elsewhere, from_root = self._imports.values(), self._from_root.values()
        return Modules(tuple(self._modules.values()), tuple(found_elsewhere), tuple(from_root))

    def _read(self, path: str, certain: bool) -> Module:
        file = ProjectFile.within(self._root, self._snapshot.folder / path)
        try:
            return Module(file, path, file.syntax_tree(), certain)
        except FileError:
            return Module(file, path, None, certain)

    def _found(self, statement: _Statement, path: str) -> Iterator[str]:
        """The files of the snapshot that an import reads, those of the packages on the way too."""
        for root in self._starts(statement, path):
            parts = statement.module.split(".") if statement.module else []
            if parts and not self._is_there(root + parts[0]):
                continue
            for count in range(1, len(parts) + 1):
                yield from self._file(root + "/".join(parts[:count]))
            if statement.name:
                yield from self._file(root + "/".join((*parts, statement.name)))
            return

    def _starts(self, statement: _Statement, path: str) -> list[str]:
        if not statement.level:
            return self._roots
        folder = PurePosixPath(path).parent
        for _ in range(statement.level - 1):
            folder = folder.parent
        return ["" if str(folder) == "." else f"{folder}/"]

    def _is_from_root(self, statement: _Statement) -> bool:
        """Whether an import finds something in the snapshot's folder that is not in that of the script."""
        top = statement.module.partition(".")[0] or statement.name
        if statement.level or len(self._roots) < 2:
            return False
        return self._is_there(top) and not self._is_there(self._roots[0] + top)

    def _is_there(self, stem: str) -> bool:
        return f"{stem}.py" in self._paths or stem in self._folders

    def _file(self, stem: str) -> Iterator[str]:
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if path in self._paths:
                yield path

    def _note(self, statement: _Statement, module: Module) -> None:
        """Keeps an import of something that is not in the snapshot."""
        name = ".".join(part for part in (statement.module, statement.name) if part)
        if not statement.level and name.partition(".")[0] not in self._names:
            self._keep(self._imports, statement, module)

    @staticmethod
    def _keep(kept: dict[tuple[str, str], Import], statement: _Statement, module: Module) -> None:
        """Keeps an import unless a surer one of that name is there."""
        name = ".".join(part for part in (statement.module, statement.name) if part)
        certain = module.certain and statement.certain
        known = kept.get((name, module.path))
        if known is None or (certain and not known.certain):
            kept[name, module.path] = Import(
                name, statement.module or name, module.file, statement.line, certain
            )


def _prefix(path: str) -> str:
    parent = str(PurePosixPath(path).parent)
    return "" if parent == "." else f"{parent}/"


def _statements(module: Module, *, main: bool) -> Iterator[_Statement]:
    if module.tree is not None:
        yield from _in(module.tree.body, certain=True, main=main)


def imports_in(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    """The imports of a file that are not tried: module, the name that is taken from it or nothing, and the line."""
    for one in _in(tree.body, certain=True, main=True):
        if not one.level:
            yield one.module, one.name, one.line


def _in(body: list[ast.stmt], *, certain: bool, main: bool) -> Iterator[_Statement]:
    """The imports of statements; none of those that are tried, or are for type checkers alone."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (_Statement(alias.name, "", 0, node.lineno, certain) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = "" if alias.name == "*" else alias.name
                yield _Statement(node.module or "", name, node.level, node.lineno, certain)
        elif isinstance(node, ast.Try):
            for part in ([] if node.handlers else node.body, node.finalbody):
                yield from _in(part, certain=certain, main=main)
        elif isinstance(node, ast.If):
            words = {part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)}
            words |= {part.attr for part in ast.walk(node.test) if isinstance(part, ast.Attribute)}
            if "TYPE_CHECKING" not in words:
                yield from _in(node.body, certain=certain and main and "__name__" in words, main=main)
            yield from _in(node.orelse, certain=False, main=main)
        else:
            sure = certain and isinstance(node, ast.With)
            for _, value in ast.iter_fields(node):
                if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                    yield from _in(value, certain=sure, main=main)
