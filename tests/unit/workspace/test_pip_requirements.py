"""pip requirement lines: what uv is told, and the files that they name."""

from pathlib import Path

import pytest

from scaffold.workspace.engine.requirements import (
    FolderSources,
    NoSources,
    SnapshotSources,
    Sources,
    UvInput,
    for_uv,
    with_files,
)
from scaffold.workspace.engine.specification import SourceFile, Specification, SpecificationError
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS
from scaffold.workspace.store.snapshots import Snapshot, SnapshotFile


def asked(*lines: str) -> Specification:
    return Specification("e", None, lines)


def given(*lines: str, folder: Path = Path("/nowhere")) -> UvInput:
    return for_uv(asked(*lines), folder)


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "numpy==1.26.4 --hash=sha256:aa --hash=sha256:bb",
        "token @ https://${TOKEN}@example.org/x.zip",
        "git+https://example.org/a/b.git@main#egg=b",
        "./folder",
        "-e ./folder",
        "-r other.txt",
        "--constraint limits.txt",
        "--index-url https://example.org/simple",
        "--extra-index-url=https://example.org/simple",
        "-f https://example.org/wheels",
        "--no-index",
        "--no-binary :all:",
        "--only-binary=numpy",
        "--require-hashes",
    ],
)
def test_what_uv_reads_like_pip_is_left_as_it_is(line: str):
    assert given(line).lines == (line,)
    assert given(line).flags == ()


def test_comments_are_left_out_and_continued_lines_joined():
    lines = ("# why", "", "numpy==1.26.4 \\", "    --hash=sha256:aa \\", "    --hash=sha256:bb", "six  # too")

    joined, six = given(*lines).lines
    assert joined.split() == ["numpy==1.26.4", "--hash=sha256:aa", "--hash=sha256:bb"]
    assert six == "six"


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("--pre", ("--prerelease", "allow")),
        ("--trusted-host example.org", ("--allow-insecure-host", "example.org")),
        ("--trusted-host=example.org:8080", ("--allow-insecure-host", "example.org:8080")),
    ],
)
def test_what_uv_takes_on_the_command_line_alone_is_put_there(line: str, flags: tuple[str, ...]):
    assert given(line, "numpy") == UvInput(("numpy",), flags)


@pytest.mark.parametrize("line", ["--prefer-binary", "--use-feature=fast-deps"])
def test_what_uv_does_in_any_case_or_never_is_left_out_and_said(line: str):
    assert given(line, "numpy").lines == ("numpy",)
    assert line in given(line, "numpy").dropped[0]


def test_a_folder_of_wheels_that_is_not_there_is_passed_over_as_by_pip(tmp_path: Path):
    (tmp_path / "wheels").mkdir()

    assert given("-f wheels", folder=tmp_path).lines == ("-f wheels",)
    assert given("-f nowhere", "--find-links /no/where", folder=tmp_path).lines == ()


def test_an_index_of_the_lines_own_replaces_the_configured_one_and_further_ones_are_all_looked_at():
    assert given("-i https://example.org/simple").own_index
    assert not given("--extra-index-url https://example.org/simple").own_index
    assert given("--extra-index-url https://example.org/simple").variables == {
        "UV_INDEX_STRATEGY": "unsafe-best-match"
    }


@pytest.mark.parametrize(
    "line", ["--upgrade", "-q", "--user numpy", "--index-url", "-r", "--", "-", "---x", "--find-links="]
)
def test_a_line_that_pip_would_not_take_is_refused(line: str):
    with pytest.raises(SpecificationError, match="is not a line that a pip requirements file takes"):
        given("numpy", line)


@pytest.mark.parametrize("option", ["--global-option", "--install-option", "--config-settings"])
def test_options_for_a_single_package_are_refused(option: str):
    with pytest.raises(SpecificationError, match=f"{option} has no counterpart in uv"):
        given(f'numpy {option}="x"')


@pytest.fixture
def snapshot(store: Store) -> Sources:
    """A run's snapshot."""
    texts = {
        "requirements/all.txt": "-r deeper/more.txt\n-c ../limits.txt\nnumpy\n",
        "requirements/deeper/more.txt": "-r ../all.txt\nsix\n",
        "limits.txt": "six<2\n",
        "package/setup.py": "",
        "x-1.0-py3-none-any.whl": "",
        "train.py": "",
    }
    files = [SnapshotFile(path, "", store.content.put(text.encode()), 0) for path, text in texts.items()]
    store.snapshots.add(Snapshot("id", "", {}), files)
    return SnapshotSources(store, "id")


