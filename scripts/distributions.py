"""Adds to scaffold/project/distributions.txt what distributions bring along, as the resolver says.

python scripts/distributions.py NAME…  resolves the names for Python 3.11 and writes their lines anew

What a line says already stays: other versions may bring other things. Modules whose names are not their
distribution's are added by hand (`NAME = module`).
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scaffold.project.distributions import Distribution, table
from scaffold.workspace.engine.pipconf import pip_settings, uv_variables

TABLE = Path(__file__).parent.parent / "scaffold" / "project" / "distributions.txt"
# Libraries without modules of their own.
LEFT_OUT = re.compile(r"(nvidia|cuda)-")


def brought(names: list[str]) -> dict[str, set[str]]:
    """Every distribution that comes along with any of the names → those that it brings along itself."""
    import uv

    variables = dict(os.environ)
    variables |= uv_variables(pip_settings(), variables)
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "names.txt"
        listed.write_text("\n".join(names))
        command = [
            uv.find_uv_bin(),
            "pip",
            "compile",
            "--python-version",
            "3.11",
            "--annotation-style",
            "line",
        ]
        done = subprocess.run(
            [*command, "--no-header", listed], env=variables, stdout=subprocess.PIPE, text=True, check=True
        )
    lines = [re.match(r"([\w.-]+)==\S+\s*(?:# via (.*))?$", line) for line in done.stdout.splitlines()]
    found = {line[1]: set() for line in lines if line and not LEFT_OUT.match(line[1])}
    for line in lines:
        for by in (line[2] or "").split(", ") if line and line[1] in found else ():
            if by in found:
                found[by].add(line[1])
    return found


def merged(found: dict[str, set[str]]) -> list[Distribution]:
    """The table with what was found, sorted."""
    known = dict(table())
    for name, requires in found.items():
        old = known.get(name, Distribution(name, (), ()))
        known[name] = Distribution(name, old.modules, tuple(sorted({*old.requires, *requires})))
    return [known[name] for name in sorted(known)]


def line(distribution: Distribution) -> str:
    """One line of the table."""
    own = (re.sub(r"[-.]", "_", distribution.name.partition("[")[0]),)
    parts = [distribution.name]
    if distribution.modules and distribution.modules != own:
        parts += ["=", *distribution.modules]
    if distribution.requires:
        parts += ["<", *distribution.requires]
    return " ".join(parts)


if __name__ == "__main__":
    head = [text for text in TABLE.read_text(encoding="utf-8").splitlines() if text.startswith("#")]
    lines = [line(distribution) for distribution in merged(brought(sys.argv[1:]) if sys.argv[1:] else {})]
    TABLE.write_text("\n".join((*head, *lines)) + "\n", encoding="utf-8")
