"""Functions that are put into a module where MLflow takes less than SDK v1, and the names that MLflow takes."""

import posixpath
import re
from collections.abc import Collection
from dataclasses import dataclass

_LONGEST = 250
# Many versions of MLflow take no colon, and the Pythons of old environments have no others.
_SIGNS = re.compile(r"[/\w.\- ]+")

_LOG_VALUE = '''\
def {name}(name, value, step=None):
    """Log a number as a metric, and anything else as a tag: MLflow has only numbers for metrics."""{imports}
    try:
        number = None if isinstance(value, str) else float(value)
    except Exception:  # each kind of value that is no number says so in its own way
        number = None
    if number is not None:
        mlflow.log_metric(name, number, step=step)
    else:
        mlflow.set_tag(name if step is None else f"{{name}}.{{step}}", value)
'''
_VALID_NAME = '''\
def {name}(name):
    """Replace what MLflow does not take in the name of a metric or a tag."""
    parts = re.sub(r"[^/\\w.\\- ]", "_", str(name)).split("/")
    return "/".join(part for part in parts if part.strip("."))[:250].strip("/") or "_"
'''


@dataclass(frozen=True)
class Helpers:
    """What the functions are called in one module.

    Attributes:
        log_value: the function that logs what may be no number.
        valid_name: the function that makes a name one that MLflow takes.
    """

    log_value: str
    valid_name: str

    @classmethod
    def beside(cls, names: Collection[str]) -> "Helpers":
        """Names that a module has not."""
        return cls(_free("log_value", names), _free("valid_name", names))

    def log(self, name: str, value: str, step: str) -> str:
        """The source text of a call that logs what may be no number.

        Args:
            name: the source text of its name.
            value: that of the value.
            step: that of a keyword and the comma before it; empty without one.
        """
        return f"{self.log_value}({name}, {value}{step})"

    def used_in(self, code: str, *, imports: bool) -> tuple[str, ...]:
        """The source texts of the functions that code calls.

        Args:
            code: all that is new in the module.
            imports: whether they have to import mlflow themselves.
        """
        found = []
        if re.search(rf"\b{self.valid_name}\(", code):
            found.append(_VALID_NAME.format(name=self.valid_name))
        if re.search(rf"\b{self.log_value}\(", code):
            inside = "\n    import mlflow\n" if imports else ""
            found.append(_LOG_VALUE.format(name=self.log_value, imports=inside))
        return tuple(found)


def _free(name: str, names: Collection[str]) -> str:
    while name in names:
        name = f"_{name}"
    return name


def is_valid(name: str) -> bool:
    """Whether every version of MLflow takes a name for a metric and a tag."""
    plain = _SIGNS.fullmatch(name) is not None and len(name) <= _LONGEST
    return plain and posixpath.normpath(name) == name and not name.startswith(("/", "..")) and name != "."


def valid(name: str) -> str:
    """A name that every version of MLflow takes, as the function in the module makes it."""
    parts = re.sub(r"[^/\w.\- ]", "_", name).split("/")
    return "/".join(part for part in parts if part.strip("."))[:_LONGEST].strip("/") or "_"
