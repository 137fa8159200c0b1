"""Shows a submission and the run that comes of it, on the local workspace and on Azure ML alike."""

import queue
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from scaffold import words
from scaffold.cli import console
from scaffold.cli.local import service as running_service
from scaffold.errors import ProjectError, RunCanceledError, RunFailedError, ScaffoldError, WorkspaceError

if TYPE_CHECKING:
    from scaffold.project.model import Project
    from scaffold.submission import azure, local
    from scaffold.submission.overrides import Overrides

_MOST_RESUBMISSIONS = 3


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for.

    Attributes:
        overrides: what is changed of the submission.
        follow: show the log to its end, and exit by the outcome.
        retry_preempted: submit again when the run was pre-empted.
        auth: how to log in to Azure.
        dry_run: show what would be sent, and send nothing.
        as_json: stdout holds one JSON document and nothing else.
    """

    overrides: "Overrides"
    follow: bool = False
    retry_preempted: bool = False
    auth: str = "auto"
    dry_run: bool = False
    as_json: bool = False


def submit_project(project: "Project", wanted: Wanted) -> None:
    """Submits, follows if asked to, and ends with the outcome's exit code.

    Raises:
        ScaffoldError: nothing was submitted, or a followed run did not complete.
    """
    for attempt in range(_MOST_RESUBMISSIONS + 1):
        submitting: Submitting = (
            _OnLocal(project, wanted) if project.config.is_local else _OnAzure(project, wanted)
        )
        if wanted.dry_run:
            submitting.show_contents()
            return
        submitting.run()
        again = wanted.retry_preempted and attempt < _MOST_RESUBMISSIONS and submitting.was_preempted()
        if not again:
            submitting.conclude()
            return
        console.warn("the run was pre-empted; it is submitted again")


class Submitting:
    """One submission of a project.

    Args:
        project: the project.
        wanted: how to submit it.
    """

    def __init__(self, project: "Project", wanted: Wanted) -> None:
        self._project = project
        self._script = project.runner
        self._wanted = wanted
        self._spinner: Any = None
        self._holding = False
        self._held: list[str] = []
        self._runs: list[dict[str, Any]] = []
        self._exit_code = 0
        self._submission: local.Submission | azure.Submission

    def run(self) -> None:
        """Submits, and follows if asked to; what became of it is :meth:`conclude`'s to say."""
        self._begin()
        try:
            self._exit_code = self._watch()
        except KeyboardInterrupt:
            self._interrupted()
        finally:
            self._submission.stop()

    def _begin(self) -> None:
        raise NotImplementedError  # pragma: no cover  (each kind of workspace has its own)

    def _watch(self) -> int:
        """Shows what happens until the script is over, and returns its exit code."""
        raise NotImplementedError  # pragma: no cover

    def _is_own_address(self, line: str) -> bool:
        """True for a line of the script with an address that this command shows by itself."""
        raise NotImplementedError  # pragma: no cover

    def _show_line(self, line: str) -> None:
        """Passes on what the script prints, but for the address that this command shows by itself.

        A traceback is held back: when the script ends with it, the error is told in two lines instead.
        """
        if line.startswith("Traceback (most recent call last)") and not console.debugging():
            self._holding = True
        if self._holding:
            self._held.append(line)
        elif not self._is_own_address(line) and line.strip():
            console.note(f"  | {console.inert(line)}")

    def _write(self, piece: bytes) -> None:
        """A piece of the run's log: the result of a followed run, unless that is to be JSON."""
        if self._spinner is not None:
            self._spinner.stop()
        stream = sys.stderr.buffer if self._wanted.as_json else sys.stdout.buffer
        stream.write(piece)
        stream.flush()

    def _interrupted(self) -> None:
        if not self._runs:
            raise KeyboardInterrupt
        run_id = self._runs[-1]["run_id"]
        console.note("")
        console.note(f"  The run goes on. To cancel it: scaffold runs cancel {run_id}")
        raise typer.Exit(130)

    def was_preempted(self) -> bool:
        """True when the followed run ended because its node was taken away."""
        from scaffold.submission.azure import preempted

        return bool(self._runs) and "state" in self._runs[-1] and preempted(self._runs[-1]["state"])

    def conclude(self) -> None:
        """Shows the results, and raises what is to be the exit code."""
        if not self._runs and self._exit_code == 0:
            raise ProjectError(
                f"{self._script.name} ended without submitting a run.",
                "It must call Experiment.submit(...) when it is run as a script.",
            )
        self._show_results()
        if self._exit_code == 0:
            for line in self._held:  # a traceback that the script printed and survived
                console.note(f"  | {console.inert(line)}")
        else:
            error = self._submission.explain(self._exit_code)
            record = self._submission.error
            if console.debugging() and record is not None and record["request_id"]:
                console.note(f"  request id: {console.inert(record['request_id'])}")
            raise error
        for run in self._runs:
            _raise_for(run)

    def _show_results(self) -> None:
        if self._wanted.as_json:
            if self._runs:
                runs = [_document(run) for run in self._runs]
                console.result_json({**runs[0], "runs": runs})
            return
        for run in self._runs:
            if "state" not in run:
                console.result(run["run_id"])
                console.result(run["url"])
            elif run["state"]["status"] == "Completed":
                console.done(f"Completed in {words.duration(_seconds(run['state']))}    {run['url']}")

    def show_contents(self) -> None:
        """Shows what would be sent; nothing is."""
        from scaffold.submission.process import contents

        event, error = contents(
            self._script, self._variables(), self._show_line, self._wanted.overrides, self._login()
        )
        if event is None:
            raise self._explain_contents(error)
        if self._wanted.as_json:
            console.result_json({key: value for key, value in event.items() if key != "event"})
            return
        configuration = event["configuration"]
        command = configuration.get("command") or [configuration["script"], *configuration["arguments"]]
        rows = {
            "workspace": self._project.config.workspace_name,
            "experiment": event["experiment"],
            "compute target": event["target"],
            "environment": event["environment"],
            "folder": event["source_directory"],
            "command": command if isinstance(command, str) else " ".join(map(str, command)),
            "variables": ", ".join(f"{k}={v}" for k, v in configuration["environmentVariables"].items()),
            "tags": ", ".join(f"{k}={v}" for k, v in self._wanted.overrides.tags.items()),
        }
        for name, text in rows.items():
            if text:
                console.result(console.inert(f"{name:<16}{text}"))

    def _variables(self) -> dict[str, str]:
        raise NotImplementedError  # pragma: no cover

    def _login(self) -> dict[str, Any] | None:
        raise NotImplementedError  # pragma: no cover

    def _explain_contents(self, record: dict[str, Any] | None) -> ScaffoldError:
        from scaffold.submission.faults import Place, explain

        if record is None:
            return ProjectError(
                f"{self._script.name} ended without submitting a run.",
                "It must call Experiment.submit(...) when it is run as a script.",
            )
        return explain(record, 1, Place(self._script, self._project.config))


