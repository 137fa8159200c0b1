"""What goes wrong with a template, whatever raises it, as an error of two lines."""

import contextlib
import os
import posixpath
import re
import sys
import traceback
from collections.abc import Iterator, Sequence

from scaffold import words
from scaffold.errors import UsageError

_AUTHOR = "Tell the template's author; nothing was written."


def shown(location: str) -> str:
    """A template's address as it may be printed: without the password that a URL may hold."""
    return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:…@", location)


@contextlib.contextmanager
def of_expressions(what: str, *, lines: bool = False) -> Iterator[None]:
    """Reports an expression that fails as a fault of the template, whatever it raises.

    Args:
        what: the file, name or variable that it is in.
        lines: say the line as well, as of a file.
    """
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        raise _cannot_render(error, _place(error, what) if lines else what) from error


def _cannot_render(error: Exception, place: str) -> UsageError:
    from jinja2.exceptions import SecurityError

    reason = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
    hint = _AUTHOR
    if isinstance(error, RecursionError):
        reason = "it is nested too deeply, or refers to itself"
    if isinstance(error, SecurityError):
        hint = "The expression reaches into Python: add --trust if you trust the template's author."
    return UsageError(f"The template cannot be rendered: {place}: {reason}.", hint)


def _place(error: Exception, what: str) -> str:
    """The file and line that failed: of the file itself, or of one that it includes."""
    file, line = getattr(error, "name", None), getattr(error, "lineno", None)  # of a TemplateSyntaxError
    if line is None:
        file = None
        for frame, number in traceback.walk_tb(error.__traceback__):
            code = frame.f_code
            if code.co_name.startswith(("top-level template", "block ")):
                file, line = code.co_filename.replace(os.sep, "/"), number
    if line is None:
        return what
    included = file is not None and file != "<template>" and not file.endswith(what)
    return f"{posixpath.basename(str(file)) if included else what}:{line}"


@contextlib.contextmanager
def of_extensions(extensions: Sequence[object]) -> Iterator[None]:
    """What loading a template's Jinja extensions raises.

    Args:
        extensions: their dotted names, as the template gives them.
    """
    from cookiecutter.exceptions import UnknownExtension

    try:
        yield
    except UnknownExtension as error:
        missing = _missing_module(error)
        if missing is None:
            raise UsageError(
                f"An extension of the template cannot be loaded: {_cause(error)}.", _AUTHOR
            ) from error
        needed_by = [str(name) for name in extensions if str(name).split(".")[0] == missing]
        extension = f"extension {needed_by[0]}" if needed_by else "extensions"
        raise UsageError(
            f"The template's {extension} cannot be loaded: the Python module {missing} is not installed.",
            f"Install the package that has it beside scaffold, most likely with: {_installing(missing)}",
        ) from error
    except Exception as error:
        if not extensions:
            raise
        names = ", ".join(map(str, extensions))
        reason = (str(error).splitlines() or [""])[0].rstrip(".")
        wrong = f"The template's extensions ({names}) cannot be loaded: {type(error).__name__}: {reason}."
        raise UsageError(wrong, _AUTHOR) from error


def _installing(module: str) -> str:
    return words.typed(sys.executable, "-m", "pip", "install", module.replace("_", "-"))


def _missing_module(error: BaseException | None) -> str | None:
    """The top-level module whose absence is at the root of an error."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.split(".")[0]
        error = error.__cause__ or error.__context__
    return None


def _cause(error: Exception) -> str:
    return (str(error.__cause__ or error).splitlines() or [type(error).__name__])[0].rstrip(".")


@contextlib.contextmanager
def of_template(location: str) -> Iterator[None]:
    """What has no sentence of its own: errors of cookiecutter, of the system, and endless nesting.

    Args:
        location: where the template is, as the person named it.
    """
    from cookiecutter import exceptions

    name = shown(location)
    try:
        yield
    except exceptions.NonTemplatedInputDirException as error:
        wrong = f"{name} has no folder named by a variable, such as {{{{cookiecutter.project_slug}}}}."
        raise UsageError(wrong, "Name another template with --template.") from error
    except RecursionError as error:
        wrong = f"{name} cannot be used as a template: it is nested too deeply, or leads in circles."
        raise UsageError(wrong, _AUTHOR) from error
    except exceptions.CookiecutterException as error:
        reason = (str(error).splitlines() or [""])[0].rstrip(".:") or type(error).__name__
        raise UsageError(f"{name} cannot be used as a template: {reason}.", _AUTHOR) from error
    except OSError as error:
        about = f"{error.filename}: " if error.filename else ""
        wrong = f"{name} cannot be used as a template: {about}{error.strerror or error}."
        raise UsageError(wrong, "See that its files are there and can be read.") from error
