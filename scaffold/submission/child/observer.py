"""Sees what a script hands to ``Experiment.submit``, and what it gets back, as a debugger would.

The interpreter's own profiling hook calls this when the SDK's function is entered and left. Neither the
project nor the SDK is changed: on the way in, the configuration object *of the script* is given what the
command line asks for; on the way out, the run is noted.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from scaffold.submission.child.errors import record_of
from scaffold.submission.child.login import LoginNeededError, code_of
from scaffold.submission.overrides import Overrides, merge_arguments


class NotSubmittedError(BaseException):
    """The submission was stopped before anything was sent, because that was all that was asked for.

    Not an ``Exception``, so that no script catches it by accident.
    """


class Observer:
    """Watches the calls of this thread.

    Attributes:
        experiment, configuration: what the script has handed over last; None before.
        tags: what the run is tagged with, by the script and by the command line.

    Args:
        overrides: what is changed of every submission.
        submitted: called with every run that was submitted.
        dry_run: called in place of submitting, when given.
        may_ask: whether a person can be asked to log in.
    """

    def __init__(
        self,
        overrides: Overrides,
        submitted: Callable[[Any], None],
        dry_run: Callable[[], None] | None = None,
        *,
        may_ask: bool = True,
    ) -> None:
        from azureml._base_sdk_common.common import perform_interactive_login
        from azureml.core import Experiment

        self._overrides = overrides
        self._submitted = submitted
        self._dry_run = dry_run
        self._may_ask = may_ask
        self._submit = code_of(Experiment.submit)
        self._login = code_of(perform_interactive_login)
        self.experiment: Any = None
        self.configuration: Any = None
        self.tags: dict[str, str] = {}

    def __enter__(self) -> "Observer":
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _see(self, frame: FrameType, event: str, result: Any) -> None:
        code = frame.f_code
        if code is self._submit:
            if event == "call":
                self._entered(frame.f_locals)
            elif event == "return" and result is not None:
                self._left(result)
        elif code is self._login and event == "call" and not self._may_ask:
            raise LoginNeededError

    def _entered(self, variables: dict[str, Any]) -> None:
        self.experiment, self.configuration = variables["self"], variables["config"]
        self.tags = {**(variables.get("tags") or {}), **self._overrides.tags}
        sys.setprofile(None)  # what is done here is not the script's doing
        try:
            if self._overrides:
                apply(self._overrides, self.experiment, self.configuration)
            if self._dry_run is not None:
                self._dry_run()
                raise NotSubmittedError
        finally:
            sys.setprofile(self._see)

    def _left(self, run: Any) -> None:
        sys.setprofile(None)
        try:
            label(self._overrides, run)
            self._submitted(run)
        finally:
            sys.setprofile(self._see)


def label(overrides: Overrides, run: Any) -> None:
    """Gives an accepted run its tags and its name; when that fails it is said, and the run is there all the same."""
    try:
        if overrides.tags:
            run.set_tags(overrides.tags)
        if overrides.display_name:
            run.display_name = overrides.display_name
    except Exception as error:
        record = record_of(error, "")
        said = (record["service_message"] or record["message"]).strip().partition("\n")[0]
        print(f"The run {run.id} was accepted, but lacks its tags or its name: {said}", file=sys.stderr)  # noqa: T201


class CannotOverrideError(Exception):
    """The script submits something that has no run configuration to change."""


def apply(overrides: Overrides, experiment: Any, configuration: Any) -> None:
    """Changes a script's experiment and ScriptRunConfig in place.

    Raises:
        CannotOverrideError: it is not a ScriptRunConfig.
    """
    if not hasattr(configuration, "run_config"):
        raise CannotOverrideError(
            f"The script submits a {type(configuration).__name__}, whose configuration no flag can change."
        )
    run_config = configuration.run_config
    if overrides.experiment:
        _move(experiment, overrides.experiment)
    if overrides.compute_target:
        run_config.target = overrides.compute_target
    if overrides.arguments:
        if configuration.command:
            raise CannotOverrideError("The script submits a command, which has no arguments to change.")
        configuration.arguments = merge_arguments(list(configuration.arguments or []), overrides.arguments)
    if overrides.environment:
        run_config.environment = _environment(experiment.workspace, overrides.environment)
    if overrides.environment_variables:
        run_config.environment_variables = {
            **(run_config.environment_variables or {}),
            **overrides.environment_variables,
        }
    if overrides.max_run_duration_seconds:
        run_config.max_run_duration_seconds = overrides.max_run_duration_seconds


def _move(experiment: Any, name: str) -> None:
    """Makes an Experiment object the one of another name in the same workspace."""
    if experiment.name != name:
        other = type(experiment)(experiment.workspace, name)
        experiment.__dict__.clear()
        experiment.__dict__.update(other.__dict__)


def _environment(workspace: Any, text: str) -> Any:
    from azureml.core import Environment

    name, _, version = text.partition(":")
    return Environment.get(workspace, name, version or None)
