"""Runs a submitting script as ``python script.py`` would, and tells the parent process what becomes of it.

The variable ``SCAFFOLD_SUBMISSION`` holds the job as JSON: ``script``, ``overrides`` (see ``overrides``),
``dry_run``, ``login`` (``method``, ``tenant_id``, ``may_ask``; null for the local workspace, which needs none),
``follow`` and ``sweep`` (the plan of one that is made of the submission, or null). This process's stdout is for
the parent alone: a JSON object a line, with ``event``:

    login      ``text``: what the SDK will log in with; ``made``: False where a person still has to log in
    sent       ``run_id``: a run is being handed to the service, which may or may not take it
    queued     a run was accepted: ``run_id``, ``experiment``, ``target``, ``environment``, ``url``
    dry-run    ``experiment``, ``tags``, ``display_name``, ``source_directory``, ``configuration``: what would have
               been sent
    status, log, waiting, warning, trouble      of the run that is followed, see ``follower``
    sweep      of the sweep that is followed: ``status``, and ``runs``, each as ``trials.Trial`` tells it
    logged     of a sweep none of whose runs has a value of the metric: ``names`` of what they logged in its place
    ended      of the run that is followed: ``status``, ``error``, ``started``, ``ended``
    not-accepted   ``run_id``: the service does not have a run that was sent
    error      the script ended with an exception, see ``errors``; with ``following`` (the run's id) it was submitted,
               and following it ended with one

What the script prints, on either stream, goes to this process's stderr. It ends with the script's exit code.
"""

import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.submission.child.reporting import Report, take_stdout, tell_end
from scaffold.submission.child.sending import Sending
from scaffold.submission.overrides import Overrides

if TYPE_CHECKING:
    from scaffold.submission.child.observer import Observer


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
    if not (login or overrides or job["dry_run"] or job["sweep"]):
        runpy.run_path(script, run_name="__main__")
        return 0
    if login:
        from scaffold.submission.child import login as logins

        logins.prepare_and_tell(login, report)
    return _observed(job, script, overrides, report)


def _observed(job: dict[str, Any], script: str, overrides: Overrides, report: Report) -> int:
    """Runs the script under the observer, and follows its runs, one after another, where that is wanted."""
    from scaffold.submission.child.observer import NotSubmittedError, Observer

    runs: list[Any] = []
    sending = Sending(report)

    def submitted(run: Any) -> None:
        runs.append(run)
        report("queued", run_id=run.id, url=run.get_portal_url(), **_description(observer))

    def would_submit() -> None:
        if job["dry_run"]:
            labels = {"tags": observer.tags, "display_name": overrides.display_name}
            report("dry-run", **_description(observer), **labels, **_contents(observer.configuration))

    stops = job["dry_run"] or job["sweep"]
    may_ask = not job["login"] or job["login"]["may_ask"]
    observer = Observer(overrides, submitted, would_submit if stops else None, may_ask=may_ask)
    code = 0
    try:
        with observer:
            runpy.run_path(script, run_name="__main__")
    except NotSubmittedError:
        if job["dry_run"]:
            return 0
        submitted(_sweep(observer, job["sweep"], overrides, sending))
    except SystemExit as ending:
        code = _exit_code(ending)
    except Exception:
        found = sending.recovered({run.id for run in runs}, observer.experiment)
        if found is None:
            raise
        submitted(found)  # it was accepted, though the answer did not arrive
    for run in runs if job["follow"] else ():
        if not _followed(run, job["sweep"], report, script):
            return 1
    return code


def _followed(run: Any, plan: dict[str, Any] | None, report: Report, script: str) -> bool:
    """Follows a run to its end; False when it is lost sight of, which ends the following and not the run."""
    try:
        _follow(run, plan, report)
    except Exception as error:
        from scaffold.submission.child.errors import record_of

        report("error", following=run.id, **record_of(error, script))
        _print_traceback(error)
        return False
    return True


def _sweep(observer: "Observer", plan: dict[str, Any], overrides: Overrides, sending: Sending) -> Any:
    """Makes a sweep of what the script has handed over."""
    from scaffold.submission.child import sweep

    return sweep.submit(observer.experiment, observer.configuration, plan, overrides, sending)


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


def _follow(run: Any, plan: dict[str, Any] | None, report: Report) -> None:
    if plan:
        from scaffold.submission.child import sweep, trials

        details = trials.follow(sweep.SweptRun(run, plan["metric"]), plan["goal"], report)
    else:
        from scaffold.submission.child.follower import Follower

        details = Follower(run, report).follow()
    tell_end(report, run.id, details)


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
