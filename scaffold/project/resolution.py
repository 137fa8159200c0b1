"""Asks the resolver whether an environment's requirements can be fulfilled together.

The one part of a check that asks the network, and only when told to: uv resolves what pip would install, for
the environment's Python on Linux, and installs nothing.
"""

import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffold import tether
from scaffold.project.python import Python
from scaffold.project.requirements import Requirements

_SECONDS = 300
_NO_ANSWER = re.compile(
    r"failed to fetch|error sending request|dns error|connect|timed out|network was disabled|certificate",
    re.I,
)


@dataclass(frozen=True)
class Resolution:
    """What the resolver said.

    Attributes:
        packages: how many it would install; None when it found no way, or did not answer.
        reason: why there is no way, one line.
        line: the line of the requirement that the reason is about, where it names one.
        silence: why it did not answer, one line.
    """

    packages: int | None = None
    reason: str | None = None
    line: int | None = None
    silence: str | None = None


def resolve(pip: Requirements, python: Python | None, variables: Mapping[str, str]) -> Resolution:
    """Resolves the requirements of a specification.

    Args:
        pip: what pip is to install.
        python: the environment's Python.
        variables: the environment variables of the resolver's process, which say where packages are.
    """
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("".join(f"{line.text}\n" for line in pip.lines), encoding="utf-8")
        command = [_uv(), "pip", "compile", "--no-header", "--no-annotate", "--color", "never"]
        command += ["--python-platform", "x86_64-unknown-linux-gnu"]
        command += ["--python-version", python.version] if python else []
        try:
            done = tether.run(
                [*command, str(listed)],
                cwd=pip.file.path.parent,
                env=dict(variables),
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Resolution(silence=f"{type(error).__name__}: {error}")
    if done.returncode == 0:
        return Resolution(packages=sum("==" in line for line in done.stdout.splitlines()))
    return _read(done.stderr, pip)


def _uv() -> str:
    import uv

    return str(uv.find_uv_bin())


def _read(said: str, pip: Requirements) -> Resolution:
    """uv's words, which it draws over several lines, as one sentence."""
    plain = [
        re.sub(r"^[\s×╰─▶├│╭▲·]*(?:(?:error|cause):\s*)?", "", line).strip() for line in said.splitlines()
    ]
    lines = [line for line in plain if line and not line.startswith(("warning:", "Using ", "Resolved "))]
    text = " ".join(lines)
    if _NO_ANSWER.search(text) or "resolving dependencies" not in text:
        return Resolution(silence=text)
    reason = re.sub(r"\s*hint:.*", "", text, flags=re.IGNORECASE)
    reason = re.sub(r"^.*?when resolving dependencies:?\s*", "", reason)
    return Resolution(reason=reason, line=_line(reason, pip))


def _line(reason: str, pip: Requirements) -> int | None:
    for line in pip.named:
        if re.search(rf"(?<![\w.-]){re.escape(line.name)}(?![\w-])", reason):
            return line.number
    return None
