"""One submission of a project, whichever workspace it goes to: the stages, the log, the outcome."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scaffold.cli import console
from scaffold.cli.logtext import LogText
from scaffold.cli.submitting import contents
from scaffold.cli.submitting.outcome import completed, document_of, raise_for
from scaffold.cli.submitting.printed import Printed
from scaffold.errors import StoppedError

if TYPE_CHECKING:
    from scaffold.cli.submitting.wanted import Wanted
    from scaffold.project.model import Project
    from scaffold.submission import azure, local
    from scaffold.submission.jobs import Job


class Submitting(ABC):
    """One submission of a project.

    Args:
        project: the project.
        wanted: how to submit it.
    """

    def __init__(self, project: "Project", wanted: "Wanted") -> None:
        self._project = project
        self._script = project.runner
        self._wanted = wanted
        self._printed = Printed(self._is_own_address)
        self._log = LogText(sys.stderr.buffer if wanted.as_json else sys.stdout.buffer)
        self._spinner: Any = None
        self._runs: list[dict[str, Any]] = []
        self._exit_code = 0
        self._submission: local.Submission | azure.Submission

    def run(self) -> None:
        """Submits, and follows if asked to; what became of it is :meth:`conclude`'s to say."""
        try:
            self._begin()
            self._exit_code = self._watch()
        except KeyboardInterrupt:
            raise self._stopped() from None
        finally:
            self._log.close()
            if (begun := self._begun) is not None:
                begun.stop()

    def _prepared(self) -> "Job | None":
        """The job to submit through SDK v2, with a name of its own; None for SDK v1."""
        if self._wanted.job is None:
            return None
        from scaffold.submission import jobs

        return jobs.prepared(self._wanted.job, self._project.root, self._wanted.overrides)

    def _show_printed(self, line: str) -> None:
        """A line of the script's; what azure-ai-ml says beside its exceptions is for who looks for a fault."""
        if self._wanted.job is None or console.debugging():
            self._printed.show(line)

    @abstractmethod
    def _begin(self) -> None:
        """Starts the submission; each kind of workspace has its own."""

    @abstractmethod
    def _watch(self) -> int:
        """Shows what happens until the script is over, and returns its exit code."""

    @abstractmethod
    def _is_own_address(self, line: str) -> bool:
        """True for a line of the script with an address that this command shows by itself."""

    def _write(self, piece: bytes) -> None:
        """A piece of the run's log: the result of a followed run, unless that is to be JSON."""
        if self._spinner is not None:
            self._spinner.stop()
        self._log.write(piece)

    @property
    def _begun(self) -> "local.Submission | azure.Submission | None":
        """The submission, once there is one."""
        return getattr(self, "_submission", None)

    def _stopped(self) -> StoppedError:
        """What Ctrl-C means at this stage: what was accepted goes on, and nothing else is sent."""
        accepted, uncertain = [run["run_id"] for run in self._runs], None
        if (begun := self._begun) is not None:
            begun.stop()
            more, uncertain = begun.left_behind()
            accepted += [run_id for run_id in more if run_id not in accepted]
        if uncertain is not None:
            return StoppedError(
                f"Stopped while the run {uncertain} was sent: it may have been accepted.",
                f"Look before you submit again: scaffold runs show {uncertain}",
            )
        if not accepted:
            return StoppedError("Stopped before anything was submitted.", "Submit again when you are ready.")
        over = {run["run_id"] for run in self._runs if "state" in run}
        return self._goes_on([run_id for run_id in accepted if run_id not in over] or accepted[-1:])

    def _goes_on(self, run_ids: list[str]) -> StoppedError:
        """What Ctrl-C means once runs are accepted; those that are known to be over are not among them."""
        if len(run_ids) > 1:
            named = ", ".join(run_ids)
            return StoppedError(
                f"Stopped; the runs {named} go on.", f"To cancel one: scaffold runs cancel {run_ids[0]}"
            )
        return StoppedError(
            f"Stopped; the run {run_ids[0]} goes on.", f"To cancel it: scaffold runs cancel {run_ids[0]}"
        )

    def was_preempted(self) -> bool:
        """True when the run that was followed, or that the script waited for, lost its node."""
        from scaffold.submission.azure import preempted
        from scaffold.submission.faults import is_preemption

        if not self._runs:
            return False
        error = self._submission.error
        waited = bool(self._exit_code and error and is_preemption(" ".join(error["texts"])))
        return waited or ("state" in self._runs[-1] and preempted(self._runs[-1]["state"]))

    def documents(self) -> list[dict[str, Any]]:
        """The runs that were accepted, for a program."""
        return [document_of(run) for run in self._runs]

    def conclude(self, earlier: Sequence[dict[str, Any]] = ()) -> None:
        """Shows the results, and raises what is to be the exit code.

        Args:
            earlier: what :meth:`documents` gave of attempts before, whose runs were pre-empted.
        """
        if not self._runs and self._exit_code == 0:
            raise contents.nothing_submitted(self._script)
        self._show_results(earlier)
        if self._exit_code == 0:
            self._printed.release()
        else:
            error = self._submission.explain(self._exit_code)
            record = self._submission.error
            if console.debugging() and record is not None and record["request_id"]:
                console.note(f"  request id: {console.inert(record['request_id'])}")
            raise error
        for run in self._runs:
            self._raise_outcome(run)

    def _raise_outcome(self, run: dict[str, Any]) -> None:
        raise_for(run)

    def _show_results(self, earlier: Sequence[dict[str, Any]]) -> None:
        if self._wanted.as_json:
            if runs := self.documents():
                console.result_json({**runs[0], "runs": [*earlier, *runs]})
            return
        for run in self._runs:
            if "state" not in run:
                console.result(run["run_id"])
                console.result(run["url"])
            elif run["state"]["status"] == "Completed":
                console.done(f"{completed(run['state'])}    {run['url']}")

    def show_contents(self) -> None:
        """Shows what would be sent; nothing is."""
        job = self._prepared()
        found = self._contents() if job is None else contents.gathered_job(self._project, job)
        if self._wanted.as_json:
            console.result_json(found)
        elif job is None:
            contents.show_table(self._project, found)
        else:
            contents.show_job(self._project, job, found)

    def _contents(self) -> dict[str, Any]:
        """What the script would send through SDK v1.

        It is run against the workspace that it is for; where that is the local one and does not run, it is read.

        Raises:
            ScaffoldError: it came to no submission.
        """
        from scaffold.submission import process

        if self._project.config.is_local and not _local_is_there():
            return contents.gathered(self._project, contents.read(self._project, self._wanted.overrides))
        event, error, code = process.contents(
            self._script,
            self._variables(),
            self._printed.show,
            self._wanted.overrides,
            self._login(),
            cwd=self._project.root,
        )
        if event is None:
            raise contents.explain_nothing(self._project, error, code)
        return contents.gathered(self._project, event)

    @abstractmethod
    def _variables(self) -> dict[str, str]:
        """The variables of the submitting script's process."""

    @abstractmethod
    def _login(self) -> dict[str, Any] | None:
        """How the SDK is to log in, or None where the variables hold the login."""


def _local_is_there() -> bool:
    """Whether the local workspace runs; it is not started to look."""
    from scaffold.workspace import lifecycle
    from scaffold.workspace.paths import Home

    return lifecycle.find(Home.default()) is not None
