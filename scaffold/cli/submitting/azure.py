"""A submission to a workspace on Azure ML, shown as the submitting process tells of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scaffold.cli import console
from scaffold.cli.submitting.submission import Submitting

if TYPE_CHECKING:
    from scaffold.submission.azure import Options


class OnAzure(Submitting):
    """A submission to a workspace on Azure ML, seen through the SDK."""

    def _begin(self) -> None:
        from scaffold.submission import azure

        self._submission = azure.Submission(
            self._project.config, self._script, self._show_printed, self._options()
        )

    def _options(self) -> "Options":
        """How to submit."""
        from scaffold.submission import azure

        return azure.Options(
            overrides=self._wanted.overrides,
            method=self._wanted.auth,
            may_ask=console.interactive(),
            follow=self._wanted.follow,
            job=self._prepared(),
            cwd=self._project.root,
        )

    def _shows(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        """What shows each event."""
        return {
            "login": self._show_login,
            "ask": self._show_question,
            "queued": self._show_queued,
            "status": self._show_status,
            "log": self._show_log,
            "waiting": self._show_waiting,
            "warning": self._show_warning,
            "trouble": self._show_trouble,
            "retry": self._show_retry,
            "ended": self._note_end,
        }

    def _watch(self) -> int:
        shows = self._shows()
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
        show = console.done if event["made"] else lambda text: console.note(f"  · {text}")
        show(f"{self._project.config.workspace_name}: {console.inert(event['text'])}")

    def _show_question(self, event: dict[str, Any]) -> None:
        console.warn(console.inert(event["text"]))

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

    def _show_warning(self, event: dict[str, Any]) -> None:
        console.warn(console.inert(event["text"]))

    def _show_trouble(self, event: dict[str, Any]) -> None:
        console.note(
            f"  · the workspace did not answer, asking again: {console.inert(event['message'])[:200]}"
        )

    def _show_retry(self, event: dict[str, Any]) -> None:
        self._printed.forget()
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
