"""Strategies: what nobody should send, and what the SDK might, by the types that the handlers read.

Texts may hold marks (``<<run>>``), which are replaced by what the service has when a request is sent, so that
a request can be made up before there is a service.
"""

import json
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect as types

Strategy = st.SearchStrategy[Any]

KNOWN = (
    "run", "experiment", "experiment_id", "snapshot", "asset", "model", "environment", "secret", "compute",
    "datastore", "dataset", "dataset_id", "saved_id", "logged_model", "child", "artifact",
)  # fmt: skip
"""What the service has; ``<<run>>`` stands for the run's id, and so on."""

NAMES = (
    "", ".", "..", "/", "\\", "../x", "..\\x", "a/../../x", "/etc/passwd", "C:\\x", "C:x", "\\\\host\\share", "//x",
    "<<canary>>", "<<up>>", "<<up_windows>>", "file://<<canary>>", "~", "~root/x", "$HOME", "%2e%2e%2f", "%00",
    "a\0b", "\0", "a\nb", "a\r\nx: y", "\t", " ", " a", "a ", "a.", "CON", "nul.txt", "COM1", "aux", "a:b",
    "a:$DATA", "a" * 300,
    "ü" * 200, "\N{LATIN SMALL LETTER E WITH ACUTE}", "e\u0301", "\u212b", "\ufeff", "\ufffe", "\u202e", "\u2028",
    "😀" * 40, "Train.py", "TRAIN.PY", "train.py", "-rf", "--help", "*", "?", "%", "_", "[a]", "{}", "${x}", "`x`",
    "<script>alert(1)</script>", "'", '"', "' OR 1=1 --", '"; DROP TABLE runs; --', "null", "None", "true", "NaN",
    "0", "-1", "1e999", "٣", "9" * 30, "x" * 5000, "latest", "outputs/model.txt", "local", "workspaceblobstore",
    "[" * 3000, "[1180591620717411303424]",
)  # fmt: skip
# Keys of tags and properties that the service itself reads.
RESERVED = (
    "mlflow.log-model.history", "mlflow.inputs.datasets", "mlflow.outputs.models", "mlflow.parentRunId",
    "mlflow.runName", "mlflow.user", "mlflow.param.p", "ContentSnapshotId", "_azureml.ComputeTargetType",
)  # fmt: skip
FILTERS = (
    "(RunId eq <<run>>)", "Status eq Completed and (Tags/k eq v or Tags/a b ne null)", "((((" * 30, "a eq " * 200,
    "CreatedUtc ge 2026-01-01", "CreatedUtc ge x", "RunTypeV2/Traits/x eq null", "Name eq '", "Name eq 'a' and ",
    "(Name eq a) or " * 1200 + "(Name eq a)", "Name eq a and Tags/" + "x " * 3000, "Tags/\0 eq \0",
    "resourceType eq 'Microsoft.MachineLearningServices/workspaces'",
)  # fmt: skip
SEARCHES = (
    "metrics.loss > 0.5", "params.`a` = 'b' AND tags.x ILIKE '%" + "a" * 100 + "%'", "run_id IN ('a', 'b')",
    "metrics.m = NaN", "attributes.start_time < 9e999", "attributes.run_name LIKE '" + "%[" * 30_000 + "'",
    " AND ".join(["run_id = 'x'"] * 1500), "run_id IN (" + ", ".join(["'x'"] * 40_000) + ")", "name = 'a' AND",
    "run_name LIKE '%a%b%c%d'", "metrics.m IS NULL", "tags.`" + "a" * 3000 + "` = ''",
)  # fmt: skip
ORDERS = (
    "CreatedUtc desc",
    "Name asc",
    "RunNumber desc",
    "metrics.m DESC",
    "x",
    "Tags asc",
    "start_time ASC",
    "'",
)
# The sort key and the number of a page's last row; the place of a page's first; a moment and a number.
TOKENS = (
    "WyJhIiwxXQ==", "WyJhIiwxMTgwNTkxNjIwNzE3NDExMzAzNDI0XQ==", "WzEsMV0=", "AAAA", "\u00e9", "2026-01-01T00:00:00 1",
    "100", "9" * 15, "99999999999999999999 999999999999999999", "", "ExperimentRun/dcid.<<run>>/a",
)  # fmt: skip
OTHERS = (
    "key=value,key2", "ActiveOnly", "All", "bytes=0-0", "bytes=5-", "bytes=" + "9" * 400 + "-", "blocklist", "block",
    "list", "container", "QUJD", "QQ==", "mlflow-python-client/1.0 azureml-mlflow", "application/json", "BlockBlob",
    "*", "a; charset=\xff",
)  # fmt: skip
QUERIES = (*FILTERS, *SEARCHES, *ORDERS, *TOKENS, *OTHERS)
# Requests to wait are answered by waiting: only for a moment.
WAITS = ("0", "0.01", "-1", "nan", "inf", "x", "")
# What a run may carry out. Nothing that was made up is ever handed to a shell.
COMMANDS = ("true", "exit 3", "", ["echo", "a"], "echo \N{LATIN SMALL LETTER U WITH DIAERESIS}")
# Where a run may ask for its data: in its folder, or nowhere.
PLACES = ("in", "in/../../x", "../x", "..", ".", "a\0b", "\0", "", "in/x")


