"""Submits a project to the local workspace by running its own ``run_experiment.py``, edited or not.

The script runs in a process of its own, exactly as ``python run_experiment.py`` would run it. Nothing is
read off it: its token carries a submission id, and the service itself tells what was submitted with it.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from scaffold.errors import ProjectError, WorkspaceError
from scaffold.workspace import client
from scaffold.workspace.lifecycle import Service

Event = dict[str, Any]

_WAIT_SECONDS = 20.0
_LINES_KEPT = 400
_MOST_LOSSES = 5


class Submission:
    """One run of a project's submitting script.

    Args:
        service: the running local workspace.
        script: the project's ``run_experiment.py``.
        show: called with every line that the script prints.
    """

    def __init__(self, service: Service, script: Path, show: Callable[[str], None]) -> None:
        self._service = service
        self._script = script
        self._show = show
        self.id = uuid.uuid4().hex
        self.lines: list[str] = []
        self._exit_code: int | None = None
        environment = dict(os.environ)
        environment |= client.variables(
            service.home, service.https_port, environment=environment, submission=self.id
        )
        environment["PYTHONUNBUFFERED"] = "1"
        environment["PYTHONIOENCODING"] = "utf-8:replace"
        options: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]
        # A group of its own: Ctrl-C reaches this program alone, which then decides what becomes of the script.
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            cwd=script.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            **options,
        )
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            text = line.rstrip("\r\n")
            self.lines = [*self.lines[-_LINES_KEPT:], text]
            self._show(text)
        self._exit_code = self._process.wait()
        self._tell_over()

    def _tell_over(self) -> None:
        """Tells the service that the script has ended, once it has.

        The service puts this behind all that the script did, and wakes whoever waits for news. One that is
        not there now is told again when there is one.
        """
        if self._exit_code is not None:
            with contextlib.suppress(OSError, WorkspaceError):
                self._service.json("POST", f"/submissions/{self.id}/over?exit_code={self._exit_code}")

    def stop(self) -> None:
        """Ends the script's process if it is still there; what was accepted stays accepted."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def events(self) -> Iterator[Event]:
        """What the service tells of the submission and its runs, as it comes, without an end of its own.

        The event ``over`` says that the script has ended. A service that goes away in between is started
        again; what it had accepted it tells once more, and that is told here once.

        Raises:
            WorkspaceError: the service went away and cannot be started, or goes away again and again.
        """
        from scaffold.workspace import lifecycle

        seen, losses = 0, 0
        queued: set[str] = set()
        while True:
            try:
                answer = self._service.json(
                    "GET", f"/submissions/{self.id}/events?seen={seen}&wait={_WAIT_SECONDS}", timeout=60
                )
            except OSError as error:
                losses += 1
                if losses > _MOST_LOSSES:
                    raise WorkspaceError(
                        f"The local workspace went away during the submission: {error}.",
                        "Submit again; 'scaffold workspace status' tells whether it runs.",
                    ) from error
                self._service = lifecycle.ensure(self._service.home)
                seen = 0
                self._tell_over()
                continue
            for event in answer["events"]:
                seen += 1
                if event["event"] == "queued":
                    if event["run_id"] in queued:
                        continue
                    queued.add(event["run_id"])
                yield event


def explain(lines: list[str], exit_code: int, script: Path) -> ProjectError | WorkspaceError:
    """The two-line error for a submitting script that ended with an error before anything was accepted.

    Args:
        lines: what it printed.
        exit_code: how it ended.
        script: its path, for the message.
    """
    name = script.name
    where, what = _last_exception(lines, script)
    refused = _service_message(lines)
    if refused is not None:
        return WorkspaceError(
            f"The local workspace refuses the submission: {refused}",
            "Mend what it names; --debug shows the SDK's own message.",
        )
    if what is None:
        return ProjectError(
            f"{name} ended with exit code {exit_code} before it submitted anything.",
            f"Run 'scaffold exec -- python {name}' in the project to see all that it does.",
        )
    location = f"{name}:{where}" if where else name
    return ProjectError(f"{location}: {what}", "Mend it and submit again; --debug shows the whole traceback.")


def _last_exception(lines: list[str], script: Path) -> tuple[str | None, str | None]:
    """Line number in the script and text of the last exception in a traceback."""
    starts = [i for i, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    if not starts:
        return None, None
    where = None
    what: str | None = None
    for line in lines[starts[-1] + 1 :]:
        frame = re.match(r'\s+File "(?P<file>.+)", line (?P<line>\d+)', line)
        if frame and Path(frame["file"]).name == script.name:
            where = frame["line"]
        if what is None and line and not line.startswith((" ", "\t")):
            what = line
    return where, what


def _service_message(lines: list[str]) -> str | None:
    """The message of an error envelope of the service, when the SDK printed one."""
    text = "\n".join(lines)
    if "azureml-scaffold" not in text:
        return None
    match = re.search(r'"message":\s*("(?:[^"\\]|\\.)*")', text)
    return json.loads(match[1]) if match else None


def follow(service: Service, run_id: str, write: Callable[[bytes], None]) -> dict[str, Any]:
    """Streams a run's log to its end and returns the run's final state.

    A service that goes away in between is waited for, and started again if need be.

    Args:
        service: the running local workspace.
        run_id: the run.
        write: called with each piece of the log.

    Raises:
        WorkspaceError: the service is gone and cannot be started.
    """
    from scaffold.workspace import lifecycle

    offset, attempt, refusals = 0, 0, 0
    while True:
        try:
            address = f"/runs/{run_id}/log?offset={offset}&attempt={attempt}&wait=10"
            answer = service.request("GET", address, timeout=40)
            if answer.status == 404:
                raise WorkspaceError(
                    f"The run {run_id} is not in the local workspace (any more).",
                    lifecycle.take_notice(service.home) or "Was it reset meanwhile?",
                )
            if answer.status != 200:  # the service has met trouble, and may not be there for long
                refusals += 1
                if refusals > _MOST_LOSSES:
                    raise WorkspaceError(
                        f"The local workspace does not tell the log of {run_id} (status {answer.status}).",
                        f"The run goes on; see {service.home.service_log}.",
                    )
                raise ConnectionError(f"status {answer.status}")
            refusals = 0
            present = int(answer.headers.get("x-scaffold-attempt", "0"))
            if attempt and present > attempt:  # the run was begun again, and so was its log
                offset = 0
            attempt = present
            if answer.body:
                write(answer.body)
                offset += len(answer.body)
            elif answer.headers.get("x-scaffold-over") == "1":
                state: dict[str, Any] = service.json("GET", f"/runs/{run_id}")
                return state
        except OSError:
            time.sleep(0.2)
            service = lifecycle.ensure(service.home)
