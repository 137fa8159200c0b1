"""job.yml: a command job as YAML with comments, and what becomes of one that a person has changed.

The file's last line holds a digest of the lines above as they were exported. A file that it still fits is
replaced; one that was changed by hand is kept as long as the project says the same as then, and is in conflict
with the project when that has changed too. So exporting twice changes nothing, and no edit is lost.
"""

import difflib
import hashlib
import json
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scaffold.project.files import ProjectFile
from scaffold.project.job import CommandJob
from scaffold.project.reading import MOST_BY_HAND

NAME = "job.yml"
_HEAD = (
    "The experiment as a command job of SDK v2: az ml job create -f {name}\n"
    "'scaffold export' writes it from the project; it keeps what you change here, and says when the two differ.\n"
)
_SEAL = re.compile(rb"^# As exported: sha256 ([0-9a-f]{64})$\n?", re.MULTILINE)


def render(job: CommandJob, file: Path) -> bytes:
    """The file's bytes.

    Args:
        job: what it says.
        file: where it will stand.
    """
    blocks = []
    for key, value in job.document(file.parent).items():
        source = job.sources.get({"resources": "distribution"}.get(key, key))
        comment = f"\n{_comment(source)}\n" if source else "\n" if key == "tags" else ""
        blocks.append(comment + "\n".join(_lines(key, value, "")) + "\n")
    blocks += [f"\n{_comment(f'{key}: {why}')}\n" for key, why in job.missing.items()]
    head = "".join(f"{_comment(line)}\n" for line in _HEAD.format(name=shlex.quote(file.name)).splitlines())
    return sealed((head + "".join(blocks)).encode())


def _comment(text: str) -> str:
    """A line of comment; names of files may hold what YAML takes not even there."""
    return "# " + "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))


def sealed(body: bytes) -> bytes:
    """A body with the line that tells whether it was changed since."""
    return body + f"\n# As exported: sha256 {hashlib.sha256(body).hexdigest()}\n".encode()


def is_exported(data: bytes) -> bool:
    """Whether a file is one that was exported, changed since or not."""
    return _SEAL.search(data.replace(b"\r\n", b"\n")) is not None


def _lines(key: str, value: Any, indent: str) -> list[str]:
    plain = key if key in _PLAIN_KEYS else _text(key)
    if isinstance(value, dict) and value:
        return [
            f"{indent}{plain}:",
            *(line for k, v in value.items() for line in _lines(str(k), v, indent + "  ")),
        ]
    if isinstance(value, list) and value:
        return [f"{indent}{plain}:", *(line for item in value for line in _item(item, indent + "  "))]
    return [f"{indent}{plain}: {_scalar(value)}"]


# The keys that jobs themselves have; a person's keys are quoted, whatever they look like: ON is a text too.
_PLAIN_KEYS = {
    *("$schema", "type", "experiment_name", "display_name", "code", "command", "environment", "compute"),
    *(
        "environment_variables",
        "distribution",
        "resources",
        "limits",
        "tags",
        "inputs",
        "outputs",
        "services",
    ),
    *("image", "conda_file", "name", "channels", "dependencies", "pip", "instance_count", "timeout"),
    *("process_count_per_instance", "worker_count", "parameter_server_count", "path", "mode"),
}


def _item(value: Any, indent: str) -> list[str]:
    if isinstance(value, dict) and value:
        lines = [line for k, v in value.items() for line in _lines(str(k), v, indent + "  ")]
        return [f"{indent}- {lines[0].strip()}", *lines[1:]]
    return [f"{indent}- {_scalar(value)}"]


def _scalar(value: Any) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


# What YAML takes for the end of a line, or does not take as it is: JSON only asks for the first 32 to be escaped.
_ESCAPED = re.compile("[\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def _text(text: str) -> str:
    """A text between double quotes, which no version of YAML takes for anything else."""
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


@dataclass(frozen=True)
class Export:
    """What exporting comes to.

    Attributes:
        path: the file.
        data: what the project says it should hold.
        present: what it holds; None when it is not there.
        outcome: ``new``; ``unchanged``; ``updated`` (nobody had changed it); ``kept`` (it was changed by hand, the
            project was not); ``conflict`` (both were, or nobody knows what was exported).
    """

    path: Path
    data: bytes
    present: bytes | None
    outcome: Literal["new", "unchanged", "updated", "kept", "conflict"]

    @property
    def writes(self) -> bool:
        """Whether the file is written when nothing is forced."""
        return self.outcome in ("new", "updated")

    def diff(self) -> list[str]:
        """From what the file holds to what the project says, as a unified diff without line ends."""
        before = (self.present or b"").decode("utf-8", "replace").splitlines()
        name = self.path.name
        return list(
            difflib.unified_diff(
                before, self.data.decode().splitlines(), name, f"{name} (of the project)", lineterm=""
            )
        )


def plan(path: Path, data: bytes) -> Export:
    """What to do with a file.

    Args:
        path: the file.
        data: what the project says it should hold, as :func:`render` gives it.

    Raises:
        FileError: something stands there that is no file, or is a link that leads nowhere.
    """
    if not os.path.lexists(path):
        return Export(path, data, None, "new")
    present = ProjectFile(path, str(path)).data(MOST_BY_HAND)
    present = present.replace(b"\r\n", b"\n")  # git may have given it the line ends of Windows
    if present == data:
        return Export(path, data, present, "unchanged")
    seal, wanted = _SEAL.search(present), _SEAL.search(data)
    if seal is None or wanted is None:
        return Export(path, data, present, "conflict")
    body = present[: seal.start() - 1] + present[seal.end() :]  # what was added at the end counts
    if hashlib.sha256(body).hexdigest().encode() == seal[1]:
        return Export(path, data, present, "updated")
    return Export(path, data, present, "kept" if seal[1] == wanted[1] else "conflict")
