"""Submits a project to a workspace on Azure ML by running its own script, through the SDK's own logins.

The script and the SDK run in a process of their own (see ``process`` and ``child``); here is what to make
of what it tells: when to try again, and that nothing is ever submitted twice.
"""

import contextlib
import os
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.errors import ScaffoldError, WorkspaceError
from scaffold.project.model import WorkspaceConfig
from scaffold.submission.faults import Place, explain, is_passing, is_preemption
from scaffold.submission.faults.network import uncover
from scaffold.submission.jobs import Job
from scaffold.submission.overrides import Overrides
from scaffold.submission.process import Event, SubmittingProcess, TaskProcess
from scaffold.workspace import settings

_PAUSES_SECONDS = (2.0, 5.0, 15.0)
_LAST_WORDS_SECONDS = 2.0
_SDK_HAS_TRIED_SECONDS = 12.0  # of what it tries again, its last attempt is after 14


@dataclass(frozen=True)
class Options:
    """How to submit.

    Attributes:
        overrides: what is changed of the submission.
        method: how to log in, one of ``child.login.METHODS``.
        may_ask: whether a person can be asked to log in.
        follow: follow the run to its end.
        dry_run: stop before anything is sent.
        sweep: the plan of a sweep that is made of what the script submits (see ``sweeps``), or None.
        variables: of the submitting process; this one's by default.
        logs_in: false where the variables hold the login: those of the local workspace.
        job: what is submitted in the script's place, through SDK v2; ``overrides`` are in it.
        cwd: the folder in which the script is started; its own by default.
        attempts: how often a fault that may pass is tried again.
    """

    overrides: Overrides = field(default_factory=Overrides)
    method: str = "auto"
    may_ask: bool = False
    follow: bool = False
    dry_run: bool = False
    sweep: dict[str, Any] | None = None
    variables: Mapping[str, str] | None = None
    logs_in: bool = True
    job: Job | None = None
    cwd: Path | None = None
    attempts: int = len(_PAUSES_SECONDS)


class Submission:
    """One submission, with as many attempts as it takes.

    Args:
        config: the workspace that the project names.
        script: the project's submitting script.
        show: called with every line that the script prints.
        options: see there.
    """

    def __init__(
        self, config: WorkspaceConfig, script: Path, show: Callable[[str], None], options: Options
    ) -> None:
        self._script, self._config = script, config
        self._place = Place(script, config)
        self._show = show
        self._options = options
        settings.retry_seconds()  # refused before anything is sent
        self._process = self._start()
        self._sent: list[str] = []
        self._queued: list[str] = []
        self.lines: list[str] = self._process.lines
        self.error: Event | None = None

    def _start(self) -> TaskProcess:
        options, config = self._options, self._config
        variables = options.variables or os.environ
        login: dict[str, Any] | None = None
        if options.logs_in:
            login = {
                "method": options.method,
                "tenant_id": config.tenant_id,
                "may_ask": options.may_ask,
            }
        if options.job is not None:
            return options.job.process(config, variables, self._show, login=login, follow=options.follow)
        return SubmittingProcess(
            self._script,
            variables,
            self._show,
            overrides=options.overrides,
            dry_run=options.dry_run,
            login=login,
            follow=options.follow,
            sweep=options.sweep,
            cwd=options.cwd,
        )

    def stop(self) -> None:
        """Ends the script's process if it is still there; what was accepted stays accepted."""
        self._process.stop()

    def events(self) -> Iterator[Event]:
        """What happens, as it comes, up to ``over``; ``retry`` (``text``, ``seconds``) before a new attempt."""
        attempt, started = 0, time.monotonic()
        while True:
            event = self._process.events.get()
            self._note(event)
            if event["event"] != "over":
                yield event
                continue
            self.lines = self._process.lines
            self.error = uncover(self._process.error, self.lines)
            if not self._may_try_again(attempt, time.monotonic() - started):
                yield event
                return
            seconds = pause(attempt)
            yield {"event": "retry", "text": str(self.explain(1)), "seconds": seconds}
            time.sleep(seconds)
            attempt, started = attempt + 1, time.monotonic()
            self._process = self._start()

    def _note(self, event: Event) -> None:
        """Keeps what was sent, and what was accepted of it."""
        if event["event"] == "sent":
            self._sent.append(event["run_id"])
        elif event["event"] == "not-accepted":
            self._sent.remove(event["run_id"])
        elif event["event"] == "queued":
            self._queued.append(event["run_id"])

    def left_behind(self) -> tuple[list[str], str | None]:
        """The runs that were accepted, and one that may have been, of a submission that was stopped."""
        with contextlib.suppress(queue.Empty):
            while (event := self._process.events.get(timeout=_LAST_WORDS_SECONDS))["event"] != "over":
                self._note(event)
        return self._queued, self.uncertain

    def _may_try_again(self, attempt: int, seconds: float) -> bool:
        """Only what certainly was not accepted is submitted again, and what the SDK did not wait out by itself."""
        if self._queued or self._sent or seconds > _SDK_HAS_TRIED_SECONDS:
            return False
        return attempt < self._options.attempts and is_passing(self.error)

    @property
    def uncertain(self) -> str | None:
        """The id of a run that was sent, and of which nobody knows whether it was accepted."""
        unknown = [run_id for run_id in self._sent if run_id not in self._queued]
        return unknown[-1] if unknown else None

    def explain(self, exit_code: int) -> ScaffoldError:
        """The error of a submission that ended with an exit code other than 0."""
        error = explain(self.error, exit_code, self._place, submitted=bool(self._queued))
        if self.error is not None and "following" in self.error:
            run_id = self.error["following"]
            return WorkspaceError(
                f"The run {run_id} goes on, and cannot be followed any more: {error.message}",
                f"Do not submit it again; to follow it again: scaffold runs logs {run_id} --follow",
            )
        if self.uncertain is None:
            return error
        return WorkspaceError(
            f"The submission was sent, and its answer was lost: {error.message}",
            f"Look whether it was accepted before you submit again: scaffold runs show {self.uncertain}",
        )


def pause(attempt: int) -> float:
    """Seconds before the next attempt; ``SCAFFOLD_RETRY_SECONDS`` says otherwise.

    Raises:
        SettingError: that is no number.
    """
    asked = settings.retry_seconds()
    return _PAUSES_SECONDS[min(attempt, len(_PAUSES_SECONDS) - 1)] if asked is None else asked


def preempted(ended: dict[str, Any]) -> bool:
    """True when a run ended because its low-priority node was taken away."""
    text = f"{ended.get('error_code') or ''} {ended.get('error') or ''}"
    return ended["status"] != "Completed" and is_preemption(text)
