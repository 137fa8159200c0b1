"""pip requirement lines of an environment: the files that they name, and how uv is told what pip would read.

The lines are those of a requirements file, one after the other as they were written, so that a line that
goes on in the next one still does (the SDK splits files into lines without looking at them).
"""

import posixpath
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import msgspec

from scaffold import requirements as pip
from scaffold.workspace.engine.specification import SourceFile, Specification, SpecificationError
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS

# A wheel of ``Environment.add_private_pip_wheel`` in this workspace's own store, in both forms that its addresses
# have, whichever port it had when the address was given out, and without the signature, which the SDK leaves away.
_OWN_WHEEL = re.compile(
    r"https://(?:\w+\.blob\.core\.local@)?127\.0\.0\.1:\d+"
    rf"/{ARTIFACTS}/(?P<name>Environment/azureml-private-packages/[^\s?#]+)\S*"
)
_PRIVATE = ".private"
_NAMED = re.compile(r"^[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?\s*@\s*")
_PER_REQUIREMENT = re.compile(r"\s(--(?:config-settings?|global-option|install-option))\b")


class UvInput(msgspec.Struct, frozen=True):
    """What uv is given for some requirement lines.

    Attributes:
        lines: of the requirements file.
        flags: for the command line, in place of options that uv does not take from a file.
        variables: environment variables.
        own_index: True when the lines say which index to use in the place of the configured one.
        dropped: what was left out, a sentence each.
    """

    lines: tuple[str, ...]
    flags: tuple[str, ...] = ()
    variables: dict[str, str] = {}
    own_index: bool = False
    dropped: tuple[str, ...] = ()


class Sources(Protocol):
    """The files that a run's script is started among."""

    def paths(self) -> Iterable[str]:
        """All of them, relative with forward slashes."""

    def get(self, path: str) -> SourceFile | None:
        """One of them, its content in the content store."""


class NoSources:
    """Those of an environment that is built without a run."""

    def paths(self) -> Iterable[str]:
        return ()

    def get(self, path: str) -> SourceFile | None:
        return None


class SnapshotSources:
    """Those of a snapshot."""

    def __init__(self, store: Store, snapshot_id: str) -> None:
        self._files = {file.path: file.sha256 for file in store.snapshots.files(snapshot_id)}

    def paths(self) -> Iterable[str]:
        return self._files

    def get(self, path: str) -> SourceFile | None:
        return SourceFile(path, self._files[path]) if path in self._files else None


