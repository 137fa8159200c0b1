"""Where a template of somebody else comes from: a folder, a zip file or a repository."""

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from scaffold.errors import UsageError
from scaffold.generate import repositories
from scaffold.generate.faults import shown
from scaffold.tether import tethered_children

_HINT = "Give the folder, zip file or git URL of a cookiecutter template."


def fetch(location: str, checkout: str | None, abbreviations: Mapping[str, str], scratch: Path) -> Path:
    """The folder that a location names, downloaded, cloned or unpacked below ``scratch`` where it must be.

    Args:
        location: a folder, a zip file, its URL, the URL of a repository, or an abbreviation of one.
        checkout: the branch, tag or commit of a repository.
        abbreviations: the person's own, beside cookiecutter's ``gh:``, ``gl:`` and ``bb:``.
        scratch: a folder for what is fetched.

    Raises:
        UsageError: there is nothing, it cannot be had, or ``checkout`` makes no sense.
    """
    folder = Path(location)
    if folder.is_dir():
        if checkout is None and not repositories.is_bare(folder):
            return folder.absolute()
        if repositories.is_repository(folder):
            return _cloned(f"git+{folder.resolve().as_uri()}", checkout, scratch, location)
        wrong = f"--checkout is for git repositories only: {location} is none."
        raise UsageError(wrong, "Leave it out, or give a git URL.")
    from cookiecutter.repository import is_repo_url, is_zip_file

    url = _expanded(location, abbreviations)
    if is_zip_file(url):
        if checkout is not None:
            raise UsageError("--checkout is for git repositories only.", "Leave it out, or give a git URL.")
        return _unzipped(url, scratch, location, is_url=is_repo_url(url))
    if is_repo_url(url):
        return _cloned(url, checkout, scratch, location)
    raise UsageError(f"There is no cookiecutter template at {shown(location)}.", _where(location, folder))


def _where(location: str, folder: Path) -> str:
    if folder.is_file():
        return "It is a file: give a folder, a zip file whose name ends in .zip, or a git URL."
    if location.count("/") == 1 and not location.startswith((".", "~", "/")):
        return f"Give a folder, a zip file or a git URL; one on GitHub is gh:{location}"
    return _HINT


def _expanded(location: str, abbreviations: Mapping[str, str]) -> str:
    from cookiecutter.config import BUILTIN_ABBREVIATIONS
    from cookiecutter.repository import expand_abbreviations

    return str(expand_abbreviations(location, {**BUILTIN_ABBREVIATIONS, **abbreviations}))


def _cloned(url: str, checkout: str | None, scratch: Path, location: str) -> Path:
    name = url.rstrip("/").removesuffix("/.git").removesuffix(".git").replace("\\", "/").rpartition("/")[2]
    folder = scratch / "templates" / (name.rpartition(":")[2] or "template")
    folder.parent.mkdir(exist_ok=True)
    repositories.clone(url, checkout, folder, location)
    return folder


def _unzipped(url: str, scratch: Path, location: str, *, is_url: bool) -> Path:
    from cookiecutter.exceptions import InvalidZipRepository
    from cookiecutter.zipfile import unzip

    archive = _downloaded(url, scratch, location) if is_url else Path(url)
    if not archive.is_file():
        raise UsageError(f"There is no zip file {shown(location)}.", _HINT)
    password = os.environ.get("COOKIECUTTER_REPO_PASSWORD")
    name = shown(location)
    try:
        return Path(unzip(str(archive), False, scratch, no_input=True, password=password))
    except InvalidZipRepository as error:
        raise _zip_fault(error, name, given=password is not None) from error
    except OSError as error:
        raise UsageError(f"{name} cannot be unpacked: {error.strerror or error}.", _HINT) from error
    except Exception as error:  # zlib's errors, EOFError and others: there is no end to how a file is damaged
        wrong = f"{name} cannot be unpacked: {str(error) or type(error).__name__}."
        raise UsageError(wrong, "Get the zip file again: it is damaged.") from error


def _zip_fault(error: Exception, name: str, *, given: bool) -> UsageError:
    said = str(error)
    if "password" in said.lower():
        if isinstance(error.__cause__, NotImplementedError):
            wrong = f"{name} is packed in a way that Python cannot unpack: {error.__cause__}."
            return UsageError(wrong, "Unpack it with another program, and give the folder.")
        wrong = f"{name} is protected by a password" + (", and the one given is wrong." if given else ".")
        return UsageError(wrong, "Put the password into the environment variable COOKIECUTTER_REPO_PASSWORD.")
    if "top-level" in said:
        wrong = f"{name} does not begin with a folder that holds the template."
        return UsageError(wrong, "Zip the template's folder itself, with its folders: zip -r NAME.zip FOLDER")
    if "empty" in said:
        return UsageError(f"{name} is an empty zip file.", _HINT)
    return UsageError(f"{name} is not a valid zip archive.", "Get the zip file again, or give a git URL.")


def _downloaded(url: str, scratch: Path, location: str) -> Path:
    import requests

    path = scratch / "downloaded.zip"
    try:
        with requests.get(url, stream=True, timeout=100) as answer:
            if not answer.ok:
                raise UsageError(
                    f"{shown(location)} cannot be downloaded: the server answers {answer.status_code} {answer.reason}.",
                    "See that the URL is right, and that it needs no login.",
                )
            with path.open("wb") as file:
                for chunk in answer.iter_content(65536):
                    file.write(chunk)
    except (requests.RequestException, ValueError) as error:
        raise UsageError(
            f"{shown(location)} cannot be downloaded: {type(error).__name__}.",
            "See that its server can be reached from here, and that the URL is right.",
        ) from error
    return path


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
