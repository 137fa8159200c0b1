"""Templates of others for tests, written as trees of files, and projects made from them."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from scaffold.errors import UsageError
from scaffold.generate import ForeignTemplate, Generated, Replies, generate_from

PROJECT = "{{cookiecutter.project_slug}}"


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def read(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def template(tmp_path: Path, variables: dict[str, object], files: dict[str, str | bytes]) -> Path:
    """A cookiecutter template, its files written below the folder named by project_slug."""
    content = {"cookiecutter.json": json.dumps({"project_slug": "x", **variables})}
    inside = {
        name if name.startswith("hooks/") else f"{PROJECT}/{name}": text for name, text in files.items()
    }
    return write(tmp_path / "template", {**content, **inside})


def make(tmp_path: Path, location: Path | str, **options: object) -> Generated:
    given = {key: options.pop(key) for key in ("trust", "checkout", "directory") if key in options}
    replies = Replies(options.pop("variables", {}), options.pop("ask", None), options.pop("name", "exp"))
    return generate_from(ForeignTemplate(str(location), **given), tmp_path / "out", replies, **options)


def refused(tmp_path: Path, location: Path | str, **options: object) -> tuple[str, str]:
    """The error, after which nothing of the project or of the way to it is left."""
    with pytest.raises(UsageError) as caught:
        make(tmp_path, location, **options)
    assert not (tmp_path / "out").exists()
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value.message, caught.value.hint


def bytes_of(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def zipped(source: Path) -> Path:
    path = source.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("top/") if hasattr(archive, "mkdir") else archive.writestr("top/", "")
        for file in source.rglob("*"):
            archive.write(file, Path("top") / file.relative_to(source))
    return path


def repository(source: Path) -> str:
    def git(*command: str) -> None:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *command], cwd=source, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--message", "one")
    git("tag", "v1")
    write(source, {f"{PROJECT}/f": "two"})
    git("commit", "--all", "--message", "two")
    return f"git+file://{source}"
