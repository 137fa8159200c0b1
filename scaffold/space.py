"""A space of parameters as HyperDrive describes it: its combinations, and samples of it. Imports next to nothing.

An expression is what goes over the wire, a name with its arguments: ``["choice", [[1, 2, 3]]]``,
``["uniform", [0.1, 1.0]]``. Source: ``azureml.train.hyperdrive.parameter_expressions``.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Values = dict[str, Any]
"""A value for each parameter."""

_MOST_DISTINCT = 2**60
_LARGEST_INTEGER = 2**53
_LARGEST_EXPONENT = 700.0  # of e, with room below the largest float


class SpaceError(ValueError):
    """An expression is none that can be drawn from; the message says why."""


def _between(low: float, high: float) -> None:
    if low > high:
        raise SpaceError(f"the lower bound {low:g} is above the upper bound {high:g}")


def _spread(_: float, sigma: float) -> None:
    if sigma < 0:
        raise SpaceError(f"the standard deviation {sigma:g} is negative")


def _rounded(value: float, step: float) -> float:
    steps = value / step
    return round(steps) * step if math.isfinite(steps) else value


def _exp(value: float) -> float:
    return math.exp(min(value, _LARGEST_EXPONENT))


_Draw = Callable[[random.Random, float, float], float]
# Each with what has to hold of its first two arguments; those with a q in front take a third one, the step.
_CONTINUOUS: dict[str, tuple[tuple[str, str], Callable[[float, float], None], _Draw]] = {
    "uniform": (("low", "high"), _between, lambda rng, low, high: rng.uniform(low, high)),
    "loguniform": (("low", "high"), _between, lambda rng, low, high: _exp(rng.uniform(low, high))),
    "normal": (("mean", "deviation"), _spread, lambda rng, mu, sigma: rng.gauss(mu, sigma)),
    "lognormal": (("mean", "deviation"), _spread, lambda rng, mu, sigma: _exp(rng.gauss(mu, sigma))),
}
NAMES = ("choice", "randint", *_CONTINUOUS, *(f"q{name}" for name in _CONTINUOUS))
"""The names of all expressions."""

_BETWEEN, _AROUND = ("min_value", "max_value"), ("mu", "sigma")
ARGUMENTS_V2: dict[str, tuple[str, ...]] = {
    "choice": ("values",),
    "randint": ("upper",),
    "uniform": _BETWEEN,
    "loguniform": _BETWEEN,
    "quniform": (*_BETWEEN, "q"),
    "qloguniform": (*_BETWEEN, "q"),
    "normal": _AROUND,
    "lognormal": _AROUND,
    "qnormal": (*_AROUND, "q"),
    "qlognormal": (*_AROUND, "q"),
}
"""What SDK v2 calls the arguments of each."""


def signature(name: str) -> str:
    """How an expression is written: ``uniform(low, high)``."""
    if name == "choice":
        return "choice(value, …)"
    if name == "randint":
        return "randint(upper)"
    return f"{name}({', '.join(_parameters(name))})"


def _parameters(name: str) -> tuple[str, ...]:
    stepped = name.removeprefix("q")
    names = _CONTINUOUS[stepped][0]
    return names if stepped == name else (*names, "step")


def check(space: Mapping[str, Any]) -> None:
    """Checks every expression of a space.

    Raises:
        SpaceError: one cannot be drawn from, or there is none.
    """
    if not space:
        raise SpaceError("there is no parameter")
    for name, expression in space.items():
        try:
            _check(expression)
        except SpaceError as error:
            raise SpaceError(f"{name}: {error}") from None


def _check(expression: Any) -> None:
    match expression:
        case ["choice", [[*options]]]:
            if not options:
                raise SpaceError("choice has no value to choose from")
        case ["randint", [int(upper)]]:
            if not 1 <= upper <= _LARGEST_INTEGER:
                raise SpaceError("randint takes a whole number above 0")
        case [str(name), [*numbers]] if name in NAMES:
            _check_numbers(name, numbers)
        case [str(name), [*_]]:
            raise SpaceError(f"there is no distribution {name!r}; there are {', '.join(NAMES)}")
        case _:
            raise SpaceError("it is no list of a distribution's name and its arguments")


def _check_numbers(name: str, numbers: list[Any]) -> None:
    if name in {"choice", "randint"} or len(numbers) != len(_parameters(name)):
        raise SpaceError(f"it is written {signature(name)}")
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and _is_usable(n) for n in numbers):
        raise SpaceError(f"{name} takes numbers")
    _CONTINUOUS[name.removeprefix("q")][1](numbers[0], numbers[1])
    if name.startswith("q") and numbers[2] <= 0:
        raise SpaceError(f"the step of {name} is not above 0")


def _is_usable(number: float) -> bool:
    return abs(number) <= 1e300


def is_grid(space: Mapping[str, Any]) -> bool:
    """True when every parameter is a choice."""
    return all(expression[0] == "choice" for expression in space.values())


def size(space: Mapping[str, Any]) -> int | None:
    """How many combinations there are; None when there is no end to them, or none that matters."""
    count = 1
    for name, arguments in space.values():
        if name == "choice":
            count *= len(arguments[0])
        elif name == "randint":
            count *= arguments[0]
        else:
            return None
        if count > _MOST_DISTINCT:
            return None
    return count


def combinations(space: Mapping[str, Any]) -> Iterator[Values]:
    """Every combination of a grid, the last parameter changing first."""
    options = [arguments[0] for _, arguments in space.values()]
    for values in itertools.product(*options):
        yield dict(zip(space, values, strict=True))


def samples(space: Mapping[str, Any], count: int, seed: int) -> list[Values]:
    """Random samples, the same ones for the same seed; of choices alone, none comes twice.

    Returns:
        so many of them; fewer when there are no more combinations.
    """
    rng = random.Random(seed)  # noqa: S311  (nothing is kept secret by it)
    total = size(space)
    if total is None:
        return [{name: _draw(rng, *expression) for name, expression in space.items()} for _ in range(count)]
    return [_combination(space, place) for place in rng.sample(range(total), min(count, total))]


def _combination(space: Mapping[str, Any], place: int) -> Values:
    """The combination at a place of a finite space."""
    values = {}
    for name, (kind, arguments) in list(space.items())[::-1]:
        options = arguments[0] if kind == "choice" else range(arguments[0])
        place, which = divmod(place, len(options))
        values[name] = options[which]
    return {name: values[name] for name in space}


def _draw(rng: random.Random, name: str, arguments: list[Any]) -> Any:
    if name == "choice":
        return rng.choice(arguments[0])
    if name == "randint":
        return rng.randrange(arguments[0])
    first, second, *step = arguments
    value = _CONTINUOUS[name.removeprefix("q")][2](rng, first, second)
    return _rounded(value, step[0]) if step else value


def arguments_of(values: Values) -> list[str]:
    """The values as arguments of a script; a name without dashes gets two."""
    words = []
    for name, value in values.items():
        words += [name if name.startswith("-") else f"--{name}", str(value)]
    return words
