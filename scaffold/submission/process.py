"""Starts the processes that import the SDK, and hears what they tell: see ``child``.

One runs a project's submitting script (``child.__main__``), one answers questions (``child.answering``), and one
speaks SDK v2 (``child.job``).
"""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from scaffold.submission.faults.network import uncover
from scaffold.submission.overrides import Overrides
from scaffold.tether import SESSION, Tether

Event = dict[str, Any]

_SUBMITTING = Path(__file__).parent / "child" / "__main__.py"
_LINES_KEPT = 400
_LAST_LINES_SECONDS = 5.0
_AFTER_ERROR_SECONDS = 10.0


class ChildProcess:
    """A process of :mod:`scaffold.submission.child`, which writes a JSON object a line.

    Args:
        file: what it runs.
        environment: its variables; ``job`` comes with them, see the file.
        job: what it is told, see the file.
        show: called with every line that is printed in it.
        cwd: its folder; this process's by default.
        asked: whether it is told more through its stdin.

    Attributes:
        events: what it tells; the last is ``over`` with its ``exit_code``.
        error: what it said of the last exception (see ``child.errors``), or None.
        lines: the last lines that were printed in it.
    """

    def __init__(  # noqa: PLR0913  (what a process is started with)
        self,
        file: Path,
        environment: Mapping[str, str],
        job: dict[str, Any],
        show: Callable[[str], None],
        *,
        cwd: Path | None = None,
        asked: bool = False,
    ) -> None:
        self._show = show
        self.lines: list[str] = []
        self.error: Event | None = None
        self.events: queue.Queue[Event] = queue.Queue()
        self._tether = Tether()
        # A group of its own: Ctrl-C reaches this program alone, which then decides what becomes of the process.
        self._process = subprocess.Popen(
            # As a file: with -m, a folder named scaffold in the project would be taken for this package.
            [sys.executable, str(file)],
            cwd=cwd,
            env={
                **self._tether.mark(environment),
                "PYTHONUNBUFFERED": "1",
                "PYTHONIOENCODING": "utf-8:replace",
                "SCAFFOLD_SUBMISSION": json.dumps(job),
            },
            stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            **SESSION,
        )
        self._tether.leads(self._process.pid)
        readers = [
            threading.Thread(target=read, args=(stream,), daemon=True)
            for read, stream in (
                (self._read_lines, self._process.stderr),
                (self._read_events, self._process.stdout),
            )
        ]
        for reader in readers:
            reader.start()
        threading.Thread(target=self._await_end, args=(readers,), daemon=True).start()

    def _read_lines(self, stream: IO[str]) -> None:
        for line in stream:
            text = line.rstrip("\r\n")
            self.lines = [*self.lines[-_LINES_KEPT:], text]
            self._show(text)

    def _read_events(self, stream: IO[str]) -> None:
        for line in stream:
            with contextlib.suppress(json.JSONDecodeError):  # it died in the middle of a line
                self._heard(json.loads(line))

    def _await_end(self, readers: list[threading.Thread]) -> None:
        """Tells that the process is over once it is, though what it has started may hold its streams open."""
        code = self._process.wait()
        self._let_go(code)
        for reader in readers:
            reader.join(_LAST_LINES_SECONDS)
        self.events.put({"event": "over", "exit_code": code})

    def _let_go(self, code: int) -> None:
        """What a script that has ended leaves running may go on; what one was starting that was killed may not."""
        if code < 0:
            self._tether.end()
        else:
            self._tether.release()

    def _heard(self, event: Event) -> None:
        self.events.put(event)

    def send(self, question: dict[str, Any]) -> None:
        """Tells a process that is asked a JSON object more.

        Raises:
            OSError: it is gone.
        """
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()

    def stop(self) -> None:
        """Ends the process if it is still there, and what it has started; what was accepted stays accepted."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._tether.end()
            self._process.wait()


class TaskProcess(ChildProcess):
    """One that is started for one thing: an exception ends it, and is its error.

    One that does not end by itself then, for its threads for instance, is ended.
    """

    def _heard(self, event: Event) -> None:
        if event["event"] == "error":
            self.error = event
            threading.Thread(target=self._end_after_error, daemon=True).start()
        else:
            self.events.put(event)

    def _end_after_error(self) -> None:
        try:
            self._process.wait(_AFTER_ERROR_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()


class SubmittingProcess(TaskProcess):
    """One run of a project's submitting script.

    Args:
        script: the script that submits.
        environment: the variables of its process.
        show: called with every line that the script prints.
        overrides: what is changed of the submission.
        dry_run: stop before anything is sent.
        login: ``method``, ``tenant_id`` and ``may_ask``, or None where the environment holds the login.
        follow: follow the run through the SDK.
        sweep: the plan of a sweep that is made of it (see ``sweeps``), or None.
        cwd: the folder in which it is started; its own by default.
    """

    def __init__(  # noqa: PLR0913  (what a submission is made of)
        self,
        script: Path,
        environment: Mapping[str, str],
        show: Callable[[str], None],
        *,
        overrides: Overrides | None = None,
        dry_run: bool = False,
        login: dict[str, Any] | None = None,
        follow: bool = False,
        sweep: dict[str, Any] | None = None,
        cwd: Path | None = None,
    ) -> None:
        job = {
            "script": str(script),
            "overrides": (overrides or Overrides()).document(),
            "dry_run": dry_run,
            "login": login,
            "follow": follow,
            "sweep": sweep,
        }
        super().__init__(_SUBMITTING, environment, job, show, cwd=cwd or script.parent)


def contents(  # noqa: PLR0913  (what a submission is made of)
    script: Path,
    environment: Mapping[str, str],
    show: Callable[[str], None],
    overrides: Overrides,
    login: dict[str, Any] | None,
    *,
    cwd: Path | None = None,
) -> tuple[Event | None, Event | None, int]:
    """What a submission would send (see ``child.__main__``, ``dry-run``), or what keeps it from being made.

    Returns:
        what would be sent, what is known of the exception that ended the script, and its exit code.
    """
    process = SubmittingProcess(
        script, environment, show, overrides=overrides, dry_run=True, login=login, cwd=cwd
    )
    found = None
    try:
        while (event := process.events.get())["event"] != "over":
            if event["event"] == "dry-run":
                found = event
    finally:
        process.stop()
    return found, uncover(process.error, process.lines), int(event["exit_code"])