class FolderSources:
    """Those of a folder, where a run works that submitted itself."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def paths(self) -> Iterable[str]:
        for path in sorted(self._folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(self._folder).as_posix()

    def get(self, path: str) -> SourceFile | None:
        file = self._folder / path
        if path.startswith("../") or not file.is_file():
            return None
        return SourceFile(path, self._store.content.take(file)[0])


def with_files(specification: Specification, store: Store, sources: Sources) -> Specification:
    """The specification with the files that its requirement lines name.

    They are taken from those of the run, and private wheels from the workspace's own blob store.

    Args:
        specification: as it was read.
        store: the workspace's.
        sources: the files of the run.

    Raises:
        SpecificationError: a file is not there.
    """
    lines, files = [], {}
    for line in specification.requirements:
        match = _OWN_WHEEL.search(line)
        if match is None:
            lines.append(line)
            continue
        wheel = _private_wheel(store, unquote(match["name"]))
        files[wheel.path] = wheel
        lines.append(f"{line[: match.start()]}./{wheel.path}{line[match.end() :]}")
    notices = []
    named = [
        path
        for text in _logical_lines(specification.requirements)
        if (path := _local_path(text)) is not None and not _OWN_WHEEL.search(text)
    ]
    if named:
        files |= _needed(specification.requirements, sources, store)
        notices.append(
            f"The pip requirements name files ({', '.join(sorted(set(named)))}): they are read from the "
            "snapshot or from this machine, but Azure ML sends no files along with an environment."
        )
    return msgspec.structs.replace(
        specification,
        requirements=tuple(lines),
        files=tuple(sorted(files.values(), key=lambda file: file.path)),
        notices=(*specification.notices, *notices),
    )


def _private_wheel(store: Store, name: str) -> SourceFile:
    blob = store.blobs.get(ARTIFACTS, name)
    if blob is None or blob.sha256 is None:
        raise SpecificationError(
            f"the wheel {name} is not in this workspace; upload it again with Environment.add_private_pip_wheel"
        )
    return SourceFile(f"{_PRIVATE}/{blob.sha256[:12]}/{posixpath.basename(name)}", blob.sha256)


def _logical_lines(requirements: tuple[str, ...]) -> list[str]:
    return [line for _, _, line in pip.logical_lines("\n".join(requirements))]


def _local_path(line: str) -> str | None:
    """The path of a line that names a file or folder, or None."""
    option = pip.option_of(line)
    if option is not None:
        names_path = option[0] in pip.FILES or option[0] in ("-e", "--editable", "-f", "--find-links")
        return option[1] if names_path and option[1] and not pip.is_url(option[1]) else None
    target = _NAMED.sub("", line).split(" ;")[0].split(" --")[0].strip()
    return target if pip.is_local(target) and not pip.is_url(target) else None


def _needed(requirements: tuple[str, ...], sources: Sources, store: Store) -> dict[str, SourceFile]:
    """The files that the lines need: those named by ``-r`` and ``-c``, or all where a package or wheel is named.

    Raises:
        SpecificationError: one is not there.
    """
    needed: dict[str, SourceFile] = {}
    open_lines = [("", line) for line in _logical_lines(requirements)]
    while open_lines:
        folder, line = open_lines.pop()
        path, option = _local_path(line), pip.option_of(line)
        if path is None or Path(path).is_absolute():
            continue
        reads_file = option is not None and option[0] in pip.FILES
        # pip reads -r and -c from the folder of the file that names them, and all else from where it was started.
        path = posixpath.normpath(posixpath.join(folder if reads_file else "", path.split("[")[0]))
        if not reads_file:
            everything = list(sources.paths())
            if path != "." and not any(f"{name}/".startswith(f"{path}/") for name in everything):
                raise _missing(line)
            needed |= {name: file for name in everything if (file := sources.get(name)) is not None}
            continue
        file = sources.get(path)
        if file is None:
            raise _missing(line)
        if path not in needed:
            needed[path] = file
            text = store.content.require(file.sha256, file.path).read_text(encoding="utf-8", errors="replace")
            open_lines += [(posixpath.dirname(path), nested) for _, _, nested in pip.logical_lines(text)]
    return needed


def _missing(line: str) -> SpecificationError:
    return SpecificationError(
        f"the pip requirement {line!r} names a file that is not among the run's, and Azure ML sends none "
        "along with an environment; write what is in it into the specification itself"
    )


def for_uv(specification: Specification, folder: Path) -> UvInput:
    """What uv is to be given so that it installs what pip would.

    Args:
        specification: with the requirements.
        folder: where relative paths start.

    Raises:
        SpecificationError: a line is none that pip takes, or one that uv has nothing like.
    """
    lines, flags, dropped = [], [], []
    variables: dict[str, str] = {}
    own_index = False
    for line in _logical_lines(specification.requirements):
        option = pip.option_of(line)
        if option is None:
            _check_requirement(line)
            lines.append(line)
            continue
        name, value = option
        if name not in pip.OPTIONS or (name in pip.NEED_VALUE and not value):
            raise SpecificationError(f"{line!r} is not a line that a pip requirements file takes")
        if name == "--pre":
            flags += ["--prerelease", "allow"]
        elif name == "--trusted-host":
            flags += ["--allow-insecure-host", value]
        elif name in ("--prefer-binary", "--use-feature"):
            dropped.append(f"{line} has no counterpart in uv and is left out.")
        elif name in ("-f", "--find-links") and not pip.is_url(value) and not (folder / value).exists():
            dropped.append(f"{line} is left out, as pip does: there is no such folder.")
        else:
            lines.append(line)
            own_index = own_index or name in ("-i", "--index-url")
            if name == "--extra-index-url":  # pip looks for the best version in all indexes alike
                variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return UvInput(tuple(lines), tuple(flags), variables, own_index, tuple(dropped))


def _check_requirement(line: str) -> None:
    match = _PER_REQUIREMENT.search(line)
    if match is not None:
        raise SpecificationError(
            f"{line!r}: {match[1]} has no counterpart in uv, which installs the packages here"
        )
