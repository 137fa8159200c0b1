"""What a run wrote to its outputs: kept as far as it may be, and as often as it takes."""

import os
from pathlib import Path

import pytest

from scaffold.workspace.engine.data.configuration import Output, Reference, RunData
from scaffold.workspace.engine.data.dataflow import DataError, definition_text
from scaffold.workspace.engine.data.outputs import Collection
from scaffold.workspace.engine.data.places import Places
from scaffold.workspace.engine.jobs import JobFolder
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import DATASTORE
from scaffold.workspace.store.runs import Run
from tests.unit.workspace.data.conftest import deliver, fill

links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


def output(mode: str = "mount", place: str | None = None, **fields) -> Output:
    settings = {
        "name": "o",
        "mode": mode,
        "destination": "out/{run-id}",
        "place": place,
        "overwrite": False,
        "globs": [],
        "registration": None,
        "steps": [],
        "tabular": False,
        "properties": {},
    }
    return Output(**settings | fields)


def collect(
    store: Store,
    folder: JobFolder,
    run: Run,
    data: RunData,
    *,
    completed: bool = True,
    canceled: bool = False,
) -> list[str]:
    """Collects, and returns the warnings."""
    collection = Collection(store, WorkspaceName(), folder, run, folder.note_data)
    collection.collect(data, completed=completed, canceled=canceled)
    return collection.warnings


def place(store: Store, folder: JobFolder, data: RunData) -> Path:
    return Path(deliver(store, folder, data).outputs["o"])


def kept(store: Store, prefix: str = "out/") -> dict[str, str]:
    found = {}
    for blob in store.blobs.under(DATASTORE, prefix):
        assert blob.sha256 is not None
        found[blob.name] = store.content.path(blob.sha256).read_text(encoding="utf-8")
    return found


def test_collecting_again_changes_nothing(store: Store, folder: JobFolder, run: Run):
    data = RunData(outputs=[output("upload", registration=("name", "text", {"k": "v"}))])
    (place(store, folder, data) / "ü ü.txt").write_text("u")

    for _ in range(2):
        collect(store, folder, run, data)

    assert kept(store) == {"out/r/ü ü.txt": "u"}
    version = store.datasets.by_name("name")
    assert version is not None
    assert (version.version, version.description, version.tags, version.saved.kind) == (
        1,
        "text",
        {"k": "v"},
        "file",
    )
    assert "paths/out/r" in definition_text(version.saved.dataflow)
    (lineage,) = store.runs.require("r").recorded["outputDatasets"]
    assert lineage == {
        "identifier": {
            "savedId": version.saved.saved_id,
            "registeredId": version.dataset_id,
            "registeredVersion": "1",
        },
        "outputType": "RunOutput",
        "outputDetails": {"outputName": "o", "mechanism": "Upload"},
    }


def test_a_run_that_never_got_its_data_has_nothing_to_collect(store: Store, folder: JobFolder, run: Run):
    collect(store, folder, run, RunData(outputs=[output(registration=("name", None, {}))]))

    assert store.datasets.by_name("name") is None


@pytest.mark.parametrize(("mode", "found"), [("mount", {"out/r/f": "f"}), ("upload", {})])
def test_of_a_run_that_has_failed_mounts_are_kept_and_nothing_is_registered(
    store: Store, folder: JobFolder, run: Run, mode: str, found: dict[str, str]
):
    data = RunData(outputs=[output(mode, registration=("name", None, {}))])
    (place(store, folder, data) / "f").write_text("f")

    collect(store, folder, run, data, completed=False)

    assert kept(store) == found
    assert store.datasets.by_name("name") is None
    assert len(store.runs.require("r").recorded.get("outputDatasets", [])) == len(found)


def test_one_refused_upload_does_not_cost_the_other_outputs(store: Store, folder: JobFolder, run: Run):
    fill(store, {"out/taken/f": "before"})
    data = RunData(
        outputs=[
            output("upload", destination="out/taken"),
            output("upload", name="p", destination="out/free"),
        ]
    )
    places = deliver(store, folder, data).outputs
    for path in places.values():
        Path(path, "f").write_text("f")

    with pytest.raises(DataError, match="there is a file workspaceblobstore/out/taken/f already"):
        collect(store, folder, run, data)

    assert kept(store) == {"out/taken/f": "before", "out/free/f": "f"}


