"""What a sweep is to do, read from what a person writes; the SDK's side of it is ``child.sweep``."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from scaffold import space
from scaffold.errors import UsageError
from scaffold.submission.overrides import without_options

_CALL = re.compile(r"([A-Za-z]+)\((.*)\)", re.DOTALL)
# Of each policy, the arguments without names, and all of them with their types.
POLICIES: dict[str, tuple[tuple[str, ...], dict[str, type]]] = {
    "bandit": (
        ("slack_factor",),
        {"slack_factor": float, "slack_amount": float, "evaluation_interval": int, "delay_evaluation": int},
    ),
    "median": ((), {"evaluation_interval": int, "delay_evaluation": int}),
    "truncation": (
        ("truncation_percentage",),
        {"truncation_percentage": int, "evaluation_interval": int, "delay_evaluation": int},
    ),
}
MOST_RUNS = 1000
"""HyperDrive's own limit."""


@dataclass(frozen=True)
class Plan:
    """A sweep.

    Attributes:
        space: the expression of each parameter (see ``scaffold.space``), by the script's option.
        sampling: ``grid`` or ``random``.
        seed: of the random samples, or None.
        metric: the one that runs are compared by.
        goal: ``maximize`` or ``minimize``.
        most_runs: how many runs at the most.
        width: how many of them at once; None: as many as there are.
        minutes: after which what is still running is ended, or None.
        policy: ``name`` (of :data:`POLICIES`) and its arguments, or None.
    """

    space: dict[str, Any]
    sampling: str
    seed: int | None
    metric: str
    goal: str
    most_runs: int
    width: int | None = None
    minutes: int | None = None
    policy: dict[str, Any] | None = None

    @property
    def names(self) -> list[str]:
        """The parameters as a person calls them."""
        return [option.lstrip("-") for option in self.space]

    def combinations(self) -> list[dict[str, Any]]:
        """The combinations of a grid that the sweep comes to."""
        values = space.combinations(self.space)
        return [combination for combination, _ in zip(values, range(self.most_runs), strict=False)]

    def tried(self) -> list[Callable[[list[str | None]], list[str | None]]]:
        """What the sweep makes of the script's arguments, so that each value is in one of these at least.

        A value is None where it is drawn and may be written in several ways.
        """
        values = {option: _examples(*expression) for option, expression in self.space.items()}
        most = max(map(len, values.values()), default=1)
        return [
            partial(self._arguments, {option: of[min(place, len(of) - 1)] for option, of in values.items()})
            for place in range(most)
        ]

    def _arguments(self, values: dict[str, str | None], present: list[str | None]) -> list[str | None]:
        given = without_options(present, list(self.space))
        return [*given, *(word for option, value in values.items() for word in (option, value))]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def _examples(kind: str, arguments: list[Any]) -> list[str | None]:
    """Values of an expression as the script gets them; of one that is drawn, one that stands for all."""
    if kind == "choice":
        return [str(value) for value in arguments[0]]
    if kind.startswith("q"):  # of a whole number, the service decides whether it has a point
        return [None]
    return [str(value) for value in space.samples({kind: [kind, arguments]}, 1, seed=0)[0].values()]


def read_space(given: Sequence[str]) -> dict[str, Any]:
    """The space of ``name=values`` texts: values with commas between them, or a distribution.

    Raises:
        UsageError: one cannot be read.
    """
    found: dict[str, Any] = {}
    for text in given:
        name, equals, expression = text.partition("=")
        option = name if name.startswith("-") else f"--{name}"
        if not equals or not re.fullmatch(r"-{0,2}[A-Za-z][\w.-]*", name):
            raise UsageError(
                f"--param {text!r} is not of the form name=values.",
                "For example: --param learning_rate=0.1,0.01",
            )
        if option in found:
            raise UsageError(f"--param {name} is given twice.", f"Put its values together: {name}=1,2,3")
        found[option] = _expression(name, expression)
    if not found:
        raise UsageError(
            "There is nothing to sweep over.", "Name a parameter: --param learning_rate=0.1,0.01"
        )
    return found


def _expression(name: str, text: str) -> list[Any]:
    call = _CALL.fullmatch(text.strip())
    if call is None:
        kind, arguments = "choice", _words(text)
    else:
        kind, arguments = call[1].lower(), _words(call[2])
    values = [_value(word) for word in arguments]
    expression: list[Any] = [kind, [values] if kind == "choice" else values]
    try:
        space.check({name: expression})
    except space.SpaceError as error:
        known = kind in space.NAMES
        hint = f"For example: {name}=0.1,0.01 or {name}=uniform(0,1)"
        raise UsageError(
            f"--param {error}.", f"Write it {name}={space.signature(kind)}." if known else hint
        ) from None
    return expression


def _words(text: str) -> list[str]:
    """The words between commas; one in double quotes may hold some."""
    rows = list(csv.reader([text], skipinitialspace=True)) if text.strip() else []
    return [word.strip() for word in rows[0]] if rows else []


def _value(word: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def read_policy(text: str | None) -> dict[str, Any] | None:
    """The stopping rule that a person writes: ``median``, ``bandit(slack_factor=0.1)``.

    Raises:
        UsageError: it cannot be read.
    """
    if text is None:
        return None
    call = _CALL.fullmatch(text.strip()) or re.fullmatch(r"([A-Za-z]+)()", text.strip())
    if call is None or call[1].lower() not in POLICIES:
        raise UsageError(f"--stop knows no {text!r}.", f"It takes {', '.join(map(_usage, POLICIES))}.")
    name = call[1].lower()
    positional, types = POLICIES[name]
    policy: dict[str, Any] = {"name": name}
    for place, word in enumerate(_words(call[2])):
        key, equals, value = (part.strip() for part in word.partition("="))
        if not equals:
            key, value = (positional[place] if place < len(positional) else ""), key
        if key not in types:
            raise UsageError(f"--stop {name} takes no {word!r}.", f"It is written {_usage(name)}.")
        try:
            policy[key] = types[key](value)
        except ValueError:
            raise UsageError(
                f"--stop {name}: {key} is a {'whole ' if types[key] is int else ''}number, and {value!r} is not.",
                f"It is written {_usage(name)}.",
            ) from None
    _check_policy(name, policy)
    return policy


def _check_policy(name: str, policy: dict[str, Any]) -> None:
    hint = f"It is written {_usage(name)}."
    if name == "bandit" and ("slack_factor" in policy) == ("slack_amount" in policy):
        raise UsageError("--stop bandit takes a slack_factor or a slack_amount, one of them.", hint)
    if name == "truncation" and not 1 <= policy.get("truncation_percentage", 0) <= 99:
        raise UsageError("--stop truncation takes a truncation_percentage from 1 to 99.", hint)
    for key, value in policy.items():
        if key != "name" and value < (1 if key == "evaluation_interval" else 0):
            raise UsageError(f"--stop {name}: {key} is too small.", hint)


def _usage(name: str) -> str:
    return {
        "bandit": "bandit(slack_factor=0.1, evaluation_interval=1, delay_evaluation=0)",
        "median": "median(evaluation_interval=1, delay_evaluation=5)",
        "truncation": "truncation(truncation_percentage=20, evaluation_interval=1, delay_evaluation=5)",
    }[name]
