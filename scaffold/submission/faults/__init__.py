"""What a failed submission or question is told as: two lines out of what the SDK's exception says.

``record``      what can be read off what is known of an exception
``place``       where it was going
``imports`` ``login`` ``network`` ``service`` ``submitting``    one function a kind of fault

The records come from ``child.errors``; nothing here knows an SDK. The kinds are asked in order from the special to
the general; the first that knows the record says the sentence.
"""

from collections.abc import Callable

from scaffold import words
from scaffold.errors import ProjectError, ScaffoldError
from scaffold.submission.faults import imports, login, network, service, submitting
from scaffold.submission.faults.place import Place
from scaffold.submission.faults.record import Record, first_line, is_passing, is_preemption
from scaffold.submission.faults.submitting import PREEMPTION_HINT

__all__ = ["PREEMPTION_HINT", "Place", "explain", "is_passing", "is_preemption"]

_KINDS: tuple[Callable[[Record, Place], ScaffoldError | None], ...] = (
    imports.missing_module,
    submitting.run_failed,
    submitting.no_job,
    submitting.cannot_override,
    submitting.full_disk,
    login.no_login,
    login.wrong_tenant,
    network.no_network,
    login.login_refused,
    service.no_workspace,
    service.retired_size,
    service.no_compute,
    service.not_authenticated,
    service.not_allowed,
    service.conflict,
    service.not_implemented,
    service.overloaded,
    service.not_found,
    service.refused,
)


def _by_itself(script: str, place: Place) -> str:
    """The command that runs a script without this program between."""
    local = place.config is not None and place.config.is_local
    return words.typed(*(("scaffold", "exec", "--") if local else ()), "python", script)


def explain(record: Record | None, exit_code: int, place: Place, *, submitted: bool = False) -> ScaffoldError:
    """The error for a submitting script that did not end well, or for an unanswered question.

    Args:
        record: of the exception that ended it, or None when it ended by itself.
        exit_code: how it ended.
        place: where it was going.
        submitted: whether a run was accepted before.
    """
    if record is None:
        script = place.script.name if place.script else "The process that asks the SDK"
        when = "after it had submitted" if submitted else "before it submitted anything"
        return ProjectError(
            f"{script} ended with exit code {exit_code} {when}.",
            f"Run it by itself in the project to see all that it does: {_by_itself(script, place)}",
        )
    for kind in _KINDS:
        error = kind(record, place)
        if error is not None:
            return error
    first = first_line(record["service_message"] or record["message"])
    what = first if first.startswith(record["type"]) else f"{record['type']}: {first}"
    if place.script is None:
        return ScaffoldError(
            f"The SDK could not answer: {what}",
            "Run the command again with --debug, which shows all that it says.",
        )
    location = f"{place.script.name}:{record['line']}" if record["line"] else place.script.name
    return ProjectError(f"{location}: {what}", "Mend it and submit again; --debug shows the whole traceback.")
