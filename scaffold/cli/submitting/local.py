"""A submission to the local workspace, shown as its service tells of it."""

import queue
import threading
from typing import TYPE_CHECKING, Any

from scaffold import words
from scaffold.cli import console
from scaffold.cli.local import service as running_service
from scaffold.cli.submitting.submission import Submitting
from scaffold.errors import WorkspaceError

if TYPE_CHECKING:
    from scaffold.submission import local


class OnLocal(Submitting):
    """A submission to the local workspace, whose service tells of each stage itself."""

    def _begin(self) -> None:
        from scaffold.submission import local

        self._job = self._prepared()
        self._service = running_service()
        self._snapshot_shown = False
        self._told_full = False
        # What the thread that listens hands to this one: a run, the end of the script, or an error.
        self._news: queue.Queue[dict[str, Any] | BaseException] = queue.Queue()
        self._submission = local.Submission(
            self._service,
            self._project.config,
            self._script,
            self._show_printed,
            self._wanted.overrides,
            job=self._job,
        )
        threading.Thread(target=self._listen, args=(self._submission,), daemon=True).start()

    def _listen(self, submission: "local.Submission") -> None:
        try:
            for event in submission.events():
                self._show_event(event)
                if event["event"] in ("queued", "over"):
                    self._news.put(event)
        except WorkspaceError as error:
            self._news.put(error)

    def _watch(self) -> int:
        while True:
            with console.working("submitting") as self._spinner:
                news = self._news.get()
            if isinstance(news, BaseException):
                raise news
            if news["event"] == "over":
                return int(news["exit_code"])
            self._show_queued(news)
            self._runs.append(news)
            if self._wanted.follow:
                self._follow_run(news)

    def _is_own_address(self, line: str) -> bool:
        return line.startswith(self._service.portal)

    def _show_event(self, event: dict[str, Any]) -> None:
        name = event["event"]
        if name == "progress" and self._spinner is not None:
            self._spinner.update(event["text"])
        elif name == "status" and self._spinner is not None:
            self._spinner.update(f"{event['status'].lower()}")
        elif name == "environment" and event["state"] == "ready":
            for notice in event["notices"]:
                console.warn(console.inert(notice))
            if not event["cached"]:
                name = event["name"] if self._job is None else self._job.environment
                console.done(f"environment {console.inert(name)} built")
        elif name == "full" and not self._told_full:
            self._told_full = True
            console.warn("the disk that holds the local workspace is full; the SDK tries again")
        elif name == "snapshot":
            self._snapshot_shown = True
            console.done(f"snapshot {_files(event)}, {event['uploaded']} of them new")

    def _show_queued(self, run: dict[str, Any]) -> None:
        if not self._snapshot_shown:
            # SDK v2 sends a folder whole or not at all, and does not say which.
            console.done(f"snapshot {_files(run)}" + (", unchanged" if self._job is None else ""))
        state = "cached" if run["cached"] else "to be built"
        # One that a job describes itself has no name of its own in SDK v2.
        name = run["environment"] if self._job is None else self._job.environment
        console.done(f"environment {console.inert(name)} ({state})")
        console.done(f"queued {run['run_id']}")

    def _follow_run(self, run: dict[str, Any]) -> None:
        from scaffold.submission import local

        if not self._wanted.as_json:
            console.note(f"  {run['url']}")
        with console.working("queued") as self._spinner:
            run["state"] = local.follow(self._service, run["run_id"], self._write)
        self._spinner = None

    def _variables(self) -> dict[str, str]:
        import os

        from scaffold.workspace import client

        self._service = running_service()
        environment = dict(os.environ)
        return environment | client.variables(
            self._service.home, self._service.https_port, environment=environment
        )

    def _login(self) -> dict[str, Any] | None:
        return None


def _files(event: dict[str, Any]) -> str:
    plural = "" if event["files"] == 1 else "s"
    return f"{event['files']} file{plural}, {words.size(event['bytes'])}"
