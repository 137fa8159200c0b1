"""A template's variables → their values, in cookiecutter's order: answered, asked for, or by default.

Defaults are rendered from the answers before them. What is asked is a :class:`Question`; who asks is somebody
else's business.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scaffold.errors import UsageError
from scaffold.generate.faults import of_expressions

if TYPE_CHECKING:
    from jinja2 import Environment

_YES = ("1", "true", "t", "yes", "y", "on")
_NO = ("0", "false", "f", "no", "n", "off")


@dataclass(frozen=True)
class Question:
    """What a person is asked.

    Attributes:
        text: the question; it may hold rich's markup, as cookiecutter allows.
        default: the answer that an empty line gives; empty when there is none.
        read: what becomes of a typed line; a UsageError says why it cannot be used.
        choices: what there is to choose from by its number, as a person reads it.
        position: which of how many questions it is; None for one that stands alone.
    """

    text: str
    default: str
    read: Callable[[str], Any]
    choices: tuple[str, ...] = ()
    position: tuple[int, int] | None = None


Ask = Callable[[Question], Any]


@dataclass(frozen=True)
class Replies:
    """What a person says of a template's variables.

    Attributes:
        given: answers by the template's own names, as typed after ``--answer``.
        ask: asks for the others; None takes their defaults.
        name: the project's name.
    """

    given: Mapping[str, str]
    ask: Ask | None = None
    name: str | None = None


def choice(text: str, labels: list[str], position: tuple[int, int] | None = None) -> Question:
    """A question whose answer is the index of one of the labels; the first one is the default."""

    def read(line: str) -> int:
        if not (line.isascii() and line.isdecimal() and 1 <= int(line) <= len(labels)):
            raise UsageError(f"It must be a number from 1 to {len(labels)}.", "Type one of the numbers.")
        return int(line) - 1

    return Question(text, "1", read, tuple(labels), position)


class Variables:
    """The variables of one template on their way to values.

    Args:
        raw: the template's cookiecutter.json as :func:`~scaffold.generate.variables.read` gives it. What is answered
            takes the place of a default in it, as templates see it through ``_cookiecutter``.
        prompts: the template's ``__prompts__``.
        environment: what renders defaults.
        replies: the answers there are, and who is asked for others.
        checks: further checks of what is typed, by variable.
    """

    def __init__(
        self,
        raw: dict[str, Any],
        prompts: Mapping[str, Any],
        environment: "Environment",
        replies: Replies,
        checks: Mapping[str, Callable[[str], object]] | None = None,
    ) -> None:
        self._raw = raw
        self._prompts = prompts
        self._environment = environment
        self._given = given = replies.given
        self._ask = replies.ask
        self._checks = checks or {}
        self._values: dict[str, Any] = {}
        self._asked = 0
        self._to_ask = sum(not key.startswith("_") and key not in given for key in raw)

    def values(self) -> dict[str, Any]:
        """The value of every variable.

        Raises:
            UsageError: an answer does not fit its variable, or a default cannot be rendered.
        """
        for key, default in list(self._raw.items()):
            if key.startswith("_") and not key.startswith("__"):
                self._values[key] = default
            elif key.startswith("__"):
                self._values[key] = self._rendered(key, default)
            elif not isinstance(default, dict):
                self._values[key] = self._value(key, default)
        # Dictionaries come last: they may refer to any other variable.
        for key, default in list(self._raw.items()):
            if isinstance(default, dict) and key.startswith("__"):
                self._values[key] = self._rendered(key, default)
            elif isinstance(default, dict) and not key.startswith("_"):
                self._values[key] = self._value(key, default)
        return self._values

    def _value(self, key: str, default: Any) -> Any:
        if isinstance(default, list):
            return self._chosen(key, default)
        if key in self._given:
            self._raw[key] = default = fitted(key, default, self._given[key])
        value = self._rendered(key, default)
        if key in self._given or self._ask is None:
            return value
        return self._ask(self._question(key, value))

    def _chosen(self, key: str, choices: list[Any]) -> Any:
        rendered = self._rendered(key, choices)
        if not rendered:
            raise UsageError(
                f"The template cannot be rendered: cookiecutter.json: {key}: there is nothing to choose from.",
                "Tell the template's author; nothing was written.",
            )
        index = 0
        if key in self._given:
            index = _index(key, rendered, self._given[key])
            self._raw[key] = [choices[index], *choices[:index], *choices[index + 1 :]]
        elif self._ask is not None:
            text, labels = self._texts(key, [str(option) for option in rendered])
            index = self._ask(choice(text, labels, self._position()))
        return rendered[index]

    def _rendered(self, key: str, value: Any) -> Any:
        with of_expressions(f"cookiecutter.json: {key}"):
            return rendered(self._environment, value, self._values)

    def _position(self) -> tuple[int, int]:
        self._asked += 1
        return self._asked, self._to_ask

    def _question(self, key: str, value: Any) -> Question:
        text = self._texts(key, [])[0]
        if isinstance(value, bool):
            shown = "y" if value else "n"
            return Question(f"{text} (y/n)", shown, lambda line: _truth(key, line), (), self._position())
        if isinstance(value, dict):

            def read(line: str) -> Any:
                return value if line == "default" else _object(key, line)

            return Question(f"{text} (JSON)", "default", read, (), self._position())
        check = self._checks.get(key)

        def taken(line: str) -> str:
            if value is None and not line:
                raise UsageError("There is no default: an answer is needed.", "Type one.")
            if check is not None:
                check(line)
            return line

        return Question(text, "" if value is None else value, taken, (), self._position())

    def _texts(self, key: str, options: list[str]) -> tuple[str, list[str]]:
        """The question of a variable, and what its choices are called."""
        prompt = self._prompts.get(key)
        text = f"Select {key}" if options else key
        if isinstance(prompt, dict):
            labels = [str(prompt.get(option, option)) for option in options]
            return str(prompt.get("__prompt__") or text), labels
        return str(prompt or text), options


def rendered(environment: "Environment", value: Any, answers: Mapping[str, Any]) -> Any:
    """A default with its expressions replaced; a number becomes text, as in cookiecutter."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {
            rendered(environment, key, answers): rendered(environment, part, answers)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [rendered(environment, part, answers) for part in value]
    return environment.from_string(str(value)).render(cookiecutter=answers)


