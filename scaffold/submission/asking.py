"""Asks a workspace on Azure ML through the SDK: see ``child.answering`` for the process that does, logged in once."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from scaffold.errors import ScaffoldError
from scaffold.project.model import WorkspaceConfig
from scaffold.submission.azure import pause
from scaffold.submission.faults import Place, explain, is_passing
from scaffold.submission.faults.network import uncover
from scaffold.submission.process import ChildProcess, Event

_ANSWERING = Path(__file__).parent / "child" / "answering.py"
_ATTEMPTS = 3


class Asking:
    """Questions to one workspace; the process begins with the first and ends with this object's ``with`` block.

    Args:
        config: the workspace, or None where none is known yet.
        method: how to log in, one of ``child.login.METHODS``.
        may_ask: whether a person can be asked to log in.
        show: called with what a person has to know meanwhile, and with what the SDK prints.
        tenant_id: of the login, where no workspace is known.
        debug: have the SDK's traceback and the request id of a fault shown.

    Attributes:
        error: what is known of the exception that the last question met (see ``child.errors``), or None.
    """

    def __init__(  # noqa: PLR0913  (what a login is made of)
        self,
        config: WorkspaceConfig | None,
        *,
        method: str = "auto",
        may_ask: bool = False,
        show: Callable[[str], None] = lambda _: None,
        tenant_id: str | None = None,
        debug: bool = False,
    ) -> None:
        self._place = Place(None, config)
        self._show = show
        self._debug = debug
        self._process: ChildProcess | None = None
        self.error: Event | None = None
        names = ("subscription_id", "resource_group", "workspace_name", "tenant_id")
        tenant_id = tenant_id or (config.tenant_id if config else None)
        self._job = {
            "config": {name: getattr(config, name) for name in names} if config else None,
            "login": {"method": method, "tenant_id": tenant_id, "may_ask": may_ask},
            "debug": debug,
        }

    def __enter__(self) -> "Asking":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process; a question later begins a new one."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def ask(self, operation: str, *, attempts: int = _ATTEMPTS, **arguments: Any) -> Any:
        """The answer to a question.

        Args:
            operation: such as ``runs.find``, see ``child.operations``.
            attempts: how often a fault that may pass is tried again.
            arguments: of the operation.

        Raises:
            ScaffoldError: it was not answered.
        """
        for event in self.tell(operation, attempts=attempts, **arguments):
            if event["event"] == "answer":
                return event["value"]
        raise AssertionError("a question ends with its answer")  # pragma: no cover

    def tell(self, operation: str, *, attempts: int = 0, **arguments: Any) -> Iterator[Event]:
        """All that is told of a question, as it comes; ``answer`` is the last.

        Raises:
            ScaffoldError: it was not answered.
        """
        for attempt in range(attempts + 1):
            for event in self._events(operation, arguments):
                if event["event"] == "login":
                    self._show(f"{self._place.name}: {event['text']}")
                    continue
                if event["event"] != "error":
                    yield event
                if event["event"] == "answer":
                    return
            error = self._explained()
            if attempt == attempts or not is_passing(self.error):
                raise error
            seconds = pause(attempt)
            self._show(f"{error.message} Trying again in {seconds:.0f} s.")
            time.sleep(seconds)

    def _events(self, operation: str, arguments: dict[str, Any]) -> Iterator[Event]:
        """What is told of one attempt, up to its answer or its error."""
        self.error = None
        if self._process is None:
            self._process = ChildProcess(_ANSWERING, os.environ, self._job, self._show, asked=True)
        process = self._process
        with contextlib.suppress(OSError):  # it is gone, which its last event says
            process.send({"operation": operation, "arguments": arguments})
        while True:
            event = process.events.get()
            if event["event"] == "error":
                self.error = uncover(event, process.lines)
            elif event["event"] == "over":
                self._process = None
                raise ScaffoldError(
                    f"The process that asks the SDK ended with exit code {event['exit_code']}.",
                    f"It said last: {' '.join(process.lines[-3:]) or 'nothing'}",
                )
            yield event
            if event["event"] in ("answer", "error"):
                return

    def _explained(self) -> ScaffoldError:
        if self._debug and self.error is not None and self.error["request_id"]:
            self._show(f"request id: {self.error['request_id']}")
        return explain(self.error, 1, self._place)
