"""A submission to the local workspace, shown as its service tells of it."""

import queue
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from scaffold import words
from scaffold.cli import console
from scaffold.cli.local import service as running_service
from scaffold.cli.submitting.stages import BuildLog, Stages
from scaffold.cli.submitting.submission import Submitting

if TYPE_CHECKING:
    from scaffold.submission import local

_OF_THE_RUN = ("metrics", "outputs")
"""The sources of warnings that come up while a run is carried out."""


class OnLocal(Submitting):
    """A submission to the local workspace, whose service tells of each stage itself."""

    def _begin(self) -> None:
        from scaffold.submission import local

        self._job = self._prepared()
        self._service = running_service()
        self._snapshot_shown = False
        self._told_full = False
        self._stages = Stages()
        self._build: BuildLog | None = None
        self._ending = threading.Lock()
        # What the thread that listens hands to this one: a run, the end of the script, or an error.
        self._news: queue.Queue[dict[str, Any] | BaseException] = queue.Queue()
        self._submission = local.Submission(
            self._service,
            self._project.config,
            self._script,
            self._show_printed,
            self._wanted.overrides,
            job=self._job,
            cwd=self._project.root,
        )
        threading.Thread(target=self._listen, args=(self._submission,), daemon=True).start()

    def _listen(self, submission: "local.Submission") -> None:
        try:
            for event in submission.events():
                if event["event"] == "queued":
                    self._show_queued(event)
                else:
                    self._show_event(event)
                if event["event"] in ("queued", "over"):
                    self._news.put(event)
        except Exception as error:  # whatever it is, who waits for the news has to hear of it
            self._news.put(error)

    def _watch(self) -> int:
        while True:
            with console.working("submitting") as self._spinner:
                news = self._news.get()
            if isinstance(news, BaseException):
                raise news
            if news["event"] == "over":
                return int(news["exit_code"])
            self._runs.append(news)
            if self._wanted.follow:
                self._follow_run(news)

    def _is_own_address(self, line: str) -> bool:
        return line.startswith(self._service.portal)

    def _show_event(self, event: dict[str, Any]) -> None:
        name = event["event"]
        if name == "progress" and self._spinner is not None:
            self._spinner.update(event["text"])
        elif name == "status" and self._wanted.follow:
            self._show_status(event["status"])
        elif name == "waiting" and self._wanted.follow:
            console.note(f"  · it waits: {console.inert(event['text'])}")
        elif name == "environment" and event["state"] == "started":
            if not event["cached"] and self._wanted.follow:
                self._stages.leave()  # this line tells more than "preparing" would
                console.note("  · building the environment")
                read = partial(self._read_build_log, event["run_id"])
                self._build = BuildLog(read, self._show_build_line)
        elif name == "environment" and event["state"] == "ready":
            self._end_build()
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

    def _show_status(self, status: str) -> None:
        if status in ("Completed", "Failed", "Canceled"):
            self._stages.leave()
            self._end_build()
        else:
            self._stages.enter(status.lower())
            if self._spinner is not None:
                self._spinner.update(status.lower())

    def _read_build_log(self, run_id: str, offset: int) -> bytes:
        from urllib.parse import quote, urlencode

        from scaffold.workspace.logs import BUILD_LOG

        asked = urlencode({"offset": offset, "name": BUILD_LOG})
        answer = self._service.request("GET", f"/runs/{quote(run_id, safe='')}/log?{asked}", timeout=40)
        return answer.body if answer.status == 200 else b""

    def _show_build_line(self, line: str) -> None:
        if self._spinner is not None:
            self._spinner.update(f"building the environment: {line}")

    def _end_build(self) -> None:
        """Stop following the build, whose log is shown if it failed; who comes second waits for that."""
        with self._ending:
            build, self._build = self._build, None
            if build is not None:
                build.close()

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
            try:
                run["state"] = local.follow(self._service, run["run_id"], self._write)
            finally:
                self._log.close()
                self._stages.leave()
        self._end_build()  # the thread that listens may not have come to the run's end yet
        self._spinner = None
        for warning in run["state"].get("warnings") or []:
            if warning.get("source") in _OF_THE_RUN:
                console.warn(console.inert(warning["message"]))

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
