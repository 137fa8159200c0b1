"""Runs a submitting script as ``python script.py`` would, and tells the parent process what becomes of it.

The variable ``SCAFFOLD_SUBMISSION`` holds the job as JSON: ``script``, ``overrides`` (see ``overrides``),
``dry_run``, ``login`` (``method``, ``tenant_id``, ``may_ask``; null for the local workspace, which needs none)
and ``follow``. This process's stdout is for the parent alone: a JSON object a line, with ``event``:

    login      ``text``: what the SDK will log in with
    sent       ``run_id``: a run is being handed to the service, which may or may not take it
    queued     a run was accepted: ``run_id``, ``experiment``, ``target``, ``environment``, ``url``
    dry-run    ``experiment``, ``source_directory``, ``configuration``: what would have been sent
    status, log, waiting, trouble      of the run that is followed, see ``follower``
    ended      of the run that is followed: ``status``, ``error``, ``started``, ``ended``
    not-accepted   ``run_id``: the service does not have a run that was sent
    error      the script ended with an exception, see ``errors``

What the script prints, on either stream, goes to this process's stderr. It ends with the script's exit code.
"""

import json
import os
import re
import runpy
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.submission.child.reporting import Report, take_stdout
from scaffold.submission.overrides import Overrides

if TYPE_CHECKING:
    from scaffold.submission.child.observer import Observer

_SENT = re.compile(rb"/snapshotrun\?runId=([^&\s]+)")


def main() -> int:
    """Returns the exit code."""
    job = json.loads(os.environ.pop("SCAFFOLD_SUBMISSION"))
    report = take_stdout()
    script = str(job["script"])
    sys.argv = [script]
    sys.path[0] = str(Path(script).parent)
    try:
        return _carry_out(job, script, report)
    except SystemExit as ending:
        return _exit_code(ending)
    except KeyboardInterrupt:
        return 130
    except BaseException as error:
        from scaffold.submission.child.errors import record_of

        report("error", **record_of(error, script))
        _print_traceback(error)
        return 1


def _carry_out(job: dict[str, Any], script: str, report: Report) -> int:
    overrides = Overrides.read(job["overrides"])
    login = job["login"]
    if not (login or overrides or job["dry_run"]):
        runpy.run_path(script, run_name="__main__")
        return 0
    if login:
        from scaffold.submission.child import login as logins

        report("login", text=logins.prepare(login["method"], login["tenant_id"]))
    return _observed(job, script, overrides, report)


def _observed(job: dict[str, Any], script: str, overrides: Overrides, report: Report) -> int:
    """Runs the script under the observer, and follows its last run where that is wanted."""
    from scaffold.submission.child.observer import NotSubmittedError, Observer

    runs: list[Any] = []
    sent: list[str] = []

    def submitted(run: Any) -> None:
        runs.append(run)
        report("queued", run_id=run.id, url=run.get_portal_url(), **_description(observer))

    def would_submit() -> None:
        report("dry-run", **_description(observer), **_contents(observer.configuration))

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        # The SDK chooses a run's id itself, and says it in this request: the only trace of a run whose
        # acceptance is not answered.
        if event == "http.client.send" and isinstance(arguments[1], bytes | bytearray):
            found = _SENT.search(bytes(arguments[1][:4096]))
            if found is not None:
                sent.append(found[1].decode())
                report("sent", run_id=sent[-1])

    sys.addaudithook(hear)
    may_ask = not job["login"] or job["login"]["may_ask"]
    observer = Observer(overrides, submitted, would_submit if job["dry_run"] else None, may_ask=may_ask)
    code = 0
    try:
        with observer:
            runpy.run_path(script, run_name="__main__")
    except NotSubmittedError:
        return 0
    except SystemExit as ending:
        code = _exit_code(ending)
    except Exception:
        known = {run.id for run in runs}
        lost = [run_id for run_id in sent if run_id not in known]
        found = _find(lost[-1], observer.experiment) if lost else None
        if found is None:
            for run_id in lost:
                report("not-accepted", run_id=run_id)
            raise
        submitted(found)  # it was accepted, though the answer did not arrive
    if job["follow"] and runs:
        _follow(runs[-1], report)
    return code


def _find(run_id: str, experiment: Any) -> Any:
    """The run of that id, or None when the service does not have it.

    Raises:
        Exception: the service does not say; the run may be there.
    """
    from scaffold.submission.child.errors import record_of

    try:
        return experiment.workspace.get_run(run_id)
    except Exception as error:
        if record_of(error, "")["status"] == 404:
            return None
        raise


def _description(observer: "Observer") -> dict[str, Any]:
    run_config = getattr(observer.configuration, "run_config", None)
    environment = getattr(run_config, "environment", None)
    return {
        "experiment": observer.experiment.name,
        "target": getattr(run_config, "target", None),
        "environment": getattr(environment, "name", None),
    }


def _contents(configuration: Any) -> dict[str, Any]:
    """What a submission would send: the run configuration as the SDK writes it, and of which folder."""
    from azureml._execution._commands import _serialize_run_config_to_dict
    from azureml.core.script_run_config import get_run_config_from_script_run

    return {
        "source_directory": str(configuration.source_directory),
        "configuration": _serialize_run_config_to_dict(get_run_config_from_script_run(configuration)),
    }


def _follow(run: Any, report: Report) -> None:
    from scaffold.submission.child.follower import Follower

    details = Follower(run, report).follow()
    error = (details.get("error") or {}).get("error") or {}
    report(
        "ended",
        run_id=run.id,
        status=details["status"],
        error=error.get("message"),
        error_code=error.get("code"),
        started=details.get("startTimeUtc"),
        ended=details.get("endTimeUtc"),
        properties=details.get("properties") or {},
    )


def _exit_code(ending: SystemExit) -> int:
    if ending.code is None:
        return 0
    if isinstance(ending.code, int):
        return ending.code
    print(ending.code, file=sys.stderr)  # noqa: T201  (as the interpreter does)
    return 1


def _is_own(file: str) -> bool:
    return file in (__file__, runpy.__file__) or "<frozen" in file


def _print_traceback(error: BaseException) -> None:
    """The traceback as the interpreter would print it, without this module's frames."""
    frames = error.__traceback__
    while frames is not None and _is_own(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
