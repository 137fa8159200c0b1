"""One call of a method of the run, and what it becomes."""

from dataclasses import dataclass

from scaffold.migration.helpers import Helpers
from scaffold.migration.kinds import Kind
from scaffold.migration.module import Module


@dataclass(frozen=True)
class Found:
    """One call of a method of the run.

    Attributes:
        method: its name.
        values: parameter → source text of what it is given.
        starred: the source text behind ``**``; None without it.
        step: the expression that counts the calls; None when there is none, or they are not repeated.
        uncounted: whether it is in a loop without such an expression.
        run: the source text of the MLflow run.
        pyplot: the names that matplotlib.pyplot has in the module.
        module: what is known of the module's expressions.
        helpers: what the functions are called that may be added to it.
    """

    method: str
    values: dict[str, str]
    starred: str | None
    step: str | None
    uncounted: bool
    run: str
    pyplot: frozenset[str]
    module: Module
    helpers: Helpers

    def kind(self, code: str) -> Kind:
        """Whether an expression is a number."""
        return self.module.kinds.of(code).kind


@dataclass(frozen=True)
class Made:
    """What a call becomes.

    Attributes:
        code: the source text of an expression, or of statements.
        statements: whether it is statements.
        note: what is different from before; empty when nothing is.
        hint: what to know or do about it.
    """

    code: str
    statements: bool = False
    note: str = ""
    hint: str = ""


class Left(Exception):
    """A call that MLflow has nothing for as it is written.

    Args:
        hint: what to do about it.
    """

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint
