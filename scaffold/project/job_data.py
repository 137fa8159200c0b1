"""Data of SDK v1 among the arguments of a run, as inputs and outputs of a job of SDK v2. Knows neither SDK."""

import ast
import re
from dataclasses import dataclass, field, replace
from typing import Literal

from scaffold.project.source import Unknown
from scaffold.project.straight import Straight
from scaffold.project.values import Values

_DEFAULT_DATASTORE = "workspaceblobstore"
_TABLES = ("from_delimited_files", "from_parquet_files", "from_json_lines_files", "from_sql_query")
_METHODS = {
    *(
        "as_mount",
        "as_download",
        "as_upload",
        "as_hdfs",
        "as_named_input",
        "get_by_name",
        "from_files",
        "register",
    ),
    *("register_on_complete", "DatasetConsumptionConfig", "DataReference", "OutputFileDatasetConfig", "path"),
    *("get_by_id", "read_delimited_files", "read_parquet_files", *_TABLES),
}
_REGISTER = "Register what it reads as a data asset (az ml data create), and give the job an input of it."


@dataclass(frozen=True)
class Given:
    """Data that a run is given.

    Attributes:
        direction: whether the run reads or writes it.
        name: what the script calls it; None when it has no name of its own.
        spec: the input or output as YAML has it.
        mode: how SDK v1 hands it over; None when the script has not said yet.
        asset: its name where it is registered.
        of_datastore: whether it is a place in a datastore that is no dataset.
        calls: the calls that make it.
    """

    direction: Literal["inputs", "outputs"]
    name: str | None
    spec: dict[str, str]
    mode: str | None = None
    asset: str | None = None
    of_datastore: bool = False
    calls: tuple[ast.Call, ...] = field(default=(), compare=False)


class NotAnInputError(Exception):
    """Data that no input or output of a job stands for.

    Args:
        what: what it is.
        hint: what to do about it.
    """

    def __init__(self, what: str, hint: str = _REGISTER) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Data:
    """Reads expressions of one script.

    Args:
        values: the script's names.
        straight: its bindings.
    """

    def __init__(self, values: Values, straight: Straight) -> None:
        self._values = values
        self._straight = straight

    def given(self, node: ast.expr) -> Given | None:
        """What an argument of a run stands for; None when it is no data.

        Raises:
            NotAnInputError: it is data, and a job cannot say it.
        """
        try:
            found = self._read(node)
        except Unknown as error:
            if self._is_data(node):
                raise NotAnInputError("which data it is, only running the script tells") from error
            return None
        return None if found is None else _finished(found)

    def _is_data(self, node: ast.expr) -> bool:
        calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
        return any(self._values.called(call) in _METHODS - {"path"} for call in calls)

    def _read(self, node: ast.expr) -> Given | None:
        node = self._straight.followed(node)
        if isinstance(node, ast.Subscript):
            if isinstance(node.value, ast.Attribute) and node.value.attr == "datasets":
                return _asset(self._text(node.slice), None)
            return None
        if not isinstance(node, ast.Call):
            return None
        found = self._called(node)
        return None if found is None else replace(found, calls=(*found.calls, node))

    def _called(self, call: ast.Call) -> Given | None:
        called = self._values.called(call)
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if owner is not None and (found := self._of_owner(call, called, owner)) is not None:
            return found
        made = {
            "DatasetConsumptionConfig": self._consumption,
            "from_files": self._from_files,
            "DataReference": self._reference,
            "OutputFileDatasetConfig": self._output,
        }
        if called in made:
            return made[called](call)
        if called == "get_by_name":
            return _asset(self._known(call, "name", 1), self._optional(call, "version", 2))
        if called == "str" and len(call.args) == 1:
            return self._read(call.args[0])
        if called in _TABLES:
            raise NotAnInputError("a table that the script makes is no data asset")
        raise Unknown

    def _of_owner(self, call: ast.Call, called: str, owner: ast.expr) -> Given | None:
        """What a method of a dataset, an output or a datastore gives; None for any other."""
        if called in ("as_mount", "as_download", "as_upload", "as_hdfs", "as_named_input"):
            return self._handed_over(call, called, owner)
        if called in ("register", "register_on_complete"):
            return self._registered(call, called, owner)
        if called == "get" and isinstance(owner, ast.Attribute) and owner.attr == "datasets":
            return _asset(self._known(call, "name", 0), None)
        if called == "path" and (store := self._datastore(owner)) is not None:
            return _place(store, self._optional(call, "path", 0) or "", of_datastore=True)
        return None

    def _registered(self, call: ast.Call, called: str, owner: ast.expr) -> Given | None:
        base = self._read(owner)
        if base is None:
            return None
        name = self._known(call, "name", 0 if called == "register_on_complete" else 1)
        if base.direction == "outputs":
            return replace(base, spec={**base.spec, "name": name})
        return replace(_asset(name, None), calls=base.calls, mode=base.mode)

    def _known(self, call: ast.Call, name: str, position: int) -> str:
        node = self._values.given(call, name, position)
        if node is None:
            raise Unknown
        return self._text(node)

    def _optional(self, call: ast.Call, name: str, position: int) -> str | None:
        node = self._values.given(call, name, position)
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return None
        return self._text(node)

    def _text(self, node: ast.expr) -> str:
        node = self._straight.followed(node)
        match node:
            case ast.Constant(value=bool()):
                raise Unknown
            case ast.Constant(value=str() | int() as value):
                return str(value)
        text = self._values.text(node).value
        if text is None:
            raise Unknown
        return text

    def _handed_over(self, call: ast.Call, called: str, owner: ast.expr) -> Given | None:
        store = self._datastore(owner)
        if store is not None:
            return replace(_place(store, "", of_datastore=True), mode=called.removeprefix("as_"))
        base = self._read(owner)
        if base is None:
            return None
        if called == "as_named_input":
            return replace(base, name=self._known(call, "name", 0), mode=base.mode or "direct")
        return replace(base, mode=called.removeprefix("as_"))

    def _consumption(self, call: ast.Call) -> Given | None:
        node = self._values.given(call, "dataset", 1)
        base = None if node is None else self._read(node)
        if base is None:
            raise Unknown
        mode = self._optional(call, "mode", 2) or "direct"
        return replace(base, name=self._known(call, "name", 0), mode=mode)

    def _from_files(self, call: ast.Call) -> Given:
        node = self._values.given(call, "path", 0)
        if node is None:
            raise Unknown
        return self._at(node)

    def _at(self, node: ast.expr) -> Given:
        """What a path of a dataset stands for: ``(datastore, 'path')``, ``DataPath``, ``[…]`` of one of these."""
        node = self._straight.followed(node)
        parts: list[ast.expr] = []
        if isinstance(node, ast.List) and len(node.elts) == 1:
            return self._at(node.elts[0])
        if isinstance(node, ast.Tuple):
            parts = node.elts
        elif isinstance(node, ast.Call) and self._values.called(node) == "DataPath":
            found = [
                self._values.given(node, "datastore", 0),
                self._values.given(node, "path_on_datastore", 1),
            ]
            parts = [part for part in found if part is not None]
        elif isinstance(node, ast.Call) and self._values.called(node) == "path":
            base = self._called(node)
            if base is not None:
                return replace(base, of_datastore=False)
        if len(parts) != 2 or (store := self._datastore(parts[0])) is None:
            raise NotAnInputError("the files of this dataset are in no one folder of a datastore")
        return _place(store, self._text(parts[1]))

    def _reference(self, call: ast.Call) -> Given:
        node = self._values.given(call, "datastore", 0)
        store = None if node is None else self._datastore(node)
        if store is None:
            raise Unknown
        path = self._optional(call, "path_on_datastore", 2) or ""
        name = self._optional(call, "data_reference_name", 1)
        mode = self._optional(call, "mode", 3) or "mount"
        return replace(_place(store, path, of_datastore=True), name=name, mode=mode)

    def _output(self, call: ast.Call) -> Given:
        spec = {"type": "uri_folder"}
        node = self._values.given(call, "destination", 1)
        if node is not None:
            place = self._at(node)
            path = place.spec["path"].replace("{run-id}", "${{name}}")
            if "{" in path.replace("${{name}}", ""):
                raise NotAnInputError(
                    "the place of this output is put together when the run starts", "Name it."
                )
            spec["path"] = path
        return Given("outputs", self._optional(call, "name", 0), spec)

    def _datastore(self, node: ast.expr) -> str | None:
        """The name of a datastore; None when it is none."""
        node = self._straight.followed(node)
        if isinstance(node, ast.Subscript):
            of = node.value
            return (
                self._text(node.slice) if isinstance(of, ast.Attribute) and of.attr == "datastores" else None
            )
        if not isinstance(node, ast.Call):
            return None
        called, whole = self._values.called(node), self._values.dotted(node.func) or ""
        if called == "get_default_datastore":
            return _DEFAULT_DATASTORE
        if called == "Datastore" or whole.endswith("Datastore.get"):
            return self._known(node, "name" if called == "Datastore" else "datastore_name", 1)
        return None


