"""Submits a project to the local workspace by running its own ``run_experiment.py``, edited or not.

The script runs in a process of its own, exactly as ``python run_experiment.py`` would run it. What was
submitted is not read off it: its token carries a submission id, and the service itself tells what came
with it.
"""

import contextlib
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from scaffold.errors import ScaffoldError, WorkspaceError
from scaffold.project.model import WorkspaceConfig
from scaffold.submission.faults import Place, explain
from scaffold.submission.jobs import Job
from scaffold.submission.overrides import Overrides
from scaffold.submission.process import Event, SubmittingProcess, TaskProcess
from scaffold.workspace import client
from scaffold.workspace.lifecycle import Service

_WAIT_SECONDS = 20.0
_MOST_LOSSES = 5
_MOST_SILENCES = 50  # one after another: a service that is being stopped answers nobody for a while


class Submission:
    """One run of a project's submitting script.

    Args:
        service: the running local workspace.
        config: the workspace that the project names, this one.
        script: the script that submits.
        show: called with every line that the script prints.
        overrides: what is changed of the submission.
        job: what is submitted in the script's place, through SDK v2; ``overrides`` are in it.
        cwd: the folder in which the script is started; its own by default.
    """

    def __init__(  # noqa: PLR0913  (what a submission is made of)
        self,
        service: Service,
        config: WorkspaceConfig,
        script: Path,
        show: Callable[[str], None],
        overrides: Overrides,
        *,
        job: Job | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._service = service
        self._place = Place(script, config)
        self.id = uuid.uuid4().hex
        self._exit_code: int | None = None
        self._told_over = False
        self._queued: set[str] = set()
        environment = dict(os.environ)
        environment |= client.variables(
            service.home,
            service.https_port,
            environment=environment,
            submission=self.id,
            python=sys.executable,
        )
        self._process: TaskProcess = (
            SubmittingProcess(script, environment, show, overrides=overrides, cwd=cwd)
            if job is None
            else job.process(config, environment, show)
        )
        threading.Thread(target=self._await_end, daemon=True).start()

    def _await_end(self) -> None:
        while (event := self._process.events.get())["event"] != "over":
            pass
        self._exit_code = event["exit_code"]
        self._tell_over()

    @property
    def lines(self) -> list[str]:
        """The last lines that the script has printed."""
        return self._process.lines

    @property
    def error(self) -> Event | None:
        """What is known of the exception that ended the script (see ``child.errors``), or None."""
        return self._process.error

    def explain(self, exit_code: int) -> ScaffoldError:
        """The error of a submission that ended with an exit code other than 0."""
        return explain(self._process.error, exit_code, self._place, submitted=bool(self._queued))

    def _tell_over(self) -> None:
        """Tells the service that the script has ended, once it has.

        The service puts this behind all that the script did, and wakes whoever waits for news. One that is
        not there now is told again when there is one.
        """
        if self._exit_code is not None:
            with contextlib.suppress(OSError, WorkspaceError):
                self._service.json("POST", f"/submissions/{self.id}/over?exit_code={self._exit_code}")
                self._told_over = True

    def stop(self) -> None:
        """Ends the script's process if it is still there; what was accepted stays accepted."""
        self._process.stop()

    def left_behind(self) -> tuple[list[str], str | None]:
        """The runs that were accepted of a submission that was stopped; the service knows of each one."""
        with contextlib.suppress(OSError, WorkspaceError):
            told = self._service.json("GET", f"/submissions/{self.id}/events?seen=0&wait=0", timeout=5.0)
            return [event["run_id"] for event in told["events"] if event["event"] == "queued"], None
        return [], None

    def events(self) -> Iterator[Event]:
        """What the service tells of the submission and its runs, as it comes, without an end of its own.

        The event ``over`` says that the script has ended. A service that goes away in between is started
        again; what it had accepted it tells once more, and that is told here once.

        Raises:
            WorkspaceError: the service went away and cannot be started, or goes away again and again.
        """
        from scaffold.workspace import lifecycle

        seen, losses = 0, 0
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
            if self._exit_code is not None and not self._told_over:
                self._tell_over()
            for event in answer["events"]:
                seen += 1
                if event["event"] == "queued":
                    if event["run_id"] in self._queued:
                        continue
                    self._queued.add(event["run_id"])
                yield event


def follow(
    service: Service,
    run_id: str,
    write: Callable[[bytes], None],
    *,
    name: str | None = None,
    tell_status: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Streams a run's log to its end and returns the run's final state.

    A service that goes away in between is waited for, and started again if need be.

    Args:
        service: the running local workspace.
        run_id: the run.
        write: called with each piece of the log.
        name: of the log; what the script prints by default.
        tell_status: called with each status that the run comes to.

    Raises:
        WorkspaceError: the service is gone and cannot be started.
    """
    from scaffold.workspace import lifecycle

    offset, attempt, refusals, status, losses = 0, 0, 0, "", 0
    while True:
        try:
            asked = {"offset": offset, "attempt": attempt, "wait": 10, "name": name or "", "status": status}
            address = f"/runs/{quote(run_id, safe='')}/log?{urlencode(asked)}"
            answer = service.request("GET", address, timeout=40)
            if answer.status == 404:
                raise WorkspaceError(
                    f"The run {run_id} is not in the local workspace (any more).",
                    lifecycle.take_notice(service.home) or "Was it reset meanwhile?",
                )
            if answer.status == 410:  # what it has is not whole any more
                raise answer.refusal()
            if answer.status != 200:  # the service has met trouble, and may not be there for long
                refusals += 1
                if refusals > _MOST_LOSSES:
                    raise WorkspaceError(
                        f"The local workspace does not tell the log of {run_id} (status {answer.status}).",
                        f"The run goes on; see {service.home.service_log}.",
                    )
                raise ConnectionError(f"status {answer.status}")
            refusals = losses = 0
            present = int(answer.headers.get("x-scaffold-attempt", "0"))
            if attempt and present > attempt:  # the run was begun again, and so was its log
                offset = 0
            attempt = present
            if status != (status := answer.headers.get("x-scaffold-status", "")):
                tell_status(status)
            if answer.body:
                write(answer.body)
                offset += len(answer.body)
            elif answer.headers.get("x-scaffold-over") == "1":
                state: dict[str, Any] = service.json("GET", f"/runs/{run_id}")
                return state
        except OSError as error:
            losses += 1
            if losses > _MOST_SILENCES:
                raise WorkspaceError(
                    f"The local workspace goes away again and again: {error}.",
                    f"See {service.home.service_log}; to follow the run again: scaffold runs logs {run_id} --follow",
                ) from error
            time.sleep(0.2)
            service = lifecycle.ensure(service.home)