def texts(*, surrogates: bool = True) -> Strategy:
    """Names, filters and whatever else, mostly such as have been trouble to somebody.

    Args:
        surrogates: also halves of pairs, which JSON can say and UTF-8 cannot.
    """
    letters = st.characters(exclude_categories=() if surrogates else ("Cs",))
    return st.one_of(
        st.sampled_from([f"<<{name}>>" for name in KNOWN]),
        st.sampled_from(NAMES),
        st.sampled_from(QUERIES),
        st.text(letters, max_size=12),
        *([st.sampled_from(("\ud800", "a\udfffb"))] if surrogates else []),
    )


def numbers() -> Strategy:
    return st.one_of(
        st.sampled_from(
            (0, 1, -1, 2**31, 2**53, 2**63 - 1, -(2**63), 2**63, 2**64, 2**70, -(2**70), 10**400)
        ),
        st.sampled_from((0.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf"))),
        st.integers(-5, 100),
    )


class Deep:
    """Nesting of so many levels; written out only in bytes, since no encoder would."""

    def __init__(self, levels: int, opening: str, closing: str) -> None:
        self.text = opening * levels + "1" + closing * levels

    def __repr__(self) -> str:
        return f"Deep({len(self.text)})"


def deep() -> Strategy:
    kinds = st.sampled_from(
        (("[", "]"), ('{"a":', "}"), ('{"children": {"a": {"name": "a", "children":', "}}}"))
    )
    return st.builds(
        lambda levels, kind: Deep(levels, *kind), st.sampled_from((30, 150, 400, 950, 20_000)), kinds
    )


def json_values() -> Strategy:
    """Any JSON, with numbers that it does not have."""
    leaves = st.one_of(st.none(), st.booleans(), numbers(), texts(), deep())
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts(), inner, max_size=3)),
        max_leaves=6,
    )


# What fields lead one to expect, by a word in their names.
_EXPECTED: dict[str, tuple[str, ...]] = {
    "filter": (*FILTERS, *SEARCHES), "order": ORDERS, "token": TOKENS, "status": ("Running", "Completed", "FINISHED"),
    "view": ("ActiveOnly", "ALL", "ACTIVE_ONLY"), "time": ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"),
    "utc": ("2026-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"), "url": ("aml://asset/<<asset>>",),
    "type": ("AmlCompute", "AzureBlob", "file", "tabular", "azureml.v1.scalar"), "op": ("add", "replace"),
    "dataflow": ('{"meta": {"RsDataflow": "x"}}', "[" * 3000), "uri": ("/snapshots/x", "https://127.0.0.1/azureml/x"),
    "path": ("/kvTags", "/datasets", "outputs/x"), "script": ("missing.py",), "json": ('{"a": 1}', "[" * 5000),
    "interpreter": ("python", "/no/such/python"), "prefix": ("ExperimentRun/dcid.<<run>>/outputs",),
    "dependencies": ("python=3.11", "numpy", "=", "a[", "-r <<canary>>", "--index-url http://127.0.0.1:1"),
    "event": ("Microsoft.MachineLearning.Run.Start",),
    "name": ("fuzz", "other", "Microsoft.MachineLearning.Run.Warning"),
    "key": ("k", *RESERVED), "version": ("1",), "value": ("v", "[1180591620717411303424]", "{"),
}  # fmt: skip


def _expected(field: str) -> list[str]:
    """Values that may well be right for a field of that name."""
    plain = field.lower().replace("_", "")
    known = [name for name in KNOWN if name.replace("_", "") in plain]
    found = [f"<<{max(known, key=len)}>>"] if known else []
    return found + [value for word, values in _EXPECTED.items() if word in plain for value in values]


def of_type(kind: Any, field: str = "", *, clean: bool = False) -> Strategy:
    """Values of a type that a handler reads.

    Args:
        kind: the type.
        field: the name of the field.
        clean: such as the handler may well take; else with hostile texts and numbers in them.
    """
    return _of(types.type_info(kind), field, clean)


def _of(kind: types.Type, field: str, clean: bool) -> Strategy:
    if field in ("command", "pathOnCompute"):
        return st.sampled_from(COMMANDS if field == "command" else PLACES)
    match kind:
        case types.StructType():
            fields = {f.encode_name: (f.required, _of(f.type, f.encode_name, clean)) for f in kind.fields}
            required = {name: strategy for name, (needed, strategy) in fields.items() if needed}
            optional = {name: strategy for name, (needed, strategy) in fields.items() if not needed}
            every = st.fixed_dictionaries(required, optional=optional)
            # What is wrong with one field is not seen when another one is refused first.
            single = [st.fixed_dictionaries({**required, name: one}) for name, one in optional.items()]
            return st.one_of(every, *single)
        case types.UnionType():
            kinds = [one for one in kind.types if not (clean and isinstance(one, types.NoneType))]
            return st.one_of(*(_of(one, field, clean) for one in kinds))
        case types.ListType():
            return st.lists(_of(kind.item_type, field, clean), max_size=3)
        case types.TupleType():
            return st.tuples(*(_of(one, field, clean) for one in kind.item_types)).map(list)
        case types.DictType():
            keys = st.one_of(st.sampled_from(RESERVED), texts())
            return st.dictionaries(keys, _of(kind.value_type, field, clean), max_size=3)
        case types.StrType():
            expected = _expected(field)
            usual = (
                st.sampled_from(expected) if expected else st.text(st.characters(codec="utf-8"), max_size=8)
            )
            return usual if clean else st.one_of(usual, texts())
        case types.EnumType():
            return st.sampled_from([one.value for one in kind.cls])
        case types.IntType() | types.FloatType():
            return st.integers(1, 50) if clean else numbers()
        case types.BoolType():
            return st.booleans()
        case types.NoneType():
            return st.none()
        case types.AnyType():
            return st.one_of(_section(field), texts()) if clean else st.one_of(_section(field), json_values())
    raise NotImplementedError(kind)


