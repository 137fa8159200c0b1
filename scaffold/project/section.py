"""One of several submissions of a script or notebook: of its statements those that have to do with it.

So that a script which submits several runs is read like one that submits this run alone. Runs nothing.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from scaffold.project.files import ProjectFile


@dataclass(frozen=True)
class Section(ProjectFile):
    """A file as one of its submissions has it.

    Attributes:
        line: a line of the ScriptRunConfig.
    """

    line: int = 1

    def syntax_tree(self) -> ast.Module:
        """The statements that make, submit and look at that run, in their order; the others are left out.

        Raises:
            FileError: as those of a file, and when nothing stands at the line.
        """
        body = super().syntax_tree().body
        place = next(
            (n for n, one in enumerate(body) if one.lineno <= self.line <= (one.end_lineno or 0)), None
        )
        if place is None:
            raise self.error(self.line, "no statement stands here", "Name the line of a ScriptRunConfig.")
        submit = next((n for n in range(place, len(body)) if _submits(body[n], _bound(body[place]))), place)
        kept = _before(body, submit) | {place, submit} | _after(body, submit)
        return ast.Module([body[n] for n in sorted(kept)], type_ignores=[])


def _before(body: list[ast.stmt], place: int) -> set[int]:
    """The statements that a statement needs."""
    kept: set[int] = set()
    needed = _read(body[place])
    for number in range(place - 1, -1, -1):
        statement = body[number]
        if isinstance(statement, ast.Import | ast.ImportFrom):
            kept.add(number)
        elif (_bound(statement) | _changed(statement)) & needed:
            kept.add(number)
            if isinstance(statement, ast.Assign | ast.AnnAssign | ast.FunctionDef):
                needed -= _bound(statement)  # what it was before that is of no matter
            needed |= _read(statement)
    return kept


def _after(body: list[ast.stmt], place: int) -> set[int]:
    """The statements that look at what a statement makes, until the name is another run's."""
    kept: set[int] = set()
    made = _bound(body[place])
    for number in range(place + 1, len(body)):
        if _read(body[number]) & made:
            kept.add(number)
        made -= _bound(body[number])
    return kept


def _submits(statement: ast.stmt, configs: set[str]) -> bool:
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "submit"
        and (_read(call) & configs or not configs)
        for call in calls
    )


def _read(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}


def _bound(statement: ast.stmt) -> set[str]:
    return set(_names_bound(statement))


def _names_bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _changed(statement: ast.stmt) -> set[str]:
    """Objects that have an attribute stored, or a method called, by a statement of its own."""
    changed: set[str] = set()
    for node in ast.walk(statement):
        owner: ast.AST | None = None
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            owner = node
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            owner = node.value.func
        while isinstance(owner, ast.Attribute | ast.Subscript):
            owner = owner.value
        if isinstance(owner, ast.Name):
            changed.add(owner.id)
    return changed
