"""A desktop on which somebody logs in with a browser."""

import os
import sys
from pathlib import Path

from tests.conftest import Machine


def on_a_desktop(user: Machine, folder: Path) -> dict[str, str]:
    """The variables of a terminal on a desktop with a browser, in which somebody logs in."""
    command = folder / "chromium"
    browser = Path(__file__).parent / "browser.py"
    command.write_text(f'#!/bin/sh\n"{sys.executable}" "{browser}" "$1" > /dev/null 2>&1 &\n')
    command.chmod(0o755)
    path = f"{folder}{os.pathsep}{user.environment['PATH']}"
    return {"DISPLAY": ":0", "PATH": path, "BROWSER": f"{command} %s"}