class _OnLocal(Submitting):
    """A submission to the local workspace, whose service tells of each stage itself."""

    def _begin(self) -> None:
        from scaffold.submission import local

        self._service = running_service()
        self._snapshot_shown = False
        self._told_full = False
        # What the thread that listens hands to this one: a run, the end of the script, or an error.
        self._news: queue.Queue[dict[str, Any] | BaseException] = queue.Queue()
        self._submission = local.Submission(
            self._service, self._project.config, self._script, self._show_line, self._wanted.overrides
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
                console.done(f"environment {console.inert(event['name'])} built")
        elif name == "full" and not self._told_full:
            self._told_full = True
            console.warn("the disk that holds the local workspace is full; the SDK tries again")
        elif name == "snapshot":
            self._snapshot_shown = True
            console.done(f"snapshot {_files(event)}, {event['uploaded']} of them new")

    def _show_queued(self, run: dict[str, Any]) -> None:
        if not self._snapshot_shown:
            console.done(f"snapshot {_files(run)}, unchanged")
        state = "cached" if run["cached"] else "to be built"
        console.done(f"environment {console.inert(run['environment'])} ({state})")
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


class _OnAzure(Submitting):
    """A submission to a workspace on Azure ML, seen through the SDK."""

    def _begin(self) -> None:
        from scaffold.submission import azure

        self._submission = azure.Submission(
            self._project.config,
            self._script,
            self._show_line,
            azure.Options(
                overrides=self._wanted.overrides,
                method=self._wanted.auth,
                may_ask=console.interactive(),
                follow=self._wanted.follow,
            ),
        )

    def _watch(self) -> int:
        shows = {
            "login": self._show_login,
            "queued": self._show_queued,
            "status": self._show_status,
            "log": self._show_log,
            "waiting": self._show_waiting,
            "trouble": self._show_trouble,
            "retry": self._show_retry,
            "ended": self._note_end,
        }
        for event in self._events():
            if event["event"] == "over":
                return int(event["exit_code"])
            if event["event"] in shows:
                shows[event["event"]](event)
        return 1

    def _events(self) -> Any:
        """The events, with a spinner while the next one is waited for."""
        events = self._submission.events()
        text = "submitting"
        while True:
            with console.working(text) as self._spinner:
                event = next(events, None)
            if event is None:
                return
            if event["event"] == "status":
                text = event["status"].lower()
            yield event

    def _is_own_address(self, line: str) -> bool:
        return line.startswith(("https://", "http://")) and "/runs/" in line

    def _show_login(self, event: dict[str, Any]) -> None:
        console.done(f"{self._project.config.workspace_name}: {console.inert(event['text'])}")

    def _show_queued(self, event: dict[str, Any]) -> None:
        self._runs.append(event)
        console.done(f"environment {console.inert(str(event['environment']))}")
        console.done(f"queued {event['run_id']} on {console.inert(str(event['target']))}")
        if self._wanted.follow and not self._wanted.as_json:
            console.note(f"  {event['url']}")

    def _show_status(self, event: dict[str, Any]) -> None:
        if event["status"] not in ("Completed", "Failed", "Canceled"):
            console.note(f"  · {event['status'].lower()}")

    def _show_log(self, event: dict[str, Any]) -> None:
        if event["kind"] == "user":
            self._write(event["text"].encode())
            return
        for line in event["text"].splitlines():
            console.note(f"  | {console.inert(line)}")

    def _show_waiting(self, event: dict[str, Any]) -> None:
        console.note(f"  · it waits: {console.inert(event['text'])}")

    def _show_trouble(self, event: dict[str, Any]) -> None:
        console.note(
            f"  · the workspace did not answer, asking again: {console.inert(event['message'])[:200]}"
        )

    def _show_retry(self, event: dict[str, Any]) -> None:
        self._held, self._holding = [], False
        console.warn(f"{console.inert(event['text'])} Trying again in {event['seconds']:.0f} s.")

    def _note_end(self, event: dict[str, Any]) -> None:
        for run in self._runs:
            if run["run_id"] == event["run_id"]:
                run["state"] = {**event, "exit_code": None, "created": None}

    def _variables(self) -> dict[str, str]:
        import os

        return dict(os.environ)

    def _login(self) -> dict[str, Any] | None:
        return {
            "method": self._wanted.auth,
            "tenant_id": self._project.config.tenant_id,
            "may_ask": console.interactive(),
        }


def _files(event: dict[str, Any]) -> str:
    plural = "" if event["files"] == 1 else "s"
    return f"{event['files']} file{plural}, {words.size(event['bytes'])}"


def _seconds(state: dict[str, Any]) -> float:
    from datetime import datetime

    if not state["started"] or not state["ended"]:
        return 0.0
    started, ended = (
        datetime.fromisoformat(state[key].replace("Z", "+00:00")) for key in ("started", "ended")
    )
    return (ended - started).total_seconds()


def _document(run: dict[str, Any]) -> dict[str, Any]:
    document = {key: run[key] for key in ("run_id", "experiment", "target", "url")}
    state = run.get("state")
    if state is not None:
        document |= {
            key: state[key] for key in ("status", "exit_code", "error", "created", "started", "ended")
        }
        document["seconds"] = round(_seconds(state), 3)
    return document


def _raise_for(run: dict[str, Any]) -> None:
    """Raises for a followed run that did not complete."""
    state = run.get("state")
    if state is None or state["status"] == "Completed":
        return
    lines = (state["error"] or "").strip().splitlines()
    reason = f": {console.inert(lines[0])}" if lines else "."
    hint = f"See {run['url']}"
    if state["status"] == "Canceled":
        raise RunCanceledError(f"The run {run['run_id']} was canceled{reason}", hint)
    raise RunFailedError(f"The run {run['run_id']} failed{reason}", hint)
