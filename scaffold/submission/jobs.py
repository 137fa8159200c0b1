"""Jobs of SDK v2: what of them needs azure-ai-ml is done by ``child.job``, a process of its own."""

import importlib.util
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scaffold.errors import ProjectError, UsageError
from scaffold.submission.process import Event, TaskProcess

_CHILD = Path(__file__).parent / "child" / "job.py"
INSTALL = "Install it: pip install 'azureml-scaffold[sdk-v2]'"


def has_sdk() -> bool:
    """True when azure-ai-ml is installed beside this program; imports none of it."""
    try:
        return importlib.util.find_spec("azure.ai.ml") is not None
    except ModuleNotFoundError:
        return False


def require_sdk() -> None:
    """Raises:
    UsageError: azure-ai-ml is not installed beside this program.
    """
    if not has_sdk():
        raise UsageError("SDK v2 (azure-ai-ml) is not installed beside scaffold.", INSTALL)


class JobProcess(TaskProcess):
    """One task about one job; see ``child.job``.

    Args:
        text: the job's YAML.
        origin: the file that its paths are relative to, whether it is there or not.
        environment: the variables of its process.
        show: called with every line that the SDK prints.
        do: ``validate`` or ``submit``.
        details: ``name``, ``workspace``, ``login``, ``follow`` and ``environment`` of a submission.
    """

    def __init__(
        self,
        text: str,
        origin: Path,
        environment: Mapping[str, str],
        show: Callable[[str], None],
        *,
        do: str = "validate",
        **details: Any,
    ) -> None:
        task = {"yaml": text, "origin": str(origin), "do": do, **details}
        super().__init__(_CHILD, environment, task, show, cwd=origin.parent)


def validated(text: str, origin: Path) -> dict[str, Any]:
    """A job as azure-ai-ml's own ``load_job`` understands it.

    Args:
        text: its YAML.
        origin: the file that its paths are relative to.

    Raises:
        UsageError: azure-ai-ml is not installed.
        ProjectError: azure-ai-ml does not take it.
    """
    require_sdk()
    process = JobProcess(text, origin, os.environ, lambda _: None)
    found: Event | None = None
    try:
        while (event := process.events.get())["event"] != "over":
            if event["event"] == "valid":
                found = event
    finally:
        process.stop()
    if found is None:
        wrong = f"{origin.name}: azure-ai-ml does not take it: {_reason(process)}."
        raise ProjectError(wrong, "Mend it, or have 'scaffold export --force' write it anew.")
    document: dict[str, Any] = found["document"]
    return document


def _reason(process: TaskProcess) -> str:
    """What the SDK has to say against a job, in one sentence."""
    message = str((process.error or {}).get("message") or "")
    told = "; ".join(_objections(message))
    if told:
        return told.rstrip(".")
    lines = [line.strip() for line in [*message.splitlines(), *process.lines[-1:]] if line.strip()]
    return lines[0].rstrip(".") if lines else "it ended without a reason"


def _objections(message: str, key: str = "") -> Iterator[str]:
    """Each objection in a message, which holds them as JSON, and that in a message again."""
    start = message.find("{")
    try:
        document, _ = json.JSONDecoder().raw_decode(message, start)
    except ValueError:
        if key:
            yield f"{key}: {message.strip().rstrip('.')}"
        return
    yield from _in_document(document, key)


def _in_document(document: Any, key: str) -> Iterator[str]:
    if isinstance(document, dict):
        for error in document.get("errors") or ():
            path = str(error.get("path") or "")
            yield from _objections(str(error.get("message", "")), path if path != "*" else "job")
        for name, value in document.items():
            if name not in ("errors", "result"):
                yield from _in_document(value, str(name))
    elif isinstance(document, list):
        for one in document:
            yield from _in_document(one, key)
    else:
        yield f"{key}: {str(document).strip().rstrip('.')}"