def _section(field: str) -> Strategy:
    """What of a run's configuration and of an environment is read by the engine, and a snapshot's tree."""
    from scaffold.workspace.engine.data.configuration import _Sections
    from scaffold.workspace.engine.distribution import Distribution
    from scaffold.workspace.engine.specification import _EnvironmentSection
    from scaffold.workspace.services.execution import RunConfiguration

    environment = st.deferred(lambda: of_type(_EnvironmentSection))
    match field.lower():
        case "configuration":
            parts = st.tuples(
                *(of_type(kind, clean=True) for kind in (RunConfiguration, Distribution, _Sections)),
                environment,
            )
            return parts.map(lambda parts: {**parts[2], **parts[1], **parts[0], "environment": parts[3]})
        case "environment":
            return environment
        case "python":
            return environment.map(lambda section: section.get("python"))
        case "dirtreenode":
            return trees()
    return json_values()


def trees() -> Strategy:
    """Trees of a snapshot."""
    leaf = st.fixed_dictionaries({"name": texts(), "type": st.just("File"), "hash": texts()})

    def folder(inner: Strategy) -> Strategy:
        children = st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts(), inner, max_size=3))
        return st.fixed_dictionaries({"name": texts(), "type": st.just("Directory"), "children": children})

    return folder(st.recursive(leaf, folder, max_leaves=5))


def encoded(document: Any) -> bytes:
    """A document as Python writes it: with NaN, and with ``Deep`` written out."""
    deeps: list[str] = []

    def stand_in(value: Any) -> Any:
        if isinstance(value, Deep):
            deeps.append(value.text)
            return f"<<deep {len(deeps) - 1}>>"
        if isinstance(value, dict):
            # A run that asks for a place of its own outside its folder has it, so none is asked for.
            entries = {
                key: entry for key, entry in value.items() if key != "pathOnCompute" or entry in PLACES
            }
            return {key: stand_in(entry) for key, entry in entries.items()}
        if isinstance(value, list):
            return [stand_in(entry) for entry in value]
        return value

    text = json.dumps(stand_in(document))
    for number, written in enumerate(deeps):
        text = text.replace(json.dumps(f"<<deep {number}>>"), written)
    return text.encode()


@st.composite
def mutated(draw: Any, documents: Strategy) -> Any:
    """A document with one part of it replaced by anything else."""
    document = draw(documents)
    place = holder = key = None
    value = document
    while isinstance(value, dict | list) and value and (holder is None or draw(st.booleans())):
        holder = value
        key = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        place, value = holder, holder[key]
    if place is None:
        return draw(json_values())
    place[key] = draw(st.one_of(texts(), json_values()))
    return document


def bodies(kind: Any) -> Strategy:
    """Bodies for an operation that reads JSON of that type (None: none), as bytes."""
    raw = st.sampled_from(
        (b"", b"{", b"\xff\xfe\x00", b'{"a": "\xff"}', b"null", b"[" * 30_000, b"NaN", b"<BlockList>")
    )
    anything = json_values().map(encoded)
    if kind is None:
        return st.one_of(st.none(), raw, st.binary(max_size=50))
    clean = of_type(kind, clean=True)
    whole = clean.map(encoded)
    cut = st.tuples(whole, st.integers(0, 200)).map(lambda pair: pair[0][: pair[1]])
    changed = mutated(clean).map(encoded)
    return st.one_of(whole, whole, changed, changed, of_type(kind).map(encoded), anything, cut, raw)


FORM = "multipart/form-data; boundary=fuzz"


def forms(kind: Any, file: str) -> Strategy:
    """Bodies of the SDK's form with a file of that name."""
    names = st.sampled_from((file, file, "project.zip", f"../{file}", ""))
    parts = st.tuples(names, bodies(kind).map(lambda body: body or b""))

    def form(parts: list[tuple[str, bytes]]) -> bytes:
        heads = [
            f'--fuzz\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\n'
            for name, _ in parts
        ]
        written = (head.encode() + body for head, (_, body) in zip(heads, parts, strict=True))
        return b"\r\n".join([*written, b"--fuzz--\r\n"])

    return st.lists(parts, max_size=3).map(form)