def names(specification: Specification) -> list[str]:
    return [file.path for file in specification.files]


def test_files_of_requirements_are_found_from_where_they_are_named(store: Store, snapshot: Sources):
    whole = with_files(asked("-r requirements/all.txt"), store, snapshot)

    assert names(whole) == ["limits.txt", "requirements/all.txt", "requirements/deeper/more.txt"]
    assert "requirements/all.txt" in whole.notices[0]
    assert whole.key("") != asked("-r requirements/all.txt").key("")


@pytest.mark.parametrize(
    "line",
    ["-e ./package", "-e .", "./package[extra]", "x-1.0-py3-none-any.whl", "x @ ./x-1.0-py3-none-any.whl"],
)
def test_for_a_package_all_files_are_taken(store: Store, snapshot: Sources, line: str):
    assert names(with_files(asked(line), store, snapshot)) == sorted(snapshot.paths())


@pytest.mark.parametrize(
    "line", ["-r nowhere.txt", "-c nowhere.txt", "-e ./nowhere", "./nowhere.whl", "-r ../x"]
)
def test_a_file_that_is_not_there_is_said(store: Store, snapshot: Sources, line: str):
    with pytest.raises(SpecificationError, match="not among the run's"):
        with_files(asked(line), store, snapshot)
    with pytest.raises(SpecificationError, match="not among the run's"):
        with_files(asked(line), store, NoSources())


@pytest.mark.parametrize(
    "line",
    ["numpy", "-r https://example.org/r.txt", "-e git+https://example.org/a.git", "a @ https://e.org/a.whl"],
)
def test_what_names_no_file_needs_none(store: Store, snapshot: Sources, line: str):
    assert with_files(asked(line), store, snapshot) == asked(line)


def test_a_file_by_its_whole_path_is_read_where_it_is(store: Store, snapshot: Sources, tmp_path: Path):
    whole = with_files(asked(f"-r {tmp_path}/r.txt"), store, snapshot)

    assert whole.files == ()
    assert "from this machine" in whole.notices[0]


def test_files_of_a_folder_are_kept_as_they_are_now(store: Store, tmp_path: Path):
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "r.txt").write_text("six\n")

    whole = with_files(asked("-r r.txt"), store, FolderSources(store, folder))
    (folder / "r.txt").write_text("numpy\n")

    assert [store.content.path(file.sha256).read_text() for file in whole.files] == ["six\n"]
    with pytest.raises(SpecificationError, match="not among the run's"):
        with_files(asked("-r ../secret.txt"), store, FolderSources(store, folder))


@pytest.mark.parametrize("account", ["local.blob.core.local@", ""])
def test_a_private_wheel_is_taken_from_the_workspace_whatever_its_address_was(store: Store, account: str):
    sha256 = store.content.put(b"wheel")
    name = "Environment/azureml-private-packages/x-1.0-py3-none-any.whl"
    store.blobs.put(ARTIFACTS, name, sha256=sha256, size=5)
    url = f"https://{account}127.0.0.1:4711/azureml/{name}"

    for line in (url, f"x @ {url} ; python_version > '3'", f"{url}?sig=old"):
        whole = with_files(asked("six", line), store, NoSources())
        assert whole.files == (SourceFile(f".private/{sha256[:12]}/x-1.0-py3-none-any.whl", sha256),)
        assert whole.requirements[0] == "six"
        assert f"./.private/{sha256[:12]}/x-1.0-py3-none-any.whl" in whole.requirements[1]
        assert "127.0.0.1" not in whole.requirements[1]
        assert whole.notices == ()
    with pytest.raises(SpecificationError, match="upload it again"):
        with_files(asked(url.replace("x-1.0", "y-1.0")), store, NoSources())


def test_another_server_on_this_machine_is_left_to_uv(store: Store):
    line = "https://127.0.0.1:4711/simple/x-1.0-py3-none-any.whl"

    assert with_files(asked(line), store, NoSources()) == asked(line)
