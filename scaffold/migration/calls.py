"""What each method of SDK v1's ``Run`` becomes in MLflow, as source text.

The signatures are azureml-core's (``azureml.core.run.Run``). A rule gives an expression, or statements where one
call becomes a loop; it gives None for a call that it cannot carry over.
"""

import ast
import posixpath
import re
from collections.abc import Callable

from scaffold.migration.found import Found, Left, Made
from scaffold.migration.helpers import is_valid, valid
from scaffold.migration.kinds import Kind, Of
from scaffold.migration.names import STREAMS


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


def _named(found: Found, code: str) -> tuple[str, str]:
    """The name of a metric or a tag as MLflow takes it, and what is to be said of the change."""
    name = _text(code)
    if name is not None:
        if is_valid(name):
            return code, ""
        plain = valid(name)
        return f'"{plain}"', f"MLflow takes no name like {name!r}: it is {plain!r} now"
    texts = found.module.wordings.of(code)
    if texts is not None and all(map(is_valid, texts)):
        return code, ""
    changed = next((text for text in sorted(texts or ()) if not is_valid(text)), None)
    note = "" if changed is None else f"MLflow takes no name like {changed!r}: it is {valid(changed)!r} now"
    return f"{found.helpers.valid_name}({code})", note


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
    value, kind = found.values["value"], found.kind(found.values["value"])
    if kind.is_no_number:
        return _log_as_tag(found, value, kind)
    name, note = _named(found, found.values["name"])
    note, hint = _series(found, note)
    if kind is Kind.NUMBER:
        return Made(f"mlflow.log_metric({name}, {value}{_step(found)})", note=note, hint=hint)
    return Made(found.helpers.log(name, value, _step(found)), note=note, hint=hint)


def _log_as_tag(found: Found, value: str, kind: Kind) -> Made:
    """A value that is no metric, a tag for each step where there are several."""
    step = _step(found).partition("=")[2]
    name, _ = _named(found, found.values["name"])
    name = _joined(name, f".{{{step}}}") if step else name
    what = "a text" if kind is Kind.TEXT else "what is no number"
    said = f"{what} is no metric in MLflow: it is a tag of the run now"
    said += ", and its name ends in the step" if step else ""
    if found.uncounted and not step:
        said += ", and each in the loop is written over the one before"
    return Made(f"mlflow.set_tag({name}, {value})", note=said, hint="Read it from the run's tags.")


def _log_list(found: Found) -> Made:
    value = found.values["value"]
    if _has_others(found, value):
        raise Left("A text is no metric in MLflow: mlflow.log_dict({…}, 'NAME.json') keeps a list of them.")
    name, note = _named(found, found.values["name"])
    one = _one_of(found, name, _items(found.module.kinds.of(value)))
    code = f"for _step, _value in enumerate({value}):\n    {one}\n"
    return Made(code, statements=True, note=note, hint="Look for it under the new name.")


def _items(of: Of) -> Kind:
    return of.items.kind if of.items is not None else Kind.UNKNOWN


def _one_of(found: Found, name: str, kind: Kind) -> str:
    """The call that logs ``_value`` as ``_step``."""
    if kind is Kind.NUMBER:
        return f"mlflow.log_metric({name}, _value, step=_step)"
    return found.helpers.log(name, "_value", ", step=_step")


def _has_others(found: Found, code: str) -> bool:
    """Whether a list, or a dictionary of lists, has something in it that is no number for sure."""
    try:
        node = ast.parse(code.strip(), mode="eval").body
    except SyntaxError:
        return False
    parts = list(node.values) if isinstance(node, ast.Dict) else [node]
    items = [item for part in parts if isinstance(part, ast.List | ast.Tuple) for item in part.elts]
    held = [_items(found.module.kinds.of(ast.unparse(part))) for part in parts]
    return any(kind.is_no_number for kind in held + [found.kind(ast.unparse(item)) for item in items])


_KEEPS_ROWS = "A text is no metric in MLflow: mlflow.log_table({…}, 'NAME.json') keeps rows that have texts."
_NO_TABLES = "MLflow has no tables: each column is a metric now, named {}"