def fitted(key: str, default: Any, text: str) -> Any:
    """An answer as what its variable's default is: text, a truth value or a dictionary.

    Raises:
        UsageError: it is none.
    """
    if isinstance(default, bool):
        return _truth(key, text)
    if isinstance(default, dict):
        from copy import deepcopy

        return _merged(deepcopy(default), _object(key, text))
    return text


def _merged(old: dict[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(old.get(key), dict)
        old[key] = _merged(old[key], value) if both else value
    return old


def _index(key: str, choices: list[Any], text: str) -> int:
    for same in (lambda option: option == text, lambda option: _is_meant(option, text)):
        found = [index for index, option in enumerate(choices) if same(option)]
        if found:
            return found[0]
    shown = ", ".join(_shown(option) for option in choices)
    wrong = f"The answer '{text}' does not fit {key}, which is one of: {shown}."
    raise UsageError(wrong, f"Give one of them with --answer {key}=VALUE.")


def _is_meant(option: Any, text: str) -> bool:
    if isinstance(option, bool):
        return text.strip().lower() in (_YES if option else _NO)
    try:
        return bool(option == json.loads(text)) and not isinstance(option, str)
    except (ValueError, RecursionError):
        return False


def _shown(option: Any) -> str:
    return option if isinstance(option, str) else json.dumps(option)


def _truth(key: str, text: str) -> bool:
    word = text.strip().lower()
    if word not in (*_YES, *_NO):
        raise UsageError(f"The answer '{text}' does not fit {key}: it is neither yes nor no.", "Give y or n.")
    return word in _YES


def _object(key: str, text: str) -> dict[str, Any]:
    hint = 'Give an object such as {"name": "value"}.'
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = (
            "it is nested too deeply" if isinstance(error, RecursionError) else f"it is not JSON: {error}"
        )
        raise UsageError(f"The answer to {key} does not fit: {reason}.", hint) from error
    if not isinstance(value, dict):
        raise UsageError(f"The answer to {key} does not fit: it is not a JSON object.", hint)
    return value
