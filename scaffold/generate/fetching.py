"""Where a template of somebody else comes from: a folder, a zip file or a repository, by cookiecutter's means."""

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scaffold.errors import UsageError
from scaffold.tether import tethered_children


def fetch(location: str, checkout: str | None, clones: Path) -> Path:
    """The folder of a template, downloaded or unpacked below ``clones`` where it must be; absolute.

    Raises:
        UsageError: ``checkout`` makes no sense; what cookiecutter raises is passed on.
    """
    from cookiecutter.config import BUILTIN_ABBREVIATIONS
    from cookiecutter.repository import determine_repo_dir, expand_abbreviations, is_repo_url, is_zip_file

    url = expand_abbreviations(location, BUILTIN_ABBREVIATIONS)
    if checkout is not None:
        if not is_repo_url(url) or is_zip_file(url):
            raise UsageError("--checkout is for git repositories only.", "Leave it out, or give a git URL.")
        if checkout.startswith("-"):
            raise UsageError(f"--checkout '{checkout}' cannot be used.", "Give a branch, a tag or a commit.")
    folder, _ = determine_repo_dir(
        template=url, abbreviations={}, clone_to_dir=clones, checkout=checkout, no_input=True
    )
    return Path(folder).absolute()


@contextlib.contextmanager
def cookiecutter_within(scratch: Path) -> Iterator[None]:
    """Keeps cookiecutter's temporary files in our folder, and its log and its import path to itself.

    The git that it starts, and the hooks of a template, end with this process.
    """
    logger = logging.getLogger("cookiecutter")
    kept = tempfile.tempdir, logger.level, sys.path[:], os.environ.get("GIT_TERMINAL_PROMPT")
    tempfile.tempdir = str(scratch)
    logger.setLevel(logging.CRITICAL + 1)  # it logs, with a traceback, what it also raises
    if sys.stdin is None or not sys.stdin.isatty():
        os.environ.setdefault("GIT_TERMINAL_PROMPT", "0")
    try:
        with tethered_children():
            yield
    finally:
        tempfile.tempdir = kept[0]
        logger.setLevel(kept[1])
        sys.path[:] = kept[2]
        if kept[3] is None:
            os.environ.pop("GIT_TERMINAL_PROMPT", None)
