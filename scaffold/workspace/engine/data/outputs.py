"""Collects what a run wrote to its outputs, once its process is over, and makes datasets of it.

What is mounted is kept however the run ended, since a file that was written to a mount is in the datastore
at once; only what the script made or changed, so that files that were there before are left alone. An
upload is kept when the run has succeeded (``OutputFileDatasetConfig.as_upload``); that of a data reference
also when its script has failed. A dataset is registered when the run has succeeded.

Everything may be done twice: the service can be killed in the middle, and the next one does it again.
"""

import fnmatch
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scaffold.workspace.engine.data.configuration import (
    LINK,
    MOUNT,
    UPLOAD,
    Output,
    OutputAsset,
    Reference,
    RunData,
)
from scaffold.workspace.engine.data.dataflow import DataError, datastore_address, folder_definition
from scaffold.workspace.engine.data.delivery import DELIVERED, RunFolder, output_root, reference_root
from scaffold.workspace.engine.data.settling import identifier
from scaffold.workspace.engine.keeping import files_under, keep, name_below
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import DATASTORE
from scaffold.workspace.store.datasets import DatasetVersion, SavedDataset
from scaffold.workspace.store.datastores import OWN
from scaffold.workspace.store.pathnames import is_safe
from scaffold.workspace.store.registration import Place, data_document, register_data, register_model
from scaffold.workspace.store.runs import Run

Note = Callable[[str], None]


