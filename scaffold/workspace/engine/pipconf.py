"""A user's own pip configuration, said in uv's words.

Where packages come from is the user's to decide, and they said it to pip: indexes, mirrors, wheel
folders, constraints, certificates. uv does not read pip's files, so they are translated; what uv was
told itself (``UV_…`` variables) stays as it is.
"""

import ast
import subprocess
import sys
from collections.abc import Mapping

from scaffold import tether

_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}

_OLDER_NAMES = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}


def pip_settings() -> dict[str, str]:
    """What ``pip config list`` says, by option name; later (more special) sections win.

    Empty when pip is not to be had.
    """
    try:
        listing = tether.run(
            [sys.executable, "-m", "pip", "config", "list"],
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        key, separator, value = line.partition("=")
        section, dot, option = key.partition(".")
        if separator and dot and section in sections:
            sections[section][option.strip()] = _unquoted(value.strip())
    return sections["global"] | sections["install"] | sections[":env:"]


def _unquoted(value: str) -> str:
    """pip prints values as Python writes texts."""
    try:
        return str(ast.literal_eval(value))
    except (SyntaxError, ValueError):
        return value


def uv_variables(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that make uv install from where pip would.

    Args:
        settings: as :func:`pip_settings` gives them.
        environment: the variables that are set already; none of them is overridden.
    """
    variables: dict[str, str] = {}
    for option, variable in _VARIABLES.items():
        # Newlines and blanks separate several values, in pip's files and in uv's variables alike,
        # but for the folders and files of these two.
        values = settings.get(option, "").split()
        values = [value for value in values if _usable(option, value)]
        if not values or variable in environment or _OLDER_NAMES.get(variable) in environment:
            continue
        variables[variable] = ("," if option == "find-links" else " ").join(values)
    # pip looks at all indexes for the best version; uv's own rule is the first index that knows the name.
    if "UV_INDEX" in variables and "UV_INDEX_STRATEGY" not in environment:
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return variables


def _usable(option: str, value: str) -> bool:
    """False for a folder of wheels that is not there, which pip passes over and uv refuses."""
    if option not in ("extra-index-url", "find-links", "constraint"):
        return True
    from pathlib import Path
    from urllib.parse import urlparse
    from urllib.request import url2pathname

    if value.startswith("file:"):
        return Path(url2pathname(urlparse(value).path)).exists()
    return "://" in value or Path(value).exists()
