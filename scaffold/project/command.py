"""The Python script that a command line starts, as a shell would take the line apart.

Says nothing where that depends on the machine: variables, substitutions, modules that may be installed.
"""

import re
import shlex
from dataclasses import dataclass

from scaffold.project.evaluation import UNKNOWN

_PYTHON = re.compile(r"(?:.*/)?python(?:3(?:\.\d+)?)?")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")
_BINDING = re.compile(r"\$\{\{.*?\}\}|\$\[\[.*?\]\]", re.DOTALL)
_SHELL = set("$`*?[]{}~\\" + UNKNOWN)
_ENDS = re.compile(r"[;&|()<>]+")
# Options of Python that take a value of their own.
_WITH_VALUE = {"-W", "-X", "--check-hash-based-pycs"}
# Commands that leave the files of the snapshot as they are.
_HARMLESS = {
    *(
        "pip",
        "pip3",
        "conda",
        "mamba",
        "echo",
        "printf",
        "ls",
        "pwd",
        "env",
        "printenv",
        "export",
        "set",
        "exec",
    ),
    *("nvidia-smi", "date", "sleep", "hostname", "whoami", "id", "df", "free", "cat", "head", "true", "time"),
    *("apt", "apt-get", "sudo", "source", "ulimit", "unset", "which"),
}
# Commands that start another one, with the options of theirs that take a value.
_STARTERS = {"exec": set[str](), "time": set[str](), "sudo": set[str](), "nohup": set[str](), "env": {"-u"}}


@dataclass(frozen=True)
class Started:
    """A script that a command line starts.

    Attributes:
        script: its path from the folder where the command runs.
        arguments: what it is started with, None for each that is not known; None when not even their number is.
        may_be_made: whether something in front of it may write the file.
    """

    script: str
    arguments: tuple[str | None, ...] | None
    may_be_made: bool


def started(line: str) -> Started | None:
    """The last script that a command line starts; None when it starts none, or none that is plain.

    Args:
        line: the command line, with ``UNKNOWN`` for each part that is not known.
    """
    found: Started | None = None
    made = False
    for written, redirected in _commands(line):
        words = _without_starters(written)
        if not words:
            continue
        if words[0] == "cd":
            return found
        if not _PYTHON.fullmatch(words[0]):
            made |= words[0] not in _HARMLESS or redirected
            continue
        one = _of_python(words[1:], redirected)
        if one is not None:
            # A module that is not there may be an installed one.
            found = Started(one[0], one[1], made or "-m" in words)
        made |= one is not None or redirected
    return found


def _commands(line: str) -> list[tuple[list[str], bool]]:
    """The simple commands of a line, each with whether its output or input goes elsewhere."""
    plain = _BINDING.sub(UNKNOWN, line).replace("\\\n", " ").replace("\n", " ; ")
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        words = list(lexer)
    except ValueError:  # quotes that are not closed
        return []
    commands: list[tuple[list[str], bool]] = [([], False)]
    for word in words:
        if not _ENDS.fullmatch(word):
            commands[-1][0].append(word)
        elif set(word) & set("<>()") or word == "|":
            commands[-1] = (commands[-1][0], True)
        else:
            commands.append(([], False))
    return commands


def _without_starters(words: list[str]) -> list[str]:
    while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in _STARTERS):
        words = words[1:]
        if words and words[0].startswith("-"):
            return []
    return words


def _of_python(words: list[str], redirected: bool) -> tuple[str, tuple[str | None, ...] | None] | None:
    """The script and its arguments, of what stands behind ``python``."""
    while words and words[0].startswith("-"):
        if words[0] == "-m" and len(words) > 1 and re.fullmatch(r"[\w.]+", words[1]):
            words = [words[1].replace(".", "/") + ".py", *words[2:]]
            break
        if words[0] in ("-m", "-c", "-") or not re.fullmatch(r"-[bBdEhiIOqsSuvVxWX]+|--[\w-]+", words[0]):
            return None
        words = words[2:] if words[0] in _WITH_VALUE else words[1:]
    if not words or set(words[0]) & _SHELL or not words[0].endswith(".py"):
        return None
    known = tuple(None if set(word) & _SHELL else word for word in words[1:])
    # A part that is not known may be several words, or none.
    counted = not redirected and not any(UNKNOWN in word or "$" in word for word in words[1:])
    return words[0], known if counted else None
