"""What goes wrong with a template, whatever raises it, as an error of two lines."""

import contextlib
import posixpath
import subprocess
import traceback
from collections.abc import Iterator

from scaffold.errors import UsageError


@contextlib.contextmanager
def of_expressions(what: str) -> Iterator[None]:
    """Reports an expression that fails as a fault of the template, whatever it raises.

    Args:
        what: the file, name or variable that it is in.
    """
    try:
        yield
    except Exception as error:
        _, line = _in_file(error)
        raise _cannot_render(error, f"{what}:{line}" if line else what) from error


@contextlib.contextmanager
def of_cookiecutter() -> Iterator[None]:
    """The same for expressions that cookiecutter renders; its other errors are passed on."""
    from cookiecutter.exceptions import CookiecutterException, UndefinedVariableInTemplate
    from jinja2 import TemplateError

    try:
        yield
    except UndefinedVariableInTemplate as error:
        file, line = _in_file(error.error)
        raise _cannot_render(error.error, f"{file}:{line}" if file else error.message) from error
    except Exception as error:
        passed_on = isinstance(error, CookiecutterException | OSError)
        if passed_on and not isinstance(error, TemplateError):  # TemplateNotFound is an OSError as well
            raise
        file, line = _in_file(error)
        raise _cannot_render(error, f"{file}:{line}" if file else None) from error


def _cannot_render(error: Exception, place: str | None) -> UsageError:
    from jinja2.exceptions import SecurityError

    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    hint = "Tell the template's author; nothing was written."
    if isinstance(error, SecurityError):
        hint = "The expression reaches into Python: add --trust if you trust the template's author."
    told = f"{place}: {reason}" if place else reason
    return UsageError(f"The template cannot be rendered: {told}.", hint)


def _in_file(error: Exception) -> tuple[str | None, int | None]:
    """The template's file and the line that failed, which Jinja puts into the error or the traceback."""
    if (line := getattr(error, "lineno", None)) is not None:
        return getattr(error, "name", None), line
    found: tuple[str | None, int | None] = None, None
    for frame, number in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if code.co_name == "top-level template code" and code.co_filename != "<template>":
            found = posixpath.normpath(code.co_filename), number
    return found


@contextlib.contextmanager
def of_foreign(template: str) -> Iterator[None]:
    """What cookiecutter, git and the network raise.

    Args:
        template: where the template is, as the person named it.
    """
    from cookiecutter import exceptions

    hint = "Give the folder, zip file or git URL of a cookiecutter template."
    try:
        yield
    except exceptions.RepositoryNotFound as error:
        raise UsageError(f"There is no cookiecutter template at {template}.", hint) from error
    except exceptions.NonTemplatedInputDirException as error:
        wrong = f"{template} has no folder named by a variable, such as {{{{cookiecutter.project_slug}}}}."
        raise UsageError(wrong, "Name another template with --template.") from error
    except exceptions.UnknownRepoType as error:
        wrong = f"{template} may be a git repository or not: the URL does not tell."
        raise UsageError(wrong, f"Write git+{template} when it is one.") from error
    except exceptions.VCSNotInstalled as error:
        wrong = f"{template} cannot be cloned: {error}"
        raise UsageError(wrong, "Install it, or give a zip file.") from error
    except exceptions.FailedHookException as error:
        wrong = f"A hook of the template {template} failed: {error}."
        raise UsageError(wrong, "Nothing was written; see above what the hook says.") from error
    except exceptions.CookiecutterException as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
        raise UsageError(f"{template} cannot be used as a template: {reason}.", hint) from error
    except subprocess.CalledProcessError as error:
        said = (error.output or b"").decode("utf-8", "replace").split("\n")
        reason = next((line for line in said if line.startswith(("fatal:", "abort:", "error:"))), str(error))
        raise UsageError(f"{template} cannot be cloned: {reason}", "See that git can clone it.") from error
    except OSError as error:
        raise UsageError(f"{template} cannot be fetched or written: {error}.", hint) from error
