"""What the command line changes of a submission, without a change to the project's files."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Overrides:
    """Changes to the configuration that the project's script hands to ``Experiment.submit``.

    Attributes:
        experiment: name of the experiment to submit to.
        compute_target: name of the compute target.
        arguments: changes to the script's arguments, see :func:`merge_arguments`.
        environment_variables: added to the run's; one of the same name is replaced.
        tags: added to the run's.
        environment: a registered environment, ``name`` or ``name:version``.
        display_name: of the run.
        max_run_duration_seconds: after which the service ends the run.
    """

    experiment: str | None = None
    compute_target: str | None = None
    arguments: tuple[str, ...] = ()
    environment_variables: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    environment: str | None = None
    display_name: str | None = None
    max_run_duration_seconds: int | None = None

    def __bool__(self) -> bool:
        return self != Overrides()

    def document(self) -> dict[str, Any]:
        """As JSON, which :meth:`read` reads."""
        return asdict(self)

    @classmethod
    def read(cls, document: dict[str, Any]) -> "Overrides":
        return cls(**{**document, "arguments": tuple(document["arguments"])})


def merge_arguments(present: list[Any], changes: tuple[str, ...]) -> list[Any]:
    """A script's arguments with the changes made.

    ``name=value`` replaces the value behind ``--name`` (or in ``--name=value``), and is added as
    ``--name value`` where the script had no such argument. Anything else is added at the end as it is.

    Args:
        present: the arguments as the project has them.
        changes: in the order they were given.
    """
    merged = list(present)
    for change in changes:
        name, given, value = change.partition("=")
        option = name if name.startswith("-") else f"--{name}"
        if not given or not name.strip("-").replace("-", "").replace("_", "").isalnum():
            merged.append(change)
        elif not _replace(merged, option, value):
            merged += [option, value]
    return merged


def _replace(arguments: list[Any], option: str, value: str) -> bool:
    """Gives the last occurrence of an option its new value; False when there is none."""
    for place in range(len(arguments) - 1, -1, -1):
        text = arguments[place]
        if not isinstance(text, str):
            continue
        if text.startswith(f"{option}="):
            arguments[place] = f"{option}={value}"
            return True
        if text == option:
            if place + 1 < len(arguments) and not _is_option(arguments[place + 1]):
                arguments[place + 1] = value
            else:
                arguments.insert(place + 1, value)
            return True
    return False


def without_options(arguments: list[Any], options: list[str]) -> list[Any]:
    """A script's arguments without those options and their values.

    Args:
        arguments: as the project has them.
        options: with their dashes.
    """
    kept: list[Any] = []
    skipping = False
    for argument in arguments:
        if skipping and not _is_option(argument):
            skipping = False
            continue
        skipping = argument in options if isinstance(argument, str) else False
        joined = isinstance(argument, str) and any(argument.startswith(f"{option}=") for option in options)
        if not skipping and not joined:
            kept.append(argument)
    return kept


def _is_option(argument: Any) -> bool:
    if not isinstance(argument, str) or not argument.startswith("-"):
        return False
    try:
        float(argument)
    except ValueError:
        return True
    return False
