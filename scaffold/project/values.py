"""Follows the names of one submitting script back to literals, constants and its own folder.

Nothing is ever executed; what is computed by code that is not followed here is :class:`Unknown`, in the place where
it stands. Knows nothing of what the values are passed to.
"""

import ast
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.project import evaluation
from scaffold.project.bindings import Bindings
from scaffold.project.evaluation import UNKNOWN
from scaffold.project.expressions import Expressions
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.model import Constants
from scaffold.project.reading import is_file
from scaffold.project.source import Unknown, read_constants


@dataclass(frozen=True)
class Argument:
    """What the script passes somewhere.

    Attributes:
        value: a path or text; None when it is not known.
        file: the file to mend when the value is wrong: constants.py when it comes from there.
        line: the line of that file.
    """

    value: str | None
    file: ProjectFile
    line: int


class Values(Expressions):
    """The names of one file and the values of its expressions.

    Args:
        file: the script.
        constants: what constants.py beside it says.
        constants_file: that file.
        folder: the working folder of the script when it runs; that of constants.py by default.

    Attributes:
        file: the script.
        tree: the script's syntax tree.
        imports_constants: the line that imports constants.py, or None.

    Raises:
        FileError: the script is not there or is not valid Python.
    """

    def __init__(
        self,
        file: ProjectFile,
        constants: Constants,
        constants_file: ProjectFile,
        folder: Path | None = None,
        _above: "Values | None" = None,
    ) -> None:
        super().__init__(folder or constants_file.path.parent)
        self._started = self._folder
        self.file = file
        self._constants = constants
        self._constants_file = constants_file
        self.tree = file.syntax_tree()
        self._names = Bindings(self.tree)
        self.imports_constants = self._names.imported_at.get("constants")
        self._following: set[str] = set()
        # Modules beside the script, read when a name of theirs is asked for; None for what is no such module.
        self._modules: dict[str, Values | None] = {} if _above is None else _above._modules
        self._move()

    def _move(self) -> None:
        """Changes the working folder as the script does; it is unknown where that is not plain."""
        moves = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and self.dotted(node.func) in ("os.chdir", "contextlib.chdir")
        ]
        if not moves:
            return
        plain = [one.value for one in self.tree.body if isinstance(one, ast.Expr) and one.value in moves]
        before, self._folder = self._folder, None
        if len(moves) == len(plain) == 1 and len(moves[0].args) == 1:
            self._folder = before
            target = self.text(moves[0].args[0]).value
            self._folder = None if target is None else Path(os.path.normpath(before / target))  # type: ignore[operator]

    def placed(self, argument: Argument | None) -> Argument | None:
        """A path as it is meant by a script that changes its working folder; any other as it is written."""
        if argument is None or argument.value is None or os.path.isabs(argument.value):  # noqa: PTH117
            return argument
        if self._folder == self._started:
            return argument
        value = None if self._folder is None else os.fspath(self._folder / argument.value)
        return Argument(value, argument.file, argument.line)

    def called(self, call: ast.Call) -> str:
        """The last part of what a call calls: ``submit`` of ``Experiment(ws, "x").submit(config)``."""
        if isinstance(call.func, ast.Attribute):
            return call.func.attr
        return (self.dotted(call.func) or "").rpartition(".")[2]

    def dotted(self, node: ast.expr) -> str | None:
        """``os.path.join`` for however the file imported and wrote it."""
        return self._names.dotted(node)

    def imported_at(self, package: str) -> int | None:
        """The first line that imports a package, or a module of it."""
        found = [
            line
            for module, line in self._names.imported_at.items()
            if module == package or module.startswith(f"{package}.")
        ]
        return min(found, default=None)

    def dotted_with_stars(self, node: ast.expr, package: str) -> str | None:
        """As :meth:`dotted`, for names that may come from ``from package.module import *``."""
        dotted = self.dotted(node)
        root, _, rest = (dotted or "").partition(".")
        stars = [module for module in self._names.stars if module.partition(".")[0] == package]
        if not stars or root in self._names.bound or root in self._names.imports or root == package:
            return dotted
        return f"{stars[0]}.{root}" + (f".{rest}" if rest else "")

    def uses(self) -> dict[str, int]:
        """Names of constants.py that the file uses → the line of the first use."""
        uses: dict[str, int] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
                name = self._constant(node)
                if name:
                    uses[name] = min(node.lineno, uses.get(name, node.lineno))
        return uses

    def _constant(self, node: ast.expr) -> str | None:
        """The name of the constant that an expression takes from constants.py."""
        if not isinstance(node, ast.Attribute | ast.Name):
            return None
        if isinstance(node, ast.Name) and node.id in self._names.bound:
            return None
        module, _, name = (self.dotted(node) or "").rpartition(".")
        if module == "constants" and name != "*":
            return name
        # ``from constants import *`` brings in whatever is there.
        star = "constants" in self._names.stars
        if star and isinstance(node, ast.Name) and node.id in self._constants.values:
            return node.id
        return None

    def given(self, call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
        """The expression that a call gives for a parameter."""
        node = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
        if node is None and position is not None and len(call.args) > position:
            node = call.args[position]
            if any(isinstance(item, ast.Starred) for item in call.args[: position + 1]):
                return None
        return node

    def argument(self, call: ast.Call, name: str, position: int | None = None) -> Argument | None:
        """What a call gives for a parameter; None when it gives nothing."""
        node = self.given(call, name, position)
        return None if node is None else self.text(node)

    def constant(self, node: ast.expr) -> str | None:
        """The name of the constant of constants.py that an expression is, names followed."""
        name = self._constant(node)
        if name is None and isinstance(node, ast.Name):
            try:
                with self._followed(node.id) as expression:
                    return self.constant(expression)
            except Unknown:
                return None
        return name

    def followed(self, node: ast.expr) -> ast.expr:
        """The expression that a name which is bound once stands for; any other expression as it is."""
        if isinstance(node, ast.Name) and not self._constant(node):
            try:
                with self._followed(node.id) as expression:
                    return self.followed(expression)
            except Unknown:
                return node
        return node

    def plain(self, node: ast.expr) -> Any:
        """A number, text, path, truth value, list or dictionary of these.

        Raises:
            Unknown: it is something else.
        """
        value = self.value(node)
        return list(value) if isinstance(value, tuple) else value

    def text(self, node: ast.expr) -> Argument:
        """An expression as a text or path."""
        try:
            value: str | None = os.fspath(self.value(node))
        except (Unknown, TypeError):
            value = None
        file, line = self.origin(node)
        return Argument(value, file, line)

    def template(self, node: ast.expr) -> str | None:
        """An expression as a text with ``UNKNOWN`` for each part that is not known; None when it is no text."""
        self._lenient = True
        try:
            value = self.value(node)
        except Unknown:
            return None
        finally:
            self._lenient = False
        return value if isinstance(value, str) and value != UNKNOWN else None

    def items(self, node: ast.expr) -> list[str | None]:
        """A list of texts and numbers, as texts; None for each one that is not known.

        Raises:
            Unknown: not even how many there are.
        """
        match self.followed(node):
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [item for part in parts for item in self._items_of(part)]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                with self._deeper():
                    return evaluation.bounded(self.items(left) + self.items(right))  # type: ignore[no-any-return]
        value = self.value(node)
        if not isinstance(value, list | tuple):
            raise Unknown
        return [_item(item) for item in value]

    def _items_of(self, part: ast.expr) -> list[str | None]:
        if isinstance(part, ast.Starred):
            with self._deeper():
                return self.items(part.value)
        try:
            return [_item(self.value(part))]
        except Unknown:
            return [None]

    def origin(self, node: ast.expr) -> tuple[ProjectFile, int]:
        """The line that says what the expression is: in constants.py, where it comes from there."""
        origins = list(self._origins(node))
        of_constants = [origin for origin in origins if origin[0] is self._constants_file]
        return (of_constants or origins or [(self.file, node.lineno)])[-1]

    def _origins(self, node: ast.expr) -> Iterator[tuple[ProjectFile, int]]:
        """Where the literals of an expression stand, names followed, each name once."""
        waiting, seen = [node], set[str]()
        while waiting:
            for part in ast.walk(waiting.pop()):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield self.file, part.lineno
                elif isinstance(part, ast.Attribute | ast.Name):
                    name = self._constant(part)
                    if name and name in self._constants.lines:
                        yield self._constants_file, self._constants.lines[name]
                    elif isinstance(part, ast.Name) and part.id not in seen:
                        seen.add(part.id)
                        bound = self._names.bound.get(part.id)
                        waiting += [bound] if bound is not None else []

    @contextmanager
    def _followed(self, name: str) -> Iterator[ast.expr]:
        """The expression that a name is bound to; raises Unknown, as for a name that is bound to itself."""
        expression = self._names.bound.get(name)
        if expression is None or name in self._following:
            raise Unknown
        self._following.add(name)
        try:
            with self._deeper():
                yield expression
        finally:
            self._following.discard(name)

    def _named(self, node: ast.Name | ast.Attribute) -> Any:
        if isinstance(node, ast.Name) and node.id == "__file__":
            return os.path.normpath(self.file.path)
        if isinstance(node, ast.Name) and node.id in self._names.bound:
            with self._followed(node.id) as expression:
                return self.value(expression)
        dotted = self.dotted(node)
        if dotted in evaluation.ATTRIBUTES:
            return evaluation.ATTRIBUTES[dotted]
        if name := self._constant(node):
            if name in self._constants.values:
                return self._constants.values[name]
            return self._in_module("constants", name)
        if isinstance(node, ast.Attribute):
            of_class = self._names.of_class(node)
            if of_class is not None:
                return self.value(of_class)
            module, _, name = (dotted or "").rpartition(".")
            if module and self._names.imports_module(node):
                return self._in_module(module, name)
            return evaluation.attribute(self.value(node.value), node.attr)
        return self._imported(node.id)

    def _imported(self, name: str) -> Any:
        """A name that is taken from another module, by itself or with all others."""
        module, _, original = self._names.imports.get(name, "").rpartition(".")
        if module:
            return self._in_module(module, original)
        for star in self._names.stars:
            other = self._module(star)
            if other is not None and name in other._names.bound:
                return self._in_module(star, name)
        raise Unknown

    def _in_module(self, module: str, name: str) -> Any:
        """What a module beside the script binds a name to."""
        other = self._module(module)
        if other is None or name in other._following:
            raise Unknown
        with self._deeper():
            other._depth, other._steps, other._lenient = self._depth, self._steps, self._lenient
            try:
                if name in other._constants.values:
                    return other._constants.values[name]
                return other.value(ast.Name(id=name, ctx=ast.Load()))
            finally:
                self._steps = other._steps

    def _module(self, module: str) -> "Values | None":
        if module not in self._modules:
            self._modules[module] = None  # while it is being read, too
            folder = self._constants_file.path.parent
            stem = module.replace(".", "/")
            for path in (folder / f"{stem}.py", folder / stem / "__init__.py"):
                if is_file(path):
                    self._modules[module] = self._read(ProjectFile.within(folder, path))
                    break
        return self._modules[module]

    def _read(self, file: ProjectFile) -> "Values | None":
        try:
            own = read_constants(file)
            return Values(file, own, self._constants_file, self._folder, self)
        except FileError:
            return None


def _item(value: Any) -> str | None:
    """An item of a command line as a text."""
    try:
        return None if value is None else evaluation.text_of(value)
    except Unknown:
        return None
