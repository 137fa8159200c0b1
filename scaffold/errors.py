"""The errors a person sees, and the exit code each family owns.

    ScaffoldError                1  a fault of ours
    ├── UsageError               2  wrong usage: a flag, an argument, an answer
    ├── ProjectError             3  the project is not right
    ├── WorkspaceError           4  the workspace cannot be reached or refuses us
    ├── RunFailedError           5  the run failed
    ├── RunCanceledError         6  the run was cancelled
    └── StoppedError           130  a person has stopped the command

Every error is two lines: what is wrong (``message``, with file and line where there is one) and what
to do (``hint``). This module imports nothing, so that anything may import it.
"""


class ScaffoldError(Exception):
    """A failure with a sentence for it, a way out, and the exit code of its family.

    Args:
        message: one line, what is wrong.
        hint: one line, what to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ScaffoldError):
    """A flag, an argument or an answer is not one that the command takes."""

    exit_code = 2


class ProjectError(ScaffoldError):
    """Something in the project's files keeps it from being submitted."""

    exit_code = 3


class WorkspaceError(ScaffoldError):
    """The workspace, local or on Azure, cannot be reached or refuses the request."""

    exit_code = 4


class RunFailedError(ScaffoldError):
    """The run that was followed ended as Failed."""

    exit_code = 5


class RunCanceledError(ScaffoldError):
    """The run that was followed ended as Canceled."""

    exit_code = 6


class StoppedError(ScaffoldError):
    """A person has stopped the command (Ctrl-C); the message says what that means for what it was doing."""

    exit_code = 130
