"""Dataset definitions: which files one names, and what those are called where they are delivered.

A definition is the reader's (azureml-dataprep 5): a YAML document of the type ``mltable`` with ``paths`` and
``transformations``. The reader works at clients; what the engine has to know of it is the part that says which
files a *file* dataset consists of. How patterns match and how delivered files are called was seen with the
reader itself, whose ``to_path()`` has to name the same files.
"""

import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec
import yaml

from scaffold.workspace import untrusted
from scaffold.workspace.naming import WorkspaceName

_DATASTORE = re.compile(r"azureml://(?:.+?/)?datastores/(?P<name>[^/]+)/paths/?(?P<path>.*)", re.I | re.S)
_WILD = ("**/", "**", "*")
_TOKENS = re.compile(r"\*\*/|\*\*|\*|.", re.S)
_REPEATED = re.compile(r"(\*\*/)(?:\*\*/)+")  # as good as one
_ENCODED = re.compile(r'["%&*:<>?|]')
_SLICES = ("take", "skip")
# These change which rows a table has or which columns, and not which files a file dataset consists of.
_HARMLESS = ("extract_columns_from_partition_format",)


class DataError(Exception):
    """Data that a run asks for and cannot have; the message says which and why.

    Args:
        message: for a person.
        supported: False when it is nothing that this workspace can do at all.
    """

    def __init__(self, message: str, *, supported: bool = True) -> None:
        super().__init__(message)
        self.supported = supported


class Source(msgspec.Struct, frozen=True):
    """One of the places that a definition reads.

    Attributes:
        datastore: the datastore's name; empty for an address on the web.
        path: the path in it, possibly with ``*`` and ``**``; the whole address for one on the web.
    """

    datastore: str
    path: str

    @property
    def literal(self) -> bool:
        """True when it names one file or one folder."""
        return not self.datastore or "*" not in self.path

    @property
    def base(self) -> str:
        """The folder that delivered names of a pattern are relative to, with its last slash."""
        return self.head[: self.head.rfind("/") + 1]

    @property
    def head(self) -> str:
        """What the names of all its files start with."""
        return self.path.split("*", 1)[0]

    def matches(self, name: str) -> bool:
        """Whether a pattern matches the name: ``*`` within a folder, ``**`` through folders."""
        return _fits(self.path, name)


class Definition(msgspec.Struct, frozen=True):
    """What a file dataset consists of.

    Attributes:
        sources: where it reads, in order.
        slices: (skip, take) steps that are applied to the list of files, in order.
        others: names of steps that only the reader can do.
        plain: True when nothing is done to the list of files.
    """

    sources: list[Source]
    slices: list[tuple[str, int]]
    others: list[str]
    plain: bool


def read_definition(text: str) -> Definition:
    """The files that a definition names.

    Args:
        text: the YAML document.

    Raises:
        DataError: it has a source that is not known here.
    """
    try:
        document = yaml.safe_load(text)
        sources = [_source(entry) for entry in document["paths"]]
        steps = [_step(entry) for entry in document.get("transformations") or []]
        slices = [(name, _count(value)) for name, value in steps if name in _SLICES]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise DataError("its definition is none that is understood here", supported=False) from None
    others = [name for name, _ in steps if name not in (*_SLICES, *_HARMLESS)]
    return Definition(sources, slices, others, plain=not steps)


def _step(entry: Any) -> tuple[str, Any]:
    """Name and argument of a step, which is written with one or without."""
    if not isinstance(entry, dict):
        return str(entry), None
    ((name, value),) = entry.items()
    return str(name), value


def _count(value: Any) -> int:
    number = int(value)
    if not 0 <= number < 2**63:
        raise ValueError(number)
    return number


def _source(entry: dict[str, Any]) -> Source:
    ((_, address),) = entry.items()
    found = _DATASTORE.fullmatch(address)
    if found:
        # The reader takes what follows a question mark for a query.
        return Source(found["name"].lower(), unquote(found["path"].split("?", 1)[0]).removeprefix("/"))
    scheme = urlsplit(address).scheme.lower()
    if scheme not in ("http", "https"):
        raise DataError(
            f"it reads {scheme or 'local'} paths ({address}), which the local workspace does not reach",
            supported=False,
        )
    if "*" in address:
        raise DataError(
            f"it has a pattern in a web address ({address}), where nothing can be listed", supported=False
        )
    return Source("", address)


