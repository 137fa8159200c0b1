"""What a script's own argparse would say to the arguments that it is started with.

The script's parser is made again from the calls that stand in it, as far as they are literal, and asked. Code
of the script is never executed: a parser that is computed is not judged.
"""

import argparse
import ast
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

_ACTIONS = {
    *("store", "store_const", "store_true", "store_false", "append", "append_const", "count", "extend"),
    *("help", "version"),
}
_LITERAL = ("action", "nargs", "const", "choices", "required", "dest", "default")
_TYPES: dict[str, Any] = {"int": int, "float": float, "str": str}
# Other ways to read a command line, after which argparse's word is not the last.
_OTHERS = {
    *("parse_known_args", "parse_known_intermixed_args", "parse_intermixed_args", "add_subparsers"),
    *("argv", "set_defaults", "add_argument_group", "add_mutually_exclusive_group"),
    *("HfArgumentParser", "add_argparse_args", "add_argparse_arguments", "from_argparse_args"),
}
_MOST_VALUES = 1000
UNKNOWN = "\ufffc"  # stands for a value that only running the submitting script tells


class _RefusedError(Exception):
    """argparse's own message."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _RefusedError(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise SystemExit(status)


class _AnyOf(list[Any]):
    """Choices that take a value which is not known."""

    def __contains__(self, item: object) -> bool:
        return item == UNKNOWN or super().__contains__(item)


@dataclass(frozen=True)
class Declared:
    """The one parser of a script.

    Attributes:
        line: where it is made.
        parser: the same parser.
        options: the option strings that it takes.
    """

    line: int
    parser: argparse.ArgumentParser
    options: frozenset[str]


def declared(tree: ast.Module) -> Declared | None:
    """The parser of a script; None when it has none, several, or one that is not literal throughout."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    makers = [call for call in calls if _name(call.func) == "ArgumentParser"]
    if len(makers) != 1 or _names(tree) & _OTHERS:
        return None
    if not any(_name(call.func) == "parse_args" and not call.args and not call.keywords for call in calls):
        return None
    if _is_given_away(tree, makers[0]):
        return None
    try:
        parser = _Parser(prog="script", add_help=False, **_settings(makers[0]))
        parser.add_argument("-h", "--help", action="help")
        conditional = _conditional(tree)
        for call in calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
                _add(parser, call, conditional=id(call) in conditional)
    except (_NotLiteralError, TypeError, ValueError, argparse.ArgumentError):
        return None
    options = frozenset(option for action in parser._actions for option in action.option_strings)
    return Declared(makers[0].lineno, parser, options)


def refusal(found: Declared, arguments: Sequence[str | None]) -> str | None:
    """What the parser says against a command line; None when it takes it.

    Args:
        found: the parser.
        arguments: one text each; None for each that is not known.
    """
    try:
        # A shell fills in what begins with a $, and Azure ML what stands in ${{ }}.
        known = [UNKNOWN if item is None or "$" in item else item for item in arguments]
        found.parser.parse_args(known)
    except _RefusedError as error:
        message = str(error)
        return None if UNKNOWN in message else message
    except SystemExit:  # --help or --version
        return None
    except Exception:
        return None  # a parser that fails on its own declarations is not ours to judge
    return None


def advice(found: Declared, arguments: Sequence[str | None], flag: str) -> str | None:
    """What to type instead of an option that the parser refuses; None where no other is near.

    Args:
        found: the parser.
        arguments: as for :func:`refusal`.
        flag: of the command line, which changes an argument: ``--arg``.
    """
    for word in arguments:
        option = (word or "").partition("=")[0]
        if not option.startswith("-") or any(known.startswith(option) for known in found.options):
            continue
        long = {known.lstrip("-"): known for known in found.options if known.startswith("--")}
        near = difflib.get_close_matches(option.lstrip("-").replace("_", "-").lower(), long, n=1, cutoff=0.6)
        near = near or difflib.get_close_matches(option.lstrip("-"), long, n=1, cutoff=0.6)
        if near:
            return f"The script takes {long[near[0]]}: {flag} {near[0]}=…"
        listed = ", ".join(sorted(long)) or "no options"
        return f"The script takes {listed}."
    return None


class _NotLiteralError(Exception):
    """A part of the parser is computed."""


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _names(tree: ast.AST) -> set[str]:
    return {_name(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}


def _is_given_away(tree: ast.AST, maker: ast.Call) -> bool:
    """Whether other code gets the parser, which may then add to it."""
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and node.value is maker]
    names = {target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)}
    owners = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr not in ("__dict__", "_actions")
    }
    return not names or any(
        isinstance(node, ast.Name)
        and node.id in names
        and isinstance(node.ctx, ast.Load)
        and id(node) not in owners
        for node in ast.walk(tree)
    )


def _conditional(tree: ast.AST) -> set[int]:
    """The calls that stand in a branch or a loop, and may not be made, or made several times."""
    return {
        id(call)
        for node in ast.walk(tree)
        if isinstance(node, ast.If | ast.For | ast.While | ast.Try) and not _is_main(node)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    }


def _is_main(node: ast.AST) -> bool:
    """``if __name__ == "__main__":`` is no condition for a script."""
    return isinstance(node, ast.If) and "__name__" in _names(node.test)


def _settings(call: ast.Call) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg in ("allow_abbrev", "prefix_chars", "argument_default", "fromfile_prefix_chars"):
            settings[keyword.arg] = _literal(keyword.value)
        elif keyword.arg in (None, "parents", "conflict_handler", "add_help"):
            raise _NotLiteralError
    return settings


def _add(parser: argparse.ArgumentParser, call: ast.Call, *, conditional: bool) -> None:
    names = [_literal(item) for item in call.args]
    if conditional or not names or not all(isinstance(name, str) for name in names):
        raise _NotLiteralError
    options = dict(_options(call))
    if "choices" in options:
        options["choices"] = _AnyOf(options["choices"])
    parser.add_argument(*names, **options)


def _options(call: ast.Call) -> Iterator[tuple[str, Any]]:
    for keyword in call.keywords:
        if keyword.arg is None:
            raise _NotLiteralError
        if keyword.arg == "type":
            yield "type", _type(_TYPES.get(_name(keyword.value)))
        elif keyword.arg == "default":
            yield "default", _any(keyword.value)
        elif keyword.arg == "action":
            action = _literal(keyword.value)
            if action not in _ACTIONS:
                raise _NotLiteralError
            yield "action", action
        elif keyword.arg in _LITERAL:
            value = _literal(keyword.value)
            if keyword.arg == "nargs" and isinstance(value, int) and value > _MOST_VALUES:
                raise _NotLiteralError  # argparse makes a pattern of that many parts
            yield keyword.arg, value


def _literal(node: ast.expr) -> Any:
    if _name(node) in ("REMAINDER", "OPTIONAL", "ZERO_OR_MORE", "ONE_OR_MORE", "SUPPRESS", "PARSER"):
        return getattr(argparse, _name(node))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise _NotLiteralError from error


def _any(node: ast.expr) -> Any:
    """A default; what it is makes no difference unless it is a text, which argparse converts."""
    try:
        return _literal(node)
    except _NotLiteralError:
        return None


def _type(convert: Any) -> Any:
    """A conversion that lets pass what is not known; functions of the script's own let anything pass."""

    def converted(text: str) -> Any:
        return text if convert is None or text == UNKNOWN else convert(text)

    converted.__name__ = getattr(convert, "__name__", "value")
    return converted
