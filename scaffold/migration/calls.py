"""What each method of SDK v1's ``Run`` becomes in MLflow, as source text.

The signatures are azureml-core's (``azureml.core.run.Run``). A rule gives an expression, or statements where one
call becomes a loop; it gives None for a call that it cannot carry over.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst

from scaffold.migration.texts import is_text

_VALID_NAME = re.compile(r"[/\w.\- :]*")


@dataclass(frozen=True)
class Found:
    """One call of a method of the run.

    Attributes:
        method: its name.
        values: parameter → source text of what it is given.
        starred: the source text behind ``**``; None without it.
        step: the expression that counts the calls; None when there is none, or they are not repeated.
        uncounted: whether it is in a loop without such an expression.
        run: the source text of the MLflow run.
        pyplot: the names that matplotlib.pyplot has in the module.
        texts: expressions of the module that are known to be texts.
    """

    method: str
    values: dict[str, str]
    starred: str | None
    step: str | None
    uncounted: bool
    run: str
    pyplot: frozenset[str]
    texts: frozenset[str]


@dataclass(frozen=True)
class Made:
    """What a call becomes.

    Attributes:
        code: the source text of an expression, or of statements.
        statements: whether it is statements.
        note: what is different from before; empty when nothing is.
        hint: what to know or do about it.
    """

    code: str
    statements: bool = False
    note: str = ""
    hint: str = ""


class Left(Exception):
    """A call that MLflow has nothing for as it is written.

    Args:
        hint: what to do about it.
    """

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


SIGNATURES = {
    "log": ("name", "value", "description", "step"),
    "log_list": ("name", "value", "description"),
    "log_row": ("name", "description"),
    "log_table": ("name", "value", "description"),
    "log_image": ("name", "path", "plot", "description"),
    "log_confusion_matrix": ("name", "value", "description"),
    "log_accuracy_table": ("name", "value", "description"),
    "log_residuals": ("name", "value", "description"),
    "log_predictions": ("name", "value", "description"),
    "upload_file": ("name", "path_or_stream", "datastore_name"),
    "upload_files": ("names", "paths", "return_artifacts", "timeout_seconds", "datastore_name"),
    "upload_folder": ("name", "path", "datastore_name"),
    "tag": ("key", "value"),
    "set_tags": ("tags",),
    "get_metrics": ("name", "recursive", "run_type", "populate"),
    "get_tags": (),
    "get_id": (),
    "complete": ("_set_status",),
    "cancel": (),
    "fail": ("error_details", "error_code", "_set_status"),
    "flush": ("timeout_seconds",),
    "register_model": ("model_name", "model_path", "tags", "properties", "model_framework"),
}


def bind(
    method: str, call: cst.Call, source: Callable[[cst.CSTNode], str]
) -> tuple[dict[str, str], str | None] | None:
    """What a call gives for each parameter, and behind ``**``; None when that cannot be told."""
    names = SIGNATURES.get(method)
    if names is None:
        return None
    values: dict[str, str] = {}
    starred: str | None = None
    for position, argument in enumerate(call.args):
        text = source(argument.value)
        if argument.star == "*":
            return None
        if argument.star == "**":
            starred = text
        elif argument.keyword is not None:
            values[argument.keyword.value] = text
        elif position < len(names):
            values[names[position]] = text
        else:
            return None
    return values, starred


def carried(found: Found) -> Made | None:
    """What a call becomes; None when MLflow has nothing for it.

    Raises:
        Left: it has nothing for this one, and there is something to do about it.
    """
    if found.starred is not None and found.method != "log_row":
        return None
    rule = RULES.get(found.method)
    try:
        return rule(found) if rule is not None else None
    except KeyError:  # a parameter that the method cannot do without
        return None


def _text(code: str) -> str | None:
    """The value of a text literal."""
    try:
        value = ast.literal_eval(code)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, str) else None


def _named(code: str) -> tuple[str, str]:
    """A metric's name as MLflow takes it, and what is to be said of the change."""
    name = _text(code)
    if name is None or _VALID_NAME.fullmatch(name):
        return code, ""
    plain = re.sub(r"[^/\w.\- :]", "_", name)
    return repr(plain).replace("'", '"'), f"MLflow takes no metric named {name!r}: it is {plain!r} now"


def _step(found: Found) -> str:
    step = found.values.get("step") or found.step
    return f", step={step}" if step and step != "None" else ""


def _series(found: Found, note: str, hint: str = "") -> tuple[str, str]:
    """The note of a metric: of its name, or else of steps that are not counted."""
    if note:
        return note, hint or "Look for it under the new name."
    if found.uncounted and not _step(found):
        return (
            "it is logged in a loop, and all its values get step 0",
            "Give log_metric a step that counts them.",
        )
    return "", ""