def _fits(pattern: str, name: str) -> bool:
    """Whether a pattern names the whole name, in a time that grows with the length of either alone.

    A regular expression tries every way to share a name out among its wildcards, which for many of them takes
    longer than anybody waits. This goes through the name once, and keeps all places in the pattern where it may be.
    """
    parts = _REPEATED.sub(r"\1", pattern)
    tokens = _TOKENS.findall(parts)
    places = _onward({0}, tokens)
    for letter in name:
        following: set[int] = set()
        for place in places:
            inside, number = place < 0, ~place if place < 0 else place
            part = tokens[number] if number < len(tokens) else None
            if part == "**/":  # any folders: on until a slash, or still inside
                following |= {~number, number + 1} if letter == "/" else {~number}
            elif part == "**" or (part == "*" and letter != "/"):
                following.add(number)
            elif part == letter and not inside:
                following.add(number + 1)
        places = _onward(following, tokens)
    return len(tokens) in places


def _onward(places: set[int], tokens: list[str]) -> set[int]:
    """The places with those behind wildcards that stand for nothing; one inside a wildcard is written ``~place``."""
    found = set(places)
    for place in places:
        ahead = place
        while 0 <= ahead < len(tokens) and tokens[ahead] in _WILD:
            ahead += 1
            found.add(ahead)
    return found


def delivered_name(source: Source, name: str, *, alone: bool) -> str:
    """What a file is called below the place it is delivered to, as the reader's ``to_path()`` calls it.

    Args:
        source: the source that it comes from.
        name: its full name in the datastore; an address's own.
        alone: whether its definition has one source only.
    """
    if not source.datastore:
        address = urlsplit(name)
        path = [portable(part) for part in address.path.split("/") if part]
        if alone:
            return path[-1] if path else portable(address.netloc)
        return "/".join((f"{address.scheme}%3A", "%2F" + portable(address.netloc), *path))
    if not alone:
        return "/".join(map(portable, (source.datastore, *name.split("/"))))
    if source.literal and name == source.path:
        relative = name.rpartition("/")[2]
    elif source.literal:
        relative = name[len(folder_prefix(source.path)) :]
    else:
        relative = name[len(source.base) :]
    return "/".join(map(portable, relative.split("/")))


def folder_prefix(path: str) -> str:
    """What the names below a folder start with; nothing for the root."""
    stripped = path.rstrip("/")
    return stripped + "/" if stripped else ""


def portable(part: str) -> str:
    """A part of a name with the characters quoted that no file name may have on some system."""
    return _ENCODED.sub(lambda found: f"%{ord(found.group()):02X}", part)


def folder_definition(
    workspace: WorkspaceName, datastore: str, path: str, steps: list[dict[str, Any]] | None = None
) -> str:
    """The definition of a dataset of everything below a folder, as clients send it (``DataflowJson``).

    Args:
        workspace: what the workspace is called.
        datastore: the datastore's name.
        path: the folder in it.
        steps: transformations.
    """
    return address_definition(datastore_address(workspace, datastore, path), steps)


def datastore_address(workspace: WorkspaceName, datastore: str, path: str) -> str:
    """The address of a path in a datastore, in its long form."""
    return (
        f"azureml://subscriptions/{workspace.subscription_id}/resourcegroups/{workspace.resource_group}"
        f"/workspaces/{workspace.workspace_name}/datastores/{datastore}/paths/{quote(path, safe='/')}"
    )


def address_definition(address: str, steps: list[dict[str, Any]] | None = None) -> str:
    """The definition of a dataset of what is at an address, see :func:`folder_definition`."""
    return dataset_definition([{"pattern": address}], steps)


def dataset_definition(paths: list[dict[str, str]], steps: list[Any] | None = None) -> str:
    """The definition of a dataset of what is at some addresses, each by what it is: a file, a folder or a pattern."""
    document: dict[str, Any] = {"type": "mltable", "paths": paths}
    if steps:
        document["transformations"] = steps
    document["metadata"] = {"infer_column_types": "False"}
    text = "---\n" + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return msgspec.json.encode({"blocks": [], "meta": {"RsDataflow": text}}).decode()


def definition_text(dataflow: str) -> str:
    """The reader's own form inside what clients send.

    Raises:
        DataError: it is not there: the client is older than the reader.
    """
    try:
        text = untrusted.decoded(dataflow.encode())["meta"]["RsDataflow"]
    except (untrusted.NotReadableError, KeyError, TypeError):
        text = None
    if not isinstance(text, str):
        raise DataError("its definition comes from azureml-dataprep before 5.0", supported=False)
    return text