def _joined(name: str, end: str) -> str:
    """The source text of a name with something behind it; ``end`` may be an f-string's."""
    literal = _text(name)
    formatted = "f" if "{" in end else ""
    if literal is None:
        return f'{name} + {formatted}"{end}"'
    plain = literal if is_valid(literal) else valid(literal)
    return f'{formatted}"{plain.replace("{", "{{").replace("}", "}}") if formatted else plain}{end}"'


def _columns_of(name: str) -> str:
    literal = _text(name)
    return "NAME.COLUMN" if literal is None else f"{literal}.COLUMN"


def _log_row(found: Found) -> Made:
    name = found.values["name"]
    columns = [key for key in found.values if key not in ("name", "description")]
    kinds = [found.kind(found.values[key]) for key in columns]
    if any(kind.is_no_number for kind in kinds):
        raise Left(_KEEPS_ROWS)
    note = _NO_TABLES.format(_columns_of(name))
    if found.uncounted and not found.step:
        note += ", and all rows get step 0"
    if found.starred is not None:
        if columns:
            raise KeyError
        return _log_rows_of(found, found.starred, note)
    names = {key: _named(found, _joined(name, f".{key}"))[0] for key in columns}
    if any(kind is not Kind.NUMBER for kind in kinds):
        lines = [found.helpers.log(names[key], found.values[key], _step(found)) for key in columns]
        return Made(
            "".join(f"{line}\n" for line in lines), statements=True, note=note, hint=_UNDER_THESE_NAMES
        )
    pairs = "{" + ", ".join(f"{names[key]}: {found.values[key]}" for key in columns) + "}"
    return Made(f"mlflow.log_metrics({pairs}{_step(found)})", note=note, hint=_UNDER_THESE_NAMES)


def _log_rows_of(found: Found, row: str, note: str) -> Made:
    """A row whose columns stand in a dictionary."""
    keys, name = found.module.kinds.of(row).keys or (), found.values["name"]
    if any(of.kind.is_no_number for _, of in keys):
        raise Left(_KEEPS_ROWS)
    if _text(name) is not None and _are_numbers(name, [(key, of.kind) for key, of in keys]):
        pairs = f"{{{_joined(name, '.{column}')}: value for column, value in {row}.items()}}"
        return Made(f"mlflow.log_metrics({pairs}{_step(found)})", note=note, hint=_UNDER_THESE_NAMES)
    one = found.helpers.log(_named(found, _joined(name, ".{_column}"))[0], "_value", _step(found))
    code = f"for _column, _value in {row}.items():\n    {one}\n"
    return Made(code, statements=True, note=note, hint=_UNDER_THESE_NAMES)


def _are_numbers(name: str, columns: list[tuple[str, Kind]]) -> bool:
    """Whether columns are known, with names that MLflow takes, and hold numbers alone."""
    first = valid(_text(name) or "")
    return bool(columns) and all(kind is Kind.NUMBER and is_valid(f"{first}.{key}") for key, kind in columns)