def _log(found: Found) -> Made:
    name, note = _named(found.values["name"])
    value = found.values["value"]
    if is_text(value, found.texts):
        said = "a text is no metric in MLflow: it is a tag of the run now"
        return Made(f"mlflow.set_tag({name}, {value})", note=said, hint="Read it from the run's tags.")
    note, hint = _series(found, note)
    return Made(f"mlflow.log_metric({name}, {value}{_step(found)})", note=note, hint=hint)


def _log_list(found: Found) -> Made:
    if _has_texts(found.values["value"], found.texts):
        raise Left("A text is no metric in MLflow: mlflow.log_dict({…}, 'NAME.json') keeps a list of them.")
    name, note = _named(found.values["name"])
    loop = f"for _step, _value in enumerate({found.values['value']}):\n"
    code = f"{loop}    mlflow.log_metric({name}, _value, step=_step)\n"
    return Made(code, statements=True, note=note, hint="Look for it under the new name.")


def _has_texts(code: str, texts: frozenset[str]) -> bool:
    """Whether a list, or a dictionary of lists, has a text in it as it is written."""
    try:
        node = ast.parse(code.strip(), mode="eval").body
    except SyntaxError:
        return False
    parts = list(node.values) if isinstance(node, ast.Dict) else [node]
    items = [item for part in parts if isinstance(part, ast.List | ast.Tuple) for item in part.elts]
    return any(is_text(ast.unparse(item), texts) for item in items)


_KEEPS_ROWS = "A text is no metric in MLflow: mlflow.log_table({…}, 'NAME.json') keeps rows that have texts."
_NO_TABLES = "MLflow has no tables: each column is a metric now, named {}"


def _joined(name: str, end: str) -> str:
    """The source text of a name with something behind it; ``end`` may be an f-string's."""
    literal = _text(_named(name)[0])
    formatted = "f" if "{" in end else ""
    if literal is None:
        return f'{name} + {formatted}"{end}"'
    return f'{formatted}"{literal.replace("{", "{{").replace("}", "}}") if formatted else literal}{end}"'


def _columns_of(name: str) -> str:
    literal = _text(name)
    return "NAME.COLUMN" if literal is None else f"{literal}.COLUMN"


def _log_row(found: Found) -> Made:
    name = found.values["name"]
    columns = [key for key in found.values if key not in ("name", "description")]
    if any(is_text(found.values[key], found.texts) for key in columns):
        raise Left(_KEEPS_ROWS)
    if found.starred is not None:
        if columns:
            raise KeyError
        pairs = f"{{{_joined(name, '.{column}')}: value for column, value in {found.starred}.items()}}"
    else:
        pairs = "{" + ", ".join(f"{_joined(name, f'.{key}')}: {found.values[key]}" for key in columns) + "}"
    note = _NO_TABLES.format(_columns_of(name))
    if found.uncounted and not found.step:
        note += ", and all rows get step 0"
    return Made(f"mlflow.log_metrics({pairs}{_step(found)})", note=note, hint=_UNDER_THESE_NAMES)


def _log_table(found: Found) -> Made:
    name = found.values["name"]
    if _has_texts(found.values["value"], found.texts):
        raise Left(_KEEPS_ROWS)
    code = (
        f"for _column, _values in {found.values['value']}.items():\n"
        "    for _step, _value in enumerate(_values):\n"
        f"        mlflow.log_metric({_joined(name, '.{_column}')}, _value, step=_step)\n"
    )
    return Made(code, statements=True, note=_NO_TABLES.format(_columns_of(name)), hint=_UNDER_THESE_NAMES)


_UNDER_THESE_NAMES = "Look for the columns under these names."
_AMONG_FILES = "Look for it among the run's files."


def _log_image(found: Found) -> Made:
    plot, path = found.values.get("plot", "None"), found.values.get("path", "None")
    if path != "None":
        note = "an image is a file of the run, named as the file is"
        return Made(f"mlflow.log_artifact({path})", note=note, hint=_AMONG_FILES)
    if plot == "None":
        raise KeyError
    figure = f"{plot}.gcf()" if plot in found.pyplot else plot
    file = _joined(found.values["name"], f"-{{{found.step}}}.png" if found.step else ".png")
    note = f"an image is a file of the run, named NAME{'-STEP' if found.step else ''}.png"
    if found.uncounted:
        note += ", and each in the loop is written over the one before"
    return Made(f"mlflow.log_figure({figure}, {file})", note=note, hint=_AMONG_FILES)


def _log_document(found: Found) -> Made:
    value = found.values["value"]
    code = f"mlflow.log_dict({value}, {_joined(found.values['name'], '.json')})"
    if _text(value) is not None:  # the path of a JSON file
        code = f"mlflow.log_artifact({value})"
    kind = found.method[4:].replace("_", " ")
    note = f"MLflow has no chart for {kind}: it is a JSON file of the run"
    return Made(code, note=note, hint=_AMONG_FILES)


