"""Follows a run through the SDK to its end: its status, its logs as they grow, and what it is waiting for."""

import contextlib
import functools
import time
from collections.abc import Callable
from typing import Any

from scaffold.submission.child import compute
from scaffold.submission.child.errors import record_of
from scaffold.submission.child.reporting import Report
from scaffold.submission.faults import is_passing

USER_LOGS = ("user_logs/std_log", "azureml-logs/70_driver_log", "azureml-logs/driver_log")
BUILD_LOGS = ("azureml-logs/20_image_build_log", "20_image_build_log")
TERMINAL = ("Completed", "Failed", "Canceled")
_SHORTEST, _LONGEST = 0.3, 5.0
_PATIENCE_SECONDS = 3.0
_MOST_FAILURES = 12


class Follower:
    """One run that is being followed.

    Args:
        run: a ``Run`` of the SDK.
        report: told ``status``, ``log`` (``kind`` user or build, ``text``), ``waiting``, ``warning`` and
            ``trouble``.
        name: the one log to read; by default what the script prints, and before that the image build's.
        why: given the name of the run's compute target, what the run waits for; by default what the SDK tells.
    """

    def __init__(
        self,
        run: Any,
        report: Report,
        *,
        name: str | None = None,
        why: Callable[[str], list[str]] | None = None,
    ) -> None:
        import requests

        self._run = run
        self._report = report
        self._why = why or functools.partial(compute.why_it_waits, run)
        self._logs = (("user", (name,)),) if name else (("build", BUILD_LOGS), ("user", USER_LOGS))
        self._session = requests.Session()
        self._offsets: dict[str, int] = {}
        self._rest: dict[str, bytes] = {}
        self._status = ""
        self._since = time.monotonic()
        self._told = ""
        self._warned: set[str] = set()

    def follow(self) -> dict[str, Any]:
        """Returns when the run is over, with its details as ``Run.get_details`` gives them."""
        pause, failures = _SHORTEST, 0
        while True:
            try:
                details: dict[str, Any] = self._run.get_details()
                news = self._tell(details)
                failures = 0
            except Exception as error:
                failures += 1
                record = record_of(error, "")
                if failures > _MOST_FAILURES or not is_passing(record):
                    raise
                self._report("trouble", message=record["service_message"] or record["message"])
                news, details = False, {}
            if details.get("status") in TERMINAL:
                return details
            pause = _SHORTEST if news else min(pause * 1.4, _LONGEST)
            time.sleep(pause)

    def _tell(self, details: dict[str, Any]) -> bool:
        """Reports what is new; False when nothing is."""
        news = False
        status = details.get("status", "")
        changed = status != self._status
        if changed and status not in TERMINAL:  # its end is told when all that it printed is
            self._report("status", status=status)
        self._warn([str(warning.get("message") or "") for warning in details.get("warnings") or []])
        logs: dict[str, str] = details.get("logFiles") or {}
        for kind, starts in self._logs:
            for name in sorted(logs):
                if name.startswith(starts):
                    news |= self._read(kind, name, logs[name], whole=status in TERMINAL)
                    break  # of several processes, the first one's log is the one to follow
        if changed:
            self._status, self._since, news = status, time.monotonic(), True
            if status in TERMINAL:
                self._report("status", status=status)
        elif status in ("Queued", "NotStarted", "Provisioning") and self._waits_long():
            self._explain(details)
        return news

    def _read(self, kind: str, name: str, url: str, *, whole: bool) -> bool:
        """Reports what has been added to a log; up to the last whole line while it grows."""
        offset = self._offsets.get(name, 0)
        answer = self._session.get(url, headers={"Range": f"bytes={offset}-"}, timeout=60)
        if answer.status_code in (401, 403):  # as of a storage that lets nobody in from here
            self._warn([f"{name} cannot be read from here (status {answer.status_code})"])
            return False
        if answer.status_code in (
            404,
            416,
        ):  # it is announced and not begun, or nothing is beyond what is known
            data = b""
        else:
            answer.raise_for_status()
            data = answer.content if answer.status_code == 206 else answer.content[offset:]
        self._offsets[name] = offset + len(data)
        data = self._rest.pop(name, b"") + data
        if not whole:
            end = data.rfind(b"\n") + 1
            self._rest[name], data = data[end:], data[:end]
        if data:
            self._report("log", kind=kind, text=data.decode("utf-8", "replace"))
        return bool(data)

    def _waits_long(self) -> bool:
        return time.monotonic() - self._since > _PATIENCE_SECONDS

    def _explain(self, details: dict[str, Any]) -> None:
        """Says why a run does not start, where the service says so."""
        text = ""
        with contextlib.suppress(Exception):  # it is told, or it is not: the run is followed all the same
            text = "; ".join(self._why(details.get("target") or ""))
        if text and text != self._told:
            self._told = text
            self._report("waiting", text=text)

    def _warn(self, warnings: list[str]) -> None:
        """Tells each warning once."""
        for text in warnings:
            if text and text not in self._warned:
                self._warned.add(text)
                self._report("warning", text=text)
