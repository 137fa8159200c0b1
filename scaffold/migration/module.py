"""What is known of the expressions of a module, looked at once."""

import ast
from dataclasses import dataclass

from scaffold.migration.kinds import Kinds
from scaffold.migration.wordings import Wordings

_GRIDS = {
    *("pairplot", "relplot", "catplot", "displot", "lmplot", "jointplot", "clustermap", "factorplot"),
    *("FacetGrid", "PairGrid", "JointGrid"),
}


@dataclass(frozen=True)
class Module:
    """A module.

    Attributes:
        kinds: which expressions are numbers.
        wordings: which texts they may be.
        grids: names of seaborn's grids, which hold a figure and are none.
    """

    kinds: Kinds
    wordings: Wordings
    grids: frozenset[str]

    @classmethod
    def of(cls, source: str) -> "Module":
        """Looks at a module."""
        try:
            kinds = Kinds(source)
        except (SyntaxError, ValueError, RecursionError):
            kinds = Kinds("")  # so that nothing is known
        grids = {
            name
            for name, bound in kinds.names.bound.items()
            for value in bound
            if isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and value.func.attr in _GRIDS
        }
        return cls(kinds, Wordings(kinds), frozenset(grids))
