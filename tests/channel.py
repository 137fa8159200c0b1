"""A conda channel on disk, with real packages of both formats, and a real Python among them.

The Python is the interpreter at hand, packaged: its executable, its library and its standard library.
"""

import bz2
import hashlib
import io
import json
import platform
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import zstandard

_MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
_LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "turtledemo", "tkinter", "site-packages", "dist-packages"}
_LEFT_OUT |= {"__pycache__", "ensurepip", "EXTERNALLY-MANAGED"}

PYTHON = platform.python_version()
"""The version of the Python that a channel has."""

Files = dict[str, bytes | Path]


def subdir() -> str:
    """conda's name for this platform."""
    system = {"linux": "linux", "darwin": "osx"}[sys.platform]
    machine = {"x86_64": "64", "aarch64": "aarch64", "arm64": "arm64"}[platform.machine()]
    return f"{system}-{machine}"


class Channel:
    """A channel in a folder.

    Attributes:
        root: the folder.
        url: its address.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = root.as_uri()
        self._records: dict[str, dict[str, Any]] = {"noarch": {}, subdir(): {}}
        for name in self._records:
            (root / name).mkdir(parents=True)
            self._index(name)

    def add(self, name: str, version: str, files: Files, *, depends: tuple[str, ...] = (), **record) -> None:
        """Adds a package.

        Args:
            name, version: of the package; ``build`` may be given too.
            files: what it installs, by relative path.
            depends: match specifications.
            record: ``noarch="python"`` for a package of any platform, and other fields of ``index.json``.
        """
        folder = "noarch" if "noarch" in record else subdir()
        form = record.pop("form", ".conda")
        index = {
            "name": name,
            "version": version,
            "build": "0",
            "build_number": 0,
            "depends": list(depends),
            "subdir": folder,
            "timestamp": 1700000000000,
        } | record
        stem = f"{name}-{version}-{index['build']}"
        package = self.root / folder / f"{stem}{form}"
        information: Files = {
            "info/index.json": json.dumps(index).encode(),
            "info/paths.json": _paths(files),
            "info/files": "\n".join(sorted(files)).encode(),
        }
        if form == ".conda":
            compressor = zstandard.ZstdCompressor(level=1)
            with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
                archive.writestr(f"pkg-{stem}.tar.zst", compressor.compress(_tar(files)))
                archive.writestr(f"info-{stem}.tar.zst", compressor.compress(_tar(information)))
        else:
            package.write_bytes(bz2.compress(_tar(files | information), 1))
        data = package.read_bytes()
        self._records[folder][package.name] = index | {
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": len(data),
        }
        self._index(folder)

    def add_python(self) -> None:
        """Adds the interpreter at hand as the package ``python``."""
        prefix = Path(sys.base_prefix)
        program = (prefix / "bin" / f"python{_MINOR}").resolve()
        files: Files = {f"bin/{name}": program for name in ("python", "python3", f"python{_MINOR}")}
        if sysconfig.get_config_var("Py_ENABLE_SHARED"):
            library = sysconfig.get_config_var("INSTSONAME")
            files[f"lib/{library}"] = Path(sysconfig.get_config_var("LIBDIR"), library)
        root = Path(sysconfig.get_path("stdlib"))
        for path in root.rglob("*"):
            parts = path.relative_to(root).parts
            if path.is_file() and not _LEFT_OUT & set(parts) and not parts[0].startswith("config-"):
                files[f"lib/python{_MINOR}/{'/'.join(parts)}"] = path.resolve()
        self.add("python", PYTHON, files)

    def _index(self, folder: str) -> None:
        records = self._records[folder]
        document = {
            "info": {"subdir": folder},
            "packages": {name: record for name, record in records.items() if name.endswith(".bz2")},
            "packages.conda": {name: record for name, record in records.items() if name.endswith(".conda")},
            "repodata_version": 1,
        }
        (self.root / folder / "repodata.json").write_text(json.dumps(document))


def _tar(files: Files) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            if isinstance(content, Path):
                archive.add(content, name, recursive=False)
                continue
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755 if name.startswith("bin/") else 0o644
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _paths(files: Files) -> bytes:
    entries = []
    for name, content in sorted(files.items()):
        data = content.read_bytes() if isinstance(content, Path) else content
        digest = hashlib.sha256(data).hexdigest()
        entries.append({"_path": name, "path_type": "hardlink", "sha256": digest, "size_in_bytes": len(data)})
    return json.dumps({"paths": entries, "paths_version": 1}).encode()
