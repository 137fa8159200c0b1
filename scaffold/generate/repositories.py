"""A template's repository: cloned, at the branch, tag or commit that was asked for.

cookiecutter clones as well, but guesses the folder's name from the URL (wrongly for ``x/.git`` and
``x.github.io``), takes a file's name for a branch, and reports what git says as a missing repository.
"""

import os
import re
import subprocess
from pathlib import Path

from scaffold import words
from scaffold.errors import UsageError
from scaffold.generate.faults import shown

_LOGIN = re.compile(
    r"could not read (username|password)|authentication failed|permission denied|terminal prompts disabled"
    r"|host key verification|invalid username|access denied|HTTP Basic",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"could not resolve|unable to access|connection (refused|timed out|reset)|network is", re.IGNORECASE
)


def is_repository(folder: Path) -> bool:
    """Whether a folder is a git repository of its own: a clone, a worktree or a bare one."""
    return (folder / ".git").exists() or is_bare(folder)


def is_bare(folder: Path) -> bool:
    """Whether a folder is what git keeps of a repository, without its files."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def clone(url: str, checkout: str | None, folder: Path, location: str) -> None:
    """Clones a repository.

    Args:
        url: its address; ``git+`` or ``hg+`` before it says what it is.
        checkout: a branch, tag or commit.
        folder: where to put it; not there yet.
        location: the address as the person gave it.

    Raises:
        UsageError: it cannot be cloned, or has no such branch, tag or commit.
    """
    if checkout is not None and (checkout.startswith("-") or not checkout.strip()):
        raise UsageError(f"--checkout '{checkout}' cannot be used.", "Give a branch, a tag or a commit.")
    kind, address = _kind(url, location)
    if kind == "hg":
        _clone_hg(address, checkout, folder, location)
        return
    cloned = _git(["clone", "--quiet", "--", address, str(folder)], None)
    if cloned.returncode:
        raise _not_cloned(cloned.stderr, location, words.typed("git", "clone", shown(address)))
    if checkout is None:
        return
    taken = _git(["checkout", "--quiet", checkout, "--"], folder)
    if taken.returncode:
        raise _no_such(checkout, folder, location, taken.stderr)


def _kind(url: str, location: str) -> tuple[str, str]:
    prefix, plus, address = url.partition("+")
    if plus and prefix in ("git", "hg"):
        return prefix, address
    if "git" in url or "bitbucket" in url:  # Bitbucket has had git alone since 2020
        return "git", url
    wrong = f"{shown(location)} may be a git repository or not: the URL does not tell."
    raise UsageError(wrong, f"Write git+{shown(location)} when it is one.")


def _git(arguments: list[str], folder: Path | None) -> "subprocess.CompletedProcess[str]":
    return _run(["git", *arguments], folder)


def _run(command: list[str], folder: Path | None) -> "subprocess.CompletedProcess[str]":
    # Variables that a git sets for its hooks, should one have started us, would lead ours into that repository.
    environment = {key: value for key, value in os.environ.items() if key not in ("GIT_DIR", "GIT_WORK_TREE")}
    environment["LC_ALL"] = "C"  # so that what is said can be read
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        wrong = f"The template cannot be cloned: {command[0]} is not installed."
        hint = f"Install {command[0]}, or give the template as a folder or a zip file."
        raise UsageError(wrong, hint) from error


def _said(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "abort:", "error:", "remote:"))]
    # git's first fatal line names the cause, its last one often only the consequence.
    fatal = [line for line in telling if line.startswith(("fatal:", "abort:"))]
    if fatal and "Could not read from remote repository" in fatal[0]:
        before = lines[: lines.index(fatal[0])]
        fatal = [f"fatal: {before[-1]}"] if before else fatal
    return next(iter(fatal or telling or lines), "git says nothing").rstrip(".")


def _not_cloned(output: str, location: str, command: str) -> UsageError:
    wrong = f"{shown(location)} cannot be cloned: {_said(output)}."
    if _LOGIN.search(output):
        hint = f"It is private or not there: see that git may read it, with: {command}"
    elif _NETWORK.search(output):
        hint = "See that its server can be reached from here, and that the URL is right."
    else:
        hint = f"See that the address is right, with: {command}"
    return UsageError(wrong, hint)


def _no_such(checkout: str, folder: Path, location: str, output: str) -> UsageError:
    if not re.search(r"pathspec|invalid reference|unknown revision|unable to read tree|not a tree", output):
        wrong = f"'{checkout}' of {shown(location)} cannot be checked out: {_said(output)}."
        return UsageError(wrong, "Give another branch, tag or commit with --checkout.")
    listed = _git(["for-each-ref", "--format=%(refname)", "refs/remotes/origin", "refs/tags"], folder).stdout
    names = [re.sub(r"^refs/(remotes/origin|tags)/", "", name) for name in listed.split()]
    names = [name for name in names if name != "HEAD"]
    more = ", …" if len(names) > 8 else ""
    hint = f"It has: {', '.join(names[:8])}{more}." if names else "It has neither branches nor tags."
    return UsageError(f"{shown(location)} has no branch, tag or commit '{checkout}'.", hint)


def _clone_hg(address: str, checkout: str | None, folder: Path, location: str) -> None:
    revision = [] if checkout is None else ["--updaterev", checkout]
    command = ["hg", "clone", "--noninteractive", *revision, "--", address, str(folder)]
    done = _run(command, None)
    if done.returncode:
        raise _not_cloned(done.stderr, location, words.typed("hg", "clone", shown(address)))