def _asset(name: str, version: str | None) -> Given:
    tail = f"@{version or 'latest'}" if version in (None, "latest") else f":{version}"
    return Given("inputs", None, {"type": "uri_folder", "path": f"azureml:{name}{tail}"}, asset=name)


def _place(store: str, path: str, *, of_datastore: bool = False) -> Given:
    plain = re.sub(r"/\*\*$", "", path.replace("\\", "/")).strip("/")
    if re.search(r"[*?\[]", plain):
        raise NotAnInputError(f"{path} picks some files of a folder, and an input is a whole one")
    if re.search(r"[^/]\.[A-Za-z]\w{0,6}$", plain):
        raise NotAnInputError(f"{path} looks like one file, which SDK v1 hands over in a folder of its own")
    where = f"azureml://datastores/{store}/paths/{plain}{'/' if plain else ''}"
    return Given("inputs", None, {"type": "uri_folder", "path": where}, of_datastore=of_datastore)


def _finished(found: Given) -> Given:
    """With the mode, in the words of SDK v2.

    Raises:
        NotAnInputError: SDK v2 has no such mode.
    """
    if found.direction == "outputs":
        mode = {"upload": "upload", "mount": "rw_mount", None: "rw_mount"}.get(found.mode)
    elif found.mode is None:
        if not found.of_datastore:
            raise NotAnInputError("SDK v1 takes no dataset that is not mounted, downloaded or named")
        mode = "ro_mount"
    elif found.mode == "direct":
        if found.asset is None:
            raise NotAnInputError("the script gets the id of a dataset here, which SDK v2 has not")
        return replace(found, spec={**found.spec, "type": "mltable", "mode": "direct"})
    elif found.of_datastore and found.mode == "upload":
        return Given("outputs", found.name, {**found.spec, "mode": "upload"}, calls=found.calls)
    else:
        mode = {"mount": "ro_mount", "download": "download"}.get(found.mode)
    if mode is None:
        raise NotAnInputError(f"SDK v2 has no mode like as_{found.mode}", "Mount or download it.")
    return replace(found, spec={**found.spec, "mode": mode})
