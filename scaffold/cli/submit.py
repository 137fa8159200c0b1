"""``scaffold submit``: runs a project's own submitting script and shows how far it has come."""

import queue
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaffold import words
from scaffold.cli import console
from scaffold.cli.local import service as running_service
from scaffold.errors import ProjectError, RunCanceledError, RunFailedError, WorkspaceError

if TYPE_CHECKING:
    from scaffold.submission.local import Submission
    from scaffold.workspace.lifecycle import Service


def submit(
    project: Annotated[
        Path | None,
        typer.Argument(
            help="The project's folder, or any folder in it; the current one by default.", show_default=False
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Show the run's log to its end, and exit by its outcome."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Submit a project's experiment to the workspace that its config.json names."""
    from scaffold.project.reader import find_project, read_project

    found = read_project(find_project(project or Path.cwd()))
    if not found.config.is_local:
        raise WorkspaceError(
            f"'scaffold submit' does not submit to Azure ML yet, where {found.config.workspace_name!r} is.",
            f"Run 'python {found.runner.name}' in {found.root}; it needs azureml-core alone.",
        )
    if found.config.tenant_id is not None:
        raise ProjectError(
            f"{found.config.path.relative_to(found.root)}: it names the tenant {found.config.tenant_id}, which the "
            "local workspace is not in.",
            "Remove tenant_id, or name the workspace on Azure ML that it belongs to.",
        )
    console.done("checked")
    Submitting(found.runner, follow=follow, as_json=as_json).run()


class Submitting:
    """One call of the command.

    Args:
        script: the project's submitting script.
        follow: whether to show the log to its end.
        as_json: whether stdout is to hold one JSON document and nothing else.
    """

    def __init__(self, script: Path, *, follow: bool, as_json: bool) -> None:
        self._script = script
        self._follow = follow
        self._as_json = as_json
        self._portal = ""
        self._snapshot_shown = False
        self._spinner: Any = None
        self._holding = False
        self._held: list[str] = []
        self._runs: list[dict[str, Any]] = []
        # What the thread that listens hands to this one: a run, the end of the script, or an error.
        self._news: queue.Queue[dict[str, Any] | BaseException] = queue.Queue()

    def run(self) -> None:
        """Submits, follows if asked to, and ends with the outcome's exit code.

        Raises:
            ScaffoldError: nothing was submitted, or a followed run did not complete.
        """
        from scaffold.submission import local

        service = running_service()
        self._portal = service.portal
        submission = local.Submission(service, self._script, self._show_line)
        threading.Thread(target=self._listen, args=(submission,), daemon=True).start()
        exit_code = 0
        try:
            exit_code = self._watch(service)
        except KeyboardInterrupt:
            self._interrupted()
        finally:
            submission.stop()
        self._conclude(submission.lines, exit_code)

    def _listen(self, submission: "Submission") -> None:
        try:
            for event in submission.events():
                self._show_event(event)
                if event["event"] in ("queued", "over"):
                    self._news.put(event)
        except WorkspaceError as error:
            self._news.put(error)

    def _watch(self, service: "Service") -> int:
        """Waits for the script's runs and its end, and returns its exit code."""
        while True:
            with console.working("submitting") as self._spinner:
                news = self._news.get()
            if isinstance(news, BaseException):
                raise news
            if news["event"] == "over":
                return int(news["exit_code"])
            self._show_queued(news)
            self._runs.append(news)
            if self._follow:
                self._follow_run(service, news)

    def _show_line(self, line: str) -> None:
        """Passes on what the script prints, but for the address that this command shows by itself.

        A traceback is held back: when the script ends with it, the error is told in two lines instead.
        """
        if line.startswith("Traceback (most recent call last)") and not console.debugging():
            self._holding = True
        if self._holding:
            self._held.append(line)
        elif not line.startswith(self._portal) and line.strip():
            console.note(f"  | {console.inert(line)}")

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
        elif name == "snapshot":
            self._snapshot_shown = True
            console.done(f"snapshot {_files(event)}, {event['uploaded']} of them new")

    def _show_queued(self, run: dict[str, Any]) -> None:
        if not self._snapshot_shown and run["files"]:  # a local run's is sent while it begins
            console.done(f"snapshot {_files(run)}, unchanged")
        state = "cached" if run["cached"] else "to be built"
        console.done(f"environment {console.inert(run['environment'])} ({state})")
        console.done(f"queued {run['run_id']}")

    def _follow_run(self, service: "Service", run: dict[str, Any]) -> None:
        from scaffold.submission import local

        if not self._as_json:
            console.note(f"  {run['url']}")
        stream = sys.stderr.buffer if self._as_json else sys.stdout.buffer
        with console.working("queued") as self._spinner:

            def write(piece: bytes) -> None:
                self._spinner.stop()
                stream.write(piece)
                stream.flush()

            run["state"] = local.follow(service, run["run_id"], write)
        self._spinner = None

    def _interrupted(self) -> None:
        if not self._runs:
            raise KeyboardInterrupt
        run_id = self._runs[-1]["run_id"]
        console.note("")
        console.note(f"  The run goes on. To cancel it: scaffold runs cancel {run_id}")
        raise typer.Exit(130)

    def _conclude(self, lines: list[str], exit_code: int) -> None:
        from scaffold.submission import local

        if not self._runs and exit_code == 0:
            raise ProjectError(
                f"{self._script.name} ended without submitting a run.",
                "It must call Experiment.submit(...) when it is run as a script.",
            )
        self._show_results()
        if exit_code == 0:
            for line in self._held:  # a traceback that the script printed and survived
                console.note(f"  | {console.inert(line)}")
        else:
            raise local.explain(lines, exit_code, self._script)
        for run in self._runs:
            _raise_for(run)

    def _show_results(self) -> None:
        if self._as_json:
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


def _files(event: dict[str, Any]) -> str:
    plural = "" if event["files"] == 1 else "s"
    return f"{event['files']} file{plural}, {words.size(event['bytes'])}"


def _seconds(state: dict[str, Any]) -> float:
    from datetime import datetime

    if not state["started"] or not state["ended"]:
        return 0.0
    return (datetime.fromisoformat(state["ended"]) - datetime.fromisoformat(state["started"])).total_seconds()


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