def test_files_that_were_there_are_left_alone(store: Store, folder: JobFolder, run: Run):
    fill(store, {"out/shared/old": "old", "out/shared/changed": "c"})
    data = RunData(outputs=[output("mount", destination="out/shared")])
    root = place(store, folder, data)
    fill(store, {"out/shared/old": "by another run meanwhile"})
    (root / "changed").write_text("by this run")

    collect(store, folder, run, data)

    assert kept(store) == {"out/shared/old": "by another run meanwhile", "out/shared/changed": "by this run"}


def test_of_a_folder_outside_only_what_the_run_made_is_uploaded(
    store: Store, folder: JobFolder, run: Run, tmp_path: Path
):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "old").write_text("of another run")
    data = RunData(outputs=[output("upload", place=str(tmp_path / "results"))])
    (place(store, folder, data) / "new").write_text("new")

    collect(store, folder, run, data)
    folder.clear()

    assert kept(store) == {"out/r/new": "new"}
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"old", "new"}


@links
def test_links_out_of_the_run_are_not_followed(store: Store, folder: JobFolder, run: Run, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    data = RunData(outputs=[output()])
    root = place(store, folder, data)
    (root / "file").symlink_to(secret / "key")
    (root / "folder").symlink_to(secret, target_is_directory=True)
    (root / "job").symlink_to(folder.records / "job.json")
    (folder.work / "weights").write_text("w")
    (root / "own").symlink_to(folder.work / "weights")
    (folder.records / "job.json").write_text("holds the run's token")

    collect(store, folder, run, data)

    assert kept(store) == {"out/r/own": "w"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_no_datastore_can_hold_is_kept_under_another(store: Store, folder: JobFolder, run: Run):
    data = RunData(outputs=[output()])
    root = place(store, folder, data)
    (root / "line\nbreak").write_text("x")
    (root / "fine").write_text("f")

    assert list(collect(store, folder, run, data)) == []

    assert kept(store) == {"out/r/fine": "f", "out/r/line\ufffdbreak": "x"}


def test_a_table_is_registered_with_its_steps(store: Store, folder: JobFolder, run: Run):
    steps = [{"read_delimited": {"delimiter": ","}}]
    data = RunData(outputs=[output(steps=steps, tabular=True, registration=("t", None, {}))])
    place(store, folder, data)

    collect(store, folder, run, data)

    version = store.datasets.by_name("t")
    assert version is not None
    assert version.saved.kind == "tabular"
    assert "read_delimited" in definition_text(version.saved.dataflow)


def test_a_linked_output_is_registered_when_the_script_has_linked_one(
    store: Store, folder: JobFolder, run: Run
):
    data = RunData(outputs=[output("link", registration=("linked", None, {}))])
    assert deliver(store, folder, data) == Places(links=["o"])

    (warning,) = collect(store, folder, run, data)
    saved = store.datasets.save("file", "{}", {})
    entry = {"identifier": {"savedId": saved.saved_id}, "outputDetails": {"outputName": "o"}}
    store.runs.add_recorded("r", "outputDatasets", [entry])
    assert collect(store, folder, run, data) == []

    assert "was not linked" in warning
    version = store.datasets.by_name("linked")
    assert version is not None
    assert version.saved == saved


def test_references_are_collected_by_their_mode(store: Store, folder: JobFolder, run: Run):
    fill(store, {"out/in/old": "old", "out/up/there": "there"})
    references = [
        Reference("m", "mount", "out/in", None, False),
        Reference("u", "upload", "out/up", "results", False),
        Reference("d", "download", "out/in", None, False),
    ]
    data = RunData(references=references)
    places = deliver(store, folder, data).references
    Path(places["m"], "new").write_text("new")
    Path(places["d"], "ignored").write_text("not written back")
    Path(places["u"]).mkdir()
    Path(places["u"], "there").write_text("again")
    Path(places["u"], "more").write_text("more")

    assert collect(store, folder, run, data, completed=False, canceled=True) == []
    assert kept(store) == {"out/in/old": "old", "out/in/new": "new", "out/up/there": "there"}

    (warning,) = collect(store, folder, run, data, completed=False)
    assert "out/up/there is there already" in warning
    assert kept(store) == {
        "out/in/old": "old",
        "out/in/new": "new",
        "out/up/there": "there",
        "out/up/more": "more",
    }