def _refuse_datastore(found: Found) -> None:
    if "datastore_name" in found.values:
        raise Left("Give the job an output whose path is azureml://datastores/NAME/paths/…, and write there.")


def _upload_file(found: Found) -> Made:
    _refuse_datastore(found)
    if re.match(r"(\w+\.)*(open|BytesIO|StringIO)\(", found.values["path_or_stream"]):
        raise Left("MLflow takes no stream: mlflow.log_text(…), or a file and mlflow.log_artifact(…).")
    name, path = found.values["name"], found.values["path_or_stream"]
    note = "MLflow keeps a file under its own name, whatever it was to be called"
    hint = "Rename the file before, if the names differ."
    literal, local = _text(name), _text(path)
    if literal is None:
        return Made(f"mlflow.log_artifact({path}, os.path.dirname({name}) or None)", note=note, hint=hint)
    folder, _, file = literal.replace("\\", "/").rpartition("/")
    if local is not None and re.split(r"[/\\]", local)[-1] == file:
        note = hint = ""
    return Made(f"mlflow.log_artifact({path}" + (f', "{folder}")' if folder else ")"), note=note, hint=hint)


def _upload_folder(found: Found) -> Made:
    _refuse_datastore(found)
    return Made(f"mlflow.log_artifacts({found.values['path']}, {found.values['name']})")


def _upload_files(found: Found) -> Made:
    _refuse_datastore(found)
    names, paths = found.values["names"], found.values["paths"]
    loop = f"for _name, _path in zip({names}, {paths}):\n"
    code = f"{loop}    mlflow.log_artifact(_path, os.path.dirname(_name) or None)\n"
    note = "MLflow keeps files under their own names, whatever they were to be called"
    return Made(code, statements=True, note=note, hint="Rename the files before, if the names differ.")


def _tag(found: Found) -> Made:
    return Made(f"mlflow.set_tag({found.values['key']}, {found.values.get('value', _EMPTY)})")


_EMPTY = '""'


def _get_metrics(found: Found) -> Made:
    if found.values:
        raise KeyError
    note = "MLflow gives the last value of each metric, not all"
    code = f"mlflow.get_run({found.run}.info.run_id).data.metrics"
    return Made(code, note=note, hint="All values: MlflowClient().get_metric_history(run_id, name).")


def _register_model(found: Found) -> Made:
    name = found.values["model_name"]
    path = found.values.get("model_path", "None")
    path = name if path == "None" else path
    address = f"runs:/{{{found.run}.info.run_id}}/"
    literal = _text(path)
    artifact = f'f"{address}" + {path}' if literal is None else f'f"{address}{literal}"'
    tags = f", tags={found.values['tags']}" if "tags" in found.values else ""
    dropped = [key for key in found.values if key not in ("model_name", "model_path", "tags")]
    note = "MLflow registers a model by the address of its file in the run"
    if dropped:
        note += f", without {', '.join(dropped)}"
    hint = "A model that MLflow itself logs (mlflow.sklearn.log_model and the like) is registered with its flavour."
    return Made(f"mlflow.register_model({artifact}, {name}{tags})", note=note, hint=hint)


def _end(status: str) -> Callable[[Found], Made]:
    return lambda _: Made(f'mlflow.end_run("{status}")' if status else "mlflow.end_run()")


def _fail(found: Found) -> Made:
    if "error_details" not in found.values:
        return Made('mlflow.end_run("FAILED")')
    note = "a run of MLflow fails without a message: it is a tag now"
    code = f'mlflow.set_tag("error", {found.values["error_details"]})\nmlflow.end_run("FAILED")\n'
    return Made(code, statements=True, note=note, hint="An exception that ends the script says it too.")


RULES: dict[str, Callable[[Found], Made]] = {
    "log": _log,
    "log_list": _log_list,
    "log_row": _log_row,
    "log_table": _log_table,
    "log_image": _log_image,
    "log_confusion_matrix": _log_document,
    "log_accuracy_table": _log_document,
    "log_residuals": _log_document,
    "log_predictions": _log_document,
    "upload_file": _upload_file,
    "upload_files": _upload_files,
    "upload_folder": _upload_folder,
    "tag": _tag,
    "set_tags": lambda found: Made(f"mlflow.set_tags({found.values['tags']})"),
    "get_metrics": _get_metrics,
    "get_tags": lambda found: Made(f"mlflow.get_run({found.run}.info.run_id).data.tags"),
    "get_id": lambda found: Made(f"{found.run}.info.run_id"),
    "complete": _end(""),
    "cancel": _end("KILLED"),
    "fail": _fail,
    "flush": lambda _: Made("mlflow.flush_async_logging()"),
    "register_model": _register_model,
}