def _log_table(found: Found) -> Made:
    name, value = found.values["name"], found.values["value"]
    if _has_others(found, value):
        raise Left(_KEEPS_ROWS)
    columns = found.module.kinds.of(value).keys or ()
    known = _are_numbers(name, [(key, _items(of)) for key, of in columns])
    names = _joined(name, ".{_column}")
    names = names if known and _text(name) is not None else _named(found, names)[0]
    values = "_values" if known else "_values if isinstance(_values, (list, tuple)) else [_values]"
    code = (
        f"for _column, _values in {value}.items():\n"
        f"    for _step, _value in enumerate({values}):\n"
        f"        {_one_of(found, names, Kind.NUMBER if known else Kind.UNKNOWN)}\n"
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
    figure = (
        f"{plot}.gcf()" if plot in found.pyplot else f"{plot}.fig" if plot in found.module.grids else plot
    )
    file = _joined(found.values["name"], f"-{{{found.step}}}.png" if found.step else ".png")
    note = f"an image is a file of the run, named NAME{'-STEP' if found.step else ''}.png"
    if found.uncounted:
        note += ", and each in the loop is written over the one before"
    return Made(f"mlflow.log_figure({figure}, {file})", note=note, hint=_AMONG_FILES)


def _log_document(found: Found) -> Made:
    value = found.values["value"]
    code = f"mlflow.log_dict({value}, {_joined(found.values['name'], '.json')})"
    if found.kind(value) is Kind.TEXT:  # of JSON
        code = f"mlflow.log_text({value}, {_joined(found.values['name'], '.json')})"
    kind = found.method[4:].replace("_", " ")
    note = f"MLflow has no chart for {kind}: it is a JSON file of the run"
    return Made(code, note=note, hint=_AMONG_FILES)


def _refuse_datastore(found: Found) -> None:
    if "datastore_name" in found.values:
        raise Left("Give the job an output whose path is azureml://datastores/NAME/paths/…, and write there.")


def _folder_of(name: str) -> str:
    """The source text of the folder of a file's name among the run's, which MLflow takes only as short as it can be."""
    literal = _text(name)
    if literal is None:
        return f', posixpath.dirname(posixpath.normpath({name})).strip("/") or None'
    folder = posixpath.dirname(posixpath.normpath(literal.replace("\\", "/"))).strip("/")
    return f', "{folder}"' if folder else ""


def _upload_file(found: Found) -> Made:
    _refuse_datastore(found)
    name, path = found.values["name"], found.values["path_or_stream"]
    if path in found.module.kinds.names.streams or re.match(rf"(\w+\.)*({'|'.join(STREAMS)})\(", path):
        raise Left("MLflow takes no stream: mlflow.log_text(…), or a file and mlflow.log_artifact(…).")
    note = "MLflow keeps a file under its own name, whatever it was to be called"
    hint = "Rename the file before, if the names differ."
    literal, local = _text(name), _text(path)
    if local is not None and literal is not None and _last_part(local) == _last_part(literal):
        note = hint = ""
    return Made(f"mlflow.log_artifact({path}{_folder_of(name)})", note=note, hint=hint)


def _last_part(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]


def _upload_folder(found: Found) -> Made:
    _refuse_datastore(found)
    name, path = found.values["name"], found.values["path"]
    literal = _text(name)
    if literal is None:
        return Made(f'mlflow.log_artifacts({path}, posixpath.normpath({name}).strip("/"))')
    folder = posixpath.normpath(literal.replace("\\", "/")).strip("/")
    given = name if folder == literal else f'"{folder}"'
    return Made(f"mlflow.log_artifacts({path}" + (")" if folder in ("", ".") else f", {given})"))


def _upload_files(found: Found) -> Made:
    _refuse_datastore(found)
    names, paths = found.values["names"], found.values["paths"]
    loop = f"for _name, _path in zip({names}, {paths}):\n"
    code = f"{loop}    mlflow.log_artifact(_path{_folder_of('_name')})\n"
    note = "MLflow keeps files under their own names, whatever they were to be called"
    return Made(code, statements=True, note=note, hint="Rename the files before, if the names differ.")


def _tag(found: Found) -> Made:
    key, note = _named(found, found.values["key"])
    hint = "Look for it under the new name." if note else ""
    return Made(f"mlflow.set_tag({key}, {found.values.get('value', _EMPTY)})", note=note, hint=hint)


def _set_tags(found: Found) -> Made:
    tags = found.values["tags"]
    keys = found.module.kinds.of(tags).keys
    if keys and all(is_valid(key) for key, _ in keys):
        return Made(f"mlflow.set_tags({tags})")
    pairs = f"{{{found.helpers.valid_name}(key): value for key, value in {tags}.items()}}"
    return Made(f"mlflow.set_tags({pairs})")


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


_AT_ONCE = "MLflow records what it is told at once"

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
    "set_tags": _set_tags,
    "get_metrics": _get_metrics,
    "get_tags": lambda found: Made(f"mlflow.get_run({found.run}.info.run_id).data.tags"),
    "get_id": lambda found: Made(f"{found.run}.info.run_id"),
    "complete": _end(""),
    "cancel": _end("KILLED"),
    "fail": _fail,
    "flush": lambda _: Made("pass\n", statements=True, note=_AT_ONCE, hint="There is nothing to wait for."),
    "register_model": _register_model,
}
