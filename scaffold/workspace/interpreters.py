"""The Pythons from which runs are submitted: kept under short keys, of which a client's address carries one.

A run that names the interpreter ``python`` is to find the packages of whoever submitted it, and the SDK does not say
which Python that is. Commands know it, and the service asks here.
"""

import hashlib
import os
import re
import shlex
from pathlib import Path

from scaffold.workspace.files import write_atomically
from scaffold.workspace.paths import Home

BARE = ("python", "python3")
"""The names that leave it open which Python is meant."""

_KEY = re.compile(r"[0-9a-f]{16}")


def remember(home: Home, python: str) -> str:
    """The key of a Python, by which it is found again.

    Args:
        home: the workspace's folder.
        python: its path, with links in it as they are: one may lead into a virtual environment.
    """
    path = os.fsencode(python)
    key = hashlib.sha256(path).hexdigest()[:16]
    folder = home.client / "pythons"
    if not (folder / key).exists():
        folder.mkdir(exist_ok=True, parents=True, mode=0o700)
        write_atomically(folder / key, path)
    return key


def stand_in(home: Home, python: str) -> Path:
    """A folder for the PATH in which ``python`` is that Python, whose own folder has none of the name (POSIX).

    Args:
        home: the workspace's folder.
        python: its path, as for :func:`remember`.
    """
    folder = home.client / "pythons" / f"{remember(home, python)}.bin"
    folder.mkdir(exist_ok=True, parents=True, mode=0o700)
    for name in BARE:
        if not (folder / name).exists():
            # A link would lead out of a virtual environment.
            text = f'#!/bin/sh\nexec {shlex.quote(python)} "$@"\n'
            write_atomically(folder / name, text.encode(), mode=0o700)
    return folder


def recall(home: Home, key: str | None) -> str | None:
    """The path of the Python with that key, or None when there is none."""
    if key is None or not _KEY.fullmatch(key):
        return None
    try:
        return os.fsdecode((home.client / "pythons" / key).read_bytes())
    except FileNotFoundError:
        return None
