"""Delivers the data of a run before its process starts: the files of its datasets, and folders for its outputs.

runs/<uuid>/data/inputs/<name>/      datasets without a path of their own
runs/<uuid>/data/outputs/<name>/     outputs without one
runs/<uuid>/data/references/<name>/  mounted data references: a whole datastore as far as it is asked for
runs/<uuid>/delivered                when all was there: what is changed later, the script has changed

Everything is a copy (a clone where the file system has such), whatever the script does to it: a link into
the content store would let a script damage what other runs share. What is mounted for reading is read-only.
"""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from scaffold.workspace.engine.data.configuration import (
    DIRECT,
    DOWNLOAD,
    LINK,
    MOUNT,
    UPLOAD,
    Input,
    Output,
    Reference,
    RunData,
    is_too_long,
)
from scaffold.workspace.engine.data.dataflow import (
    DataError,
    Definition,
    Source,
    definition_text,
    delivered_name,
    folder_prefix,
    read_definition,
)
from scaffold.workspace.engine.data.helpers import Reader, Stopped, download
from scaffold.workspace.engine.data.places import Places, place_of
from scaffold.workspace.engine.data.placing import journal, make_read_only, mark
from scaffold.workspace.engine.keeping import files_under, name_below
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, DATASTORE, Blob
from scaffold.workspace.store.datastores import OWN, OWN_ARTIFACTS

DELIVERED = "delivered"
_PAGE = 500

Note = Callable[[str], None]


class RunFolder(Protocol):
    """What has to be known of a run's folder: itself, its working directory, and where its data is."""

    path: Path
    work: Path
    data: Path


class Found(msgspec.Struct, frozen=True):
    """A file of a dataset: its name where it is delivered, and where it comes from.

    Attributes:
        copied: the store's file,
        address: or its address on the web,
        moved: or a file that nobody else needs.
    """

    name: str
    copied: Path | None = None
    address: str = ""
    moved: Path | None = None


