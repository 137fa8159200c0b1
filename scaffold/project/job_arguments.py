"""The arguments of a command job of SDK v2: texts, data, and what only running the submitting script tells.

What is not known is one value in its place, which the job names as an input that it lacks: azure-ai-ml refuses it
until somebody has written it. Knows neither SDK.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from scaffold.project.job import Remark
from scaffold.project.job_data import Data, Given, NotAnInputError
from scaffold.project.source import Unknown
from scaffold.project.straight import Straight
from scaffold.project.values import Values

_NAMED_DATA = (
    "Where only a dataset of SDK v1 has that name, register the folder as a data asset (az ml data create); type: "
    "mltable with mode: eval_mount reads what SDK v1 registered."
)
_TABLE = "In the script mltable.load(…).to_pandas_dataframe() reads it, from the package mltable."
_STORE = "workspaceblobstore is the default datastore until somebody chooses another one."


@dataclass(frozen=True)
class Lacking:
    """An argument that is not known.

    Attributes:
        node: its expression.
        what: what it is the value of.
        why: why it is not known, where that is no matter of running the script.
        hint: what to do about it, likewise.
        word: what stands for it in the command.
    """

    node: ast.expr
    what: str
    why: str = ""
    hint: str = ""
    word: str = ""


@dataclass
class Arguments:
    """What a run is started with.

    Attributes:
        words: as the command has them.
        inputs: as YAML has them.
        outputs: likewise.
        lacking: what is not known.
        remarks: what the job says otherwise than the script.
        carried: the ends (line and column) of the calls that became inputs and outputs.
    """

    words: list[str] = field(default_factory=list)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    lacking: list[Lacking] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    carried: set[tuple[int, int]] = field(default_factory=set)


def read(values: Values, shown: str, node: ast.expr) -> Arguments:
    """The arguments that an expression is.

    Args:
        values: of the submitting script.
        shown: the script's path from the project.
        node: the expression.
    """
    return _Reader(values, shown).read(node)


class _Reader:
    def __init__(self, values: Values, shown: str) -> None:
        self._values = values
        self._shown = shown
        self._straight = Straight(values)
        self._data = Data(values, self._straight)
        self._found = Arguments()

    def read(self, node: ast.expr) -> Arguments:
        for part in self._parts(node):
            if isinstance(part, str):
                self._found.words.append(part)
            else:
                self._one(part)
        return self._found

    def _parts(self, node: ast.expr) -> Iterator[str | ast.expr | Lacking]:
        """Texts, expressions of one argument each, and stretches of which not even the length is known."""
        if isinstance(node, ast.Name) and not self._values.constant(node):
            try:
                grown = self._straight.grown(node)
            except Unknown:
                yield Lacking(node, "")
                return
            for part in grown:
                yield from self._parts(part)
            return
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                for part in parts:
                    yield from self._parts(part.value) if isinstance(part, ast.Starred) else [part]
                return
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from self._parts(left)
                yield from self._parts(right)
                return
            case ast.Call(func=ast.Attribute(value=text, attr="split"), args=[], keywords=[]):
                if (known := self._values.text(text).value) is not None:
                    yield from known.split()
                    return
            case ast.Call(args=[text], keywords=[]) if self._values.dotted(node.func) == "shlex.split":
                if (known := self._values.text(text).value) is not None:
                    yield from shlex.split(known)
                    return
        yield from self._of_constants(node)

    def _of_constants(self, node: ast.expr) -> Iterator[str | Lacking]:
        try:
            items = self._values.items(node)
        except Unknown:
            items = [None]
        if None in items:
            yield Lacking(node, "")
        else:
            yield from (str(item) for item in items)

    def _one(self, part: ast.expr | Lacking) -> None:
        if isinstance(part, Lacking):
            self._lack(part)
            return
        known = self._word(part)
        if known is not None:
            self._found.words.append(known)
            return
        what = f"the value of {self._option()}" if self._option() else "this argument"
        try:
            given = self._data.given(part)
        except NotAnInputError as error:
            self._lack(Lacking(part, what, error.what, error.hint))
            return
        if given is None:
            self._lack(Lacking(part, what))
        else:
            self._bind(part, given)

    def _word(self, part: ast.expr) -> str | None:
        """An argument that is a text, a number or a path."""
        try:
            followed = self._straight.followed(part) if not self._values.constant(part) else part
            return self._values.items(ast.copy_location(ast.List([followed], ast.Load()), part))[0]
        except Unknown:
            return None

    def _option(self) -> str:
        """The option that the argument is the value of."""
        last = self._found.words[-1] if self._found.words else ""
        return last if re.fullmatch(r"--?[A-Za-z][\w-]*", last) else ""

    def _lack(self, lacking: Lacking) -> None:
        name = self._name(None, "value" if lacking.what else "arguments")
        word = f"${{{{inputs.{name}}}}}"
        self._found.lacking.append(replace(lacking, word=word))
        self._found.words.append(word)

    def _name(self, own: str | None, otherwise: str) -> str:
        """A name for an input that no other has: its own, or that of the option."""
        plain = own if own and re.fullmatch(r"[A-Za-z_]\w*", own, re.ASCII) else ""
        plain = plain or re.sub(r"\W", "_", self._option().lstrip("-"), flags=re.ASCII) or otherwise
        bound = {
            match[1] for word in self._found.words if (match := re.fullmatch(r"\$\{\{\w+\.(\w+)\}\}", word))
        }
        name, number = plain, 2
        while name in bound:
            name, number = f"{plain}_{number}", number + 1
        return name

    def _bind(self, part: ast.expr, given: Given) -> None:
        self._found.carried |= {(call.end_lineno or 0, call.end_col_offset or 0) for call in given.calls}
        there = self._found.inputs if given.direction == "inputs" else self._found.outputs
        same = given.name if given.name in there and there[given.name] == given.spec else None
        name = same or self._name(given.name, "data" if given.direction == "inputs" else "output")
        there[name] = given.spec
        self._found.words.append(f"${{{{{given.direction}.{name}}}}}")
        if same is None:
            self._remark(part, given, name)

    def _remark(self, part: ast.expr, given: Given, name: str) -> None:
        path = given.spec.get("path", "")
        what = f"{'input' if given.direction == 'inputs' else 'output'} {name} of the job is {path}"
        if given.spec["type"] == "mltable":
            self._say(part, f"{what}, whose address the script gets for the table", _TABLE)
        if given.asset is not None:
            self._say(part, f"{what}, which names a data asset of SDK v2", _NAMED_DATA)
        if "/workspaceblobstore/" in path and any(
            self._values.called(call) == "get_default_datastore"
            for call in ast.walk(self._values.tree)
            if isinstance(call, ast.Call)
        ):
            self._say(part, what, _STORE)

    def _say(self, part: ast.expr, what: str, hint: str) -> None:
        self._found.remarks.append(Remark(self._shown, part.lineno, what, hint))