class Collection:
    """Collects the data of one run.

    Args:
        store: where it goes.
        workspace: what the workspace is called.
        folder: the run's folder.
        run: the run.
        note: told a sentence of every step.
        settled: True when nothing writes to the run's folder any more, so that nothing need be copied.

    Attributes:
        warnings: a sentence for everything that could not be kept.
    """

    def __init__(  # noqa: PLR0913  (what a collection is made of)
        self,
        store: Store,
        workspace: WorkspaceName,
        folder: RunFolder,
        run: Run,
        note: Note,
        *,
        settled: bool = False,
    ) -> None:
        self._store = store
        self._workspace = workspace
        self._folder = folder
        self._run = run
        self._note = note
        self._settled = settled
        self.warnings: list[str] = []

    def collect(self, data: RunData, *, completed: bool, canceled: bool) -> None:
        """Keeps the files, and records and registers the datasets that they are.

        Args:
            data: what the run's configuration asks for.
            completed: whether its process has succeeded.
            canceled: whether it was ended instead of ending itself.

        Raises:
            DataError: an upload would replace files that it may not replace; the other outputs are kept.
        """
        if not (self._folder.path / DELIVERED).exists():
            return
        refused = []
        for reference in data.references:
            if reference.mode == MOUNT or (reference.mode == UPLOAD and not canceled):
                self._reference(reference)
        for output in data.outputs:
            try:
                self._output(output, completed=completed)
            except DataError as error:
                refused.append(error)
        if refused:
            raise refused[0]

    def _output(self, output: Output, *, completed: bool) -> None:
        if output.mode == LINK:
            if completed and output.registration:
                self._register_linked(output)
            return
        if output.mode == UPLOAD and not completed:
            self._note(f"Output {output.name!r}: not uploaded, since the run has not succeeded")
            return
        folder, root = output.folder(self._run.run_id), output_root(self._folder, output)
        count = self._keep(self._of_output(output, root), root, folder, self._may_replace(output))
        definition = folder_definition(self._workspace, OWN, folder, output.steps)
        saved = self._store.datasets.save(
            "tabular" if output.tabular else "file", definition, output.properties
        )
        version = self._register(output, saved) if completed else None
        self._record(output, saved, version)
        named = f", registered as {version.name} version {version.version}" if version else ""
        if completed and output.asset is not None and output.asset.name:
            named = f", registered as {self._register_asset(output, output.asset)}"
        self._note(
            f"Output {output.name!r}: {count} files to {OWN}/{folder}; dataset {saved.saved_id}{named}"
        )

    def _of_output(self, output: Output, root: Path) -> Iterator[Path]:
        """The files that an output consists of; at a path outside the run's folder, those that it made."""
        fresh = output.mode == MOUNT or not root.is_relative_to(self._folder.path)
        for path in self._changed(root) if fresh else self._all(root):
            if not output.globs or any(_fits(path, root, pattern) for pattern in output.globs):
                yield path

    def _all(self, root: Path) -> Iterator[Path]:
        return files_under(root, self._folder.work, self._folder.path / "data")

    def _changed(self, root: Path) -> Iterator[Path]:
        since = (self._folder.path / DELIVERED).stat().st_mtime_ns
        for path in self._all(root):
            state = path.stat()
            if max(state.st_mtime_ns, state.st_ctime_ns) >= since:
                yield path

    def _may_replace(self, output: Output) -> Callable[[str, Path], bool]:
        def decide(name: str, path: Path) -> bool:
            if output.mode == MOUNT or output.overwrite or self._is_content_of(name, path):
                return True
            raise DataError(
                f"Output {output.name!r} could not be uploaded: there is a file {OWN}/{name} already.\n"
                "Pass as_upload(overwrite=True), or a destination with {run-id} in it."
            )

        return decide

    def _is_content_of(self, name: str, path: Path) -> bool:
        """Whether there is no blob of that name, or one with the very content of the file."""
        blob = self._store.blobs.get(DATASTORE, name)
        if blob is None or not blob.written:
            return True
        return blob.size == path.stat().st_size and self._store.content.take(path)[0] == blob.sha256

    def _reference(self, reference: Reference) -> None:
        root = reference_root(self._folder, reference)
        if reference.mode == MOUNT:
            count = self._keep(self._changed(root), root, "", lambda *_: True)
        elif root.is_file() and not root.is_symlink():
            count = self._keep(iter([root]), root.parent, reference.path, self._unless_there(reference))
        else:
            files = self._all(root) if root.is_relative_to(self._folder.path) else self._changed(root)
            count = self._keep(files, root, reference.path, self._unless_there(reference))
        if count or reference.mode == UPLOAD:
            self._note(f"Data reference {reference.name!r}: {count} files to {OWN}/{reference.path}")

    def _unless_there(self, reference: Reference) -> Callable[[str, Path], bool]:
        def decide(name: str, path: Path) -> bool:
            if reference.overwrite or self._is_content_of(name, path):
                return True
            self.warnings.append(f"{OWN}/{name} is there already and was not replaced.")
            return False

        return decide

    def _keep(self, files: Iterator[Path], root: Path, folder: str, may: Callable[[str, Path], bool]) -> int:
        count = 0
        for path in files:
            name = "/".join(filter(None, (folder, name_below(path, root))))
            if not is_safe(name):
                self.warnings.append(f"{name!r} is no name for a file in a datastore; it was not kept.")
                continue
            try:
                if may(name, path):
                    settled = self._settled and path.is_relative_to(self._folder.path)
                    keep(self._store, DATASTORE, name, path, settled=settled)
                    count += 1
            except PermissionError:
                self.warnings.append(f"{path} could not be read and was not kept.")
        return count

    def _register(self, output: Output, saved: SavedDataset) -> DatasetVersion | None:
        if output.registration is None:
            return None
        name, description, tags = output.registration
        return self._store.datasets.register(name, saved, description, tags)

    def _register_asset(self, output: Output, asset: OutputAsset) -> str:
        """Registers what azure-ai-ml knows as a data asset or a model."""
        path = "/".join(filter(None, (output.folder(self._run.run_id), asset.file)))
        address = datastore_address(self._workspace, OWN, path)
        name = asset.name or output.name
        if asset.is_model:
            model = register_model(
                self._store, name, asset.version, Place(DATASTORE, path, address), asset.asset_type,
                run_id=self._run.run_id, description=asset.description,
            )  # fmt: skip
            return f"the model {model.name} version {model.version}"
        data = register_data(
            self._store, name, asset.version, data_document(asset.asset_type, address, asset.description)
        )
        return f"{data.name} version {data.version}"

    def _register_linked(self, output: Output) -> None:
        """Registers the dataset that the script has linked (``run.output_datasets[NAME].link``)."""
        lineage = self._store.runs.require(self._run.run_id).recorded.get("outputDatasets", [])
        for entry in lineage:
            if (entry.get("outputDetails") or {}).get("outputName") == output.name:
                saved = self._store.datasets.saved((entry.get("identifier") or {}).get("savedId") or "")
                if saved is not None:
                    self._register(output, saved)
                    return
        self.warnings.append(f"Output {output.name!r} was not linked to a dataset, so none was registered.")

    def _record(self, output: Output, saved: SavedDataset, version: DatasetVersion | None) -> None:
        entry: dict[str, Any] = {
            "identifier": identifier(saved, version),
            "outputType": "RunOutput",
            "outputDetails": {"outputName": output.name, "mechanism": output.mode.capitalize()},
        }
        self._store.runs.add_recorded(self._run.run_id, "outputDatasets", [entry])


def _fits(path: Path, root: Path, pattern: str) -> bool:
    """Whether a pattern names the file, by its whole path or by its path in the folder (``*`` crosses folders)."""
    return fnmatch.fnmatch(path.as_posix(), pattern) or fnmatch.fnmatch(name_below(path, root), pattern)
