"""Which distribution an import comes from, and which ones come along with another.

Both are facts of PyPI, kept in ``distributions.txt`` for the distributions that experiments use most
(``scripts/distributions.py`` asks the resolver again). What is not in it is unknown, never wrong.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Packages in several distributions: the part behind the first full stop says which one.
SHARED = {"azure", "google", "ruamel", "backports", "opencensus", "nvidia", "sphinxcontrib"}
# There in every environment that pip or conda makes, or may be.
ALWAYS = {"pip", "setuptools", "pkg_resources", "wheel", "_distutils_hack"}


@dataclass(frozen=True)
class Distribution:
    """One line of the table.

    Attributes:
        name: as PyPI writes it, with its extras if it is about those.
        modules: what it lets one import.
        requires: the distributions that it brings along, directly.
    """

    name: str
    modules: tuple[str, ...]
    requires: tuple[str, ...]


@cache
def table() -> dict[str, Distribution]:
    """Every distribution that is known, by name."""
    path = Path(__file__).with_name("distributions.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    return {made.name: made for line in lines if line and not line.startswith("#") for made in [_read(line)]}


def _read(line: str) -> Distribution:
    left, _, requires = line.partition("<")
    name, _, modules = left.partition("=")
    name = name.strip()
    plain = re.sub(r"[-.]", "_", name.partition("[")[0])
    return Distribution(name, tuple(modules.split()) or (plain,), tuple(requires.split()))


@cache
def _providers() -> dict[str, set[str]]:
    providers: dict[str, set[str]] = {}
    for distribution in table().values():
        for module in distribution.modules:
            providers.setdefault(module, set()).add(distribution.name.partition("[")[0])
    return providers


def providers(module: str) -> set[str] | None:
    """The distributions that an import may come from; None when none is known.

    Args:
        module: as it is imported, ``azure.storage.blob`` or ``sklearn.svm``.
    """
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        found = _providers().get(".".join(parts[:count]))
        if found is not None:
            return found
    return None


def closure(names: Iterable[str]) -> tuple[set[str], set[str]]:
    """What distributions bring along, and which of them are not known.

    Args:
        names: as PyPI writes them, extras sorted behind in brackets.

    Returns:
        All names, those given among them, without extras; and the given ones that the table does not hold.
    """
    reached: set[str] = set()
    unknown = {name for name in names if name not in table()}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached |= {name, name.partition("[")[0]}
        if name in table():
            waiting += table()[name].requires
    return reached, unknown