class Delivery:
    """Delivers the data of one run.

    Args:
        store: where the files are.
        folder: the run's folder.
        reader: delivers the datasets that only it can.
        stopped: whether the run is to be ended.
        note: told a sentence of every step.
    """

    def __init__(
        self, store: Store, folder: RunFolder, reader: Reader, stopped: Callable[[], bool], note: Note
    ) -> None:
        self._store = store
        self._folder = folder
        self._reader = reader
        self._stopped = stopped
        self._note = note

    def deliver(self, data: RunData, run_id: str) -> Places:
        """Puts everything in its place and says where that is.

        Raises:
            DataError: something is not there, or cannot be put where it was asked for.
            Stopped: see there.
            OSError: the disk is full, or a path is not ours to write to.
        """
        inputs = {
            asked.name: (asked.variable, asked.mode.capitalize(), self._input(asked)) for asked in data.inputs
        }
        places = places_of(self._folder, data)
        for output in data.outputs:
            if output.mode != LINK:
                self._output(output, output_root(self._folder, output), run_id)
        for reference in data.references:
            self._reference(reference)
        if data:
            mark(self._folder.path / DELIVERED)
        return msgspec.structs.replace(places, inputs=inputs)

    def _input(self, asked: Input) -> str:
        assert asked.saved_id is not None  # noqa: S101  (settled at submission)
        if asked.mode == DIRECT:
            self._note(f"Input {asked.name!r}: the dataset {asked.saved_id} itself")
            return asked.saved_id
        saved = self._store.datasets.saved(asked.saved_id)
        if saved is None:
            raise DataError(f"Input {asked.name!r}: there is no dataset {asked.saved_id}.")
        definition = read_definition(definition_text(saved.dataflow))
        target = place_of(asked.place, self._folder.data / "inputs" / asked.name, self._folder.work)
        if asked.mode == MOUNT and target.is_dir() and any(target.iterdir()):
            raise DataError(
                f"Input {asked.name!r} cannot be mounted at {target}, which is not empty.\n"
                "Give it a path of its own, or none."
            )
        what = f"Input {asked.name!r}"
        if definition.others:
            found = self._read(asked, definition.others[0])
        else:
            found = sliced(self._files(what, definition), definition.slices)
        count = self._place(what, target, found, overwrite=asked.overwrite)
        if asked.mode == MOUNT:
            make_read_only(target, folders=target.is_relative_to(self._folder.path))
        self._note(f"{what}: {count} files at {target} ({asked.mode})")
        single = single_file(self._store, definition)
        return str(target / single) if single else str(target)

    def _read(self, asked: Input, step: str) -> Iterator[Found]:
        """Has the reader choose the files, which are then put where they are to be like all others."""
        what, own = f"Input {asked.name!r}", self._folder.data / "read" / asked.name
        own.mkdir(parents=True)
        self._note(
            f"{what}: its files are chosen by {step!r}, which the reader does in the run's environment"
        )
        try:
            self._reader.download(asked.saved_id or "", own, self._stopped)
        except DataError as error:
            raise DataError(f"{what}: its files are chosen by {step!r}, and {error}.") from None
        for path in files_under(own):
            yield Found(name_below(path, own), moved=path)

    def _files(self, what: str, definition: Definition) -> Iterator[Found]:
        alone = len(definition.sources) == 1
        for source in definition.sources:
            if not source.datastore:
                yield Found(delivered_name(source, source.path, alone=alone), address=source.path)
                continue
            blob = None
            for blob in blobs_of(self._store, source):
                yield Found(
                    delivered_name(source, blob.name, alone=alone), self._store.blobs.require_file(blob)
                )
            if blob is None:
                raise DataError(
                    f"{what}: there is nothing at {source.path!r} in the datastore {source.datastore}."
                )

    def _place(self, what: str, target: Path, found: Iterator[Found], *, overwrite: bool) -> int:
        count = 0
        made = not target.exists()
        # Sources may name the same file twice; only what was there before is not replaced.
        overwrite = overwrite or made or not any(target.iterdir())
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        with journal(self._folder.path, target, made=made) as placed:
            for file in found:
                if self._stopped():
                    raise Stopped
                path = target / checked(what, file.name)
                if path.exists() and not overwrite:
                    raise DataError(
                        f"{what} cannot be put at {target}: there is a file {file.name!r} already.\n"
                        "Give it a path of its own, or none."
                    )
                placed(file.name)
                self._write(what, file, path)
                count += 1
        return count

    def _write(self, what: str, file: Found, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise DataError(f"{what}: a part of {file.name!r} is a file and a folder at once.") from None
        if path.is_dir():
            raise DataError(f"{what}: {file.name!r} is a file and a folder at once.")
        if file.copied is not None:
            shutil.copyfile(file.copied, path)
        elif file.moved is not None:
            shutil.move(file.moved, path)
        else:
            self._fetch(what, file.address, path)

    def _fetch(self, what: str, address: str, path: Path) -> None:
        try:
            download(address, path, self._stopped)
        except DataError as error:
            raise DataError(f"{what}: {error}.") from None

    def _output(self, output: Output, target: Path, run_id: str) -> None:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        count = 0
        if output.mode == MOUNT:
            # Who mounts a folder to write to it sees what is in it.
            source = Source(OWN, folder_prefix(output.folder(run_id)))
            names = (
                (delivered_name(source, blob.name, alone=True), blob)
                for blob in blobs_of(self._store, source)
            )
            found = (
                Found(name, self._store.blobs.require_file(blob))
                for name, blob in names
                if not (target / name).exists()
            )
            count = self._place(f"Output {output.name!r}", target, found, overwrite=False)
        there = f", with {count} files that are there" if count else ""
        self._note(
            f"Output {output.name!r}: {target} for {OWN}/{output.folder(run_id)} ({output.mode}){there}"
        )

    def _reference(self, reference: Reference) -> None:
        what = f"Data reference {reference.name!r}"
        root = reference_root(self._folder, reference)
        if reference.mode == UPLOAD:
            root.parent.mkdir(parents=True, exist_ok=True)
            return
        source = Source(OWN, reference.path)
        found = (
            Found(blob.name, self._store.blobs.require_file(blob)) for blob in blobs_of(self._store, source)
        )
        if reference.mode == DOWNLOAD and not reference.overwrite:
            found = (file for file in found if not (root / file.name).exists())
        count = self._place(what, root, found, overwrite=True)
        self._note(f"{what}: {count} files of {OWN}/{reference.path} at {root} ({reference.mode})")


def places_of(folder: RunFolder, data: RunData) -> Places:
    """Where a run's outputs and references are; the same before and after it."""
    return Places(
        outputs={
            output.name: str(output_value(folder, output)) for output in data.outputs if output.mode != LINK
        },
        links=[output.name for output in data.outputs if output.mode == LINK],
        references={reference.name: str(reference_value(folder, reference)) for reference in data.references},
    )


def output_root(folder: RunFolder, output: Output) -> Path:
    """The folder that an output is collected from."""
    return place_of(output.place, folder.data / "outputs" / output.name, folder.work)


def output_value(folder: RunFolder, output: Output) -> Path:
    """What an output's variable says: the folder, or the file that the output is."""
    root = output_root(folder, output)
    return root / output.asset.file if output.asset and output.asset.file else root


def reference_root(folder: RunFolder, reference: Reference) -> Path:
    """The folder that stands for the datastore; of an upload, the file or folder that is uploaded."""
    if reference.mode == UPLOAD:
        return place_of(reference.place, folder.work, folder.work)
    datastore = folder.work / OWN
    own = folder.data / "references" / reference.name if reference.mode == MOUNT else datastore
    return place_of(reference.place, own, datastore)


def reference_value(folder: RunFolder, reference: Reference) -> Path:
    """What a data reference's variable says."""
    root = reference_root(folder, reference)
    return root if reference.mode == UPLOAD else root / reference.path


def blobs_of(store: Store, source: Source) -> Iterator[Blob]:
    """The written blobs that a source in a datastore names, by name; read page by page."""
    container = _container(source)
    if source.literal and source.path and not source.path.endswith("/"):
        blob = store.blobs.get(container, source.path)
        if blob is not None and blob.written:
            yield blob
            return
    prefix = folder_prefix(source.path) if source.literal else source.head
    after = ""
    while page := store.blobs.under(container, prefix, after=after, limit=_PAGE):
        for blob in page:
            if blob.written and (source.literal or source.matches(blob.name)):
                yield blob
        after = page[-1].name


def _container(source: Source) -> str:
    return ARTIFACTS if source.datastore == OWN_ARTIFACTS else DATASTORE


def single_file(store: Store, definition: Definition) -> str | None:
    """The delivered name of the file when the dataset was made from the path of one; the path is that file's then."""
    if not definition.plain or len(definition.sources) != 1:
        return None
    source = definition.sources[0]
    if source.datastore:
        if not source.literal or source.path.endswith("/"):
            return None
        blob = store.blobs.get(_container(source), source.path)
        if blob is None or not blob.written:
            return None
    return delivered_name(source, source.path, alone=True)


def sliced(found: Iterator[Found], slices: list[tuple[str, int]]) -> Iterator[Found]:
    """The files that are left after skips and takes."""
    for kind, count in slices:
        found = itertools.islice(found, count) if kind == "take" else itertools.islice(found, count, None)
    return found


def checked(what: str, name: str) -> Path:
    """A delivered name as a path.

    Raises:
        DataError: it would lead out of the folder that it is put into, or no file can be called so.
    """
    parts = name.replace("\\", "/").split("/") if os.name == "nt" else name.split("/")
    if "" in parts or {".", ".."} & set(parts) or "\x00" in name or any(map(is_too_long, parts)):
        raise DataError(f"{what}: a file cannot be called {name!r}.")
    return Path(*parts)
