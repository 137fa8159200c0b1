"""A user's own conda configuration: which channels there are, where they are, and how they are reached.

Source: conda's documentation of ``.condarc`` and of its search path; what is read of it is what decides
where packages come from.
"""

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from scaffold.words import masked
from scaffold.workspace.engine.matchspec import channel_of, read_match
from scaffold.workspace.engine.specification import Conda, SpecificationError

_ALIAS = "https://conda.anaconda.org"
_MAIN = "https://repo.anaconda.com/pkgs"
_DEFAULTS = (f"{_MAIN}/main", f"{_MAIN}/r", *((f"{_MAIN}/msys2",) if os.name == "nt" else ()))
# Where packages are that anybody can have: what is named like one of theirs is meant to be public.
_PUBLIC_HOSTS = ("conda.anaconda.org", "repo.anaconda.com", "repo.prefix.dev", "prefix.dev")
_UNCONFIGURED = "conda-forge"
_SYSTEM = ("/etc/conda", "/var/lib/conda")
_SUBDIR = re.compile(r"/(noarch|(linux|osx|win|emscripten|wasi)-[a-z0-9_]+)$")


class CondaSettings(msgspec.Struct, frozen=True):
    """What the configuration says, by conda's own names."""

    channels: tuple[str, ...] = ()
    default_channels: tuple[str, ...] = _DEFAULTS
    channel_alias: str = _ALIAS
    custom_channels: dict[str, str] = {}
    custom_multichannels: dict[str, tuple[str, ...]] = {}
    channel_priority: str = "flexible"
    ssl_verify: bool | str = True
    proxy_servers: dict[str, str] = {}


class Channel(msgspec.Struct, frozen=True):
    """One channel.

    Attributes:
        name: as the user says it, without passwords.
        url: its address, without a slash at the end.
        public: False when its packages may be the user's own, whose names mean nothing elsewhere.
    """

    name: str
    url: str
    public: bool


def settings(environment: Mapping[str, str]) -> CondaSettings:
    """What the user's files and variables say; of lists, that of the file nearest to the user comes first.

    Raises:
        SpecificationError: a file says something that conda would not take either.
    """
    merged: dict[str, Any] = {}
    for path in _files(environment):
        for key, value in _read(path).items():
            present = merged.get(key)
            if isinstance(value, list) and isinstance(present, list):
                merged[key] = [*value, *(entry for entry in present if entry not in value)]
            elif isinstance(value, dict) and isinstance(present, dict):
                merged[key] = present | value
            else:
                merged[key] = value
    for field in msgspec.structs.fields(CondaSettings):
        text = environment.get(f"CONDA_{field.name.upper()}")
        if text and isinstance(field.default, tuple):
            merged[field.name] = re.split(r"[,&]", text)
        elif text and not field.name.startswith(("custom", "proxy")):
            merged[field.name] = text
    if str(merged.get("ssl_verify")).lower() in ("false", "no", "0", "<false>"):
        merged["ssl_verify"] = False
    elif str(merged.get("ssl_verify")).lower() in ("true", "yes", "1", "none", "truststore", "<true>"):
        merged.pop("ssl_verify", None)
    merged = {key: value for key, value in merged.items() if value is not None}
    try:
        return msgspec.convert(merged, CondaSettings)
    except msgspec.ValidationError as error:
        raise SpecificationError(f"the conda configuration (.condarc) has another shape: {error}") from None


def _files(environment: Mapping[str, str]) -> list[Path]:
    """The configuration files there are, the most general first."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or Path.home())
    tool = environment.get("CONDA_EXE") or environment.get("MAMBA_EXE")
    folders = [*map(Path, _SYSTEM)] if os.name == "posix" else [Path("C:/ProgramData/conda")]
    if tool:
        folders.append(Path(tool).parent.parent)
    folders += [
        Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "conda",
        home / ".conda",
    ]
    files: list[Path] = []
    for folder in folders:
        files += [folder / ".condarc", folder / "condarc"]
        with contextlib.suppress(OSError):
            files += sorted([*folder.glob("condarc.d/*.yml"), *folder.glob("condarc.d/*.yaml")])
    files += [home / ".condarc", home / ".mambarc"]
    if environment.get("CONDA_PREFIX"):
        files.append(Path(environment["CONDA_PREFIX"]) / ".condarc")
    files += [Path(environment[name]) for name in ("CONDARC", "MAMBARC") if environment.get(name)]
    return [file for file in files if file.is_file()]


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(os.path.expandvars(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SpecificationError(f"the conda configuration {path} cannot be read: {reason}") from None
    return document if isinstance(document, dict) else {}


def channels_of(conda: Conda, configured: CondaSettings) -> tuple[Channel, ...]:
    """Where the packages of a specification come from, the first one preferred.

    As with conda, the configuration's channels follow those of the specification, unless ``nodefaults``
    stands among them, and a channel that a package names is one of them. conda-forge is used when none is
    said anywhere.

    Raises:
        SpecificationError: a channel is a relative path.
    """
    names = [name for name in conda.channels if name not in ("nodefaults", "<unknown>")]
    if "nodefaults" not in conda.channels:
        names += [name for name in configured.channels if name != "nodefaults"]
    names += [_SUBDIR.sub("", name) for entry in conda.packages if (name := channel_of(entry))]
    found: dict[str, Channel] = {}
    for name in names or [_UNCONFIGURED]:
        for channel in resolve(name, configured):
            found.setdefault(channel.url, channel)
    return tuple(found.values())


def resolve(name: str, configured: CondaSettings) -> list[Channel]:
    """The channel, or the several channels, that a name, an address or a folder stands for.

    Raises:
        SpecificationError: it is a relative path.
    """
    if "://" in name:
        url = _SUBDIR.sub("", name.rstrip("/"))
        return [Channel(masked(url), url, _is_public(url))]
    if name.startswith(("/", "~", ".")) or re.match(r"[A-Za-z]:[\\/]", name):
        folder = Path(name).expanduser()
        if not folder.is_absolute():
            raise SpecificationError(f"the conda channel {name!r} is a relative path; write the whole path")
        return [Channel(name, folder.as_uri(), public=False)]
    several = configured.custom_multichannels.get(name)
    if several is None and name == "defaults":
        several = configured.default_channels
    if several is not None:
        return [channel for part in several if part != name for channel in resolve(part, configured)]
    for known, base in configured.custom_channels.items():
        if name == known or name.startswith(f"{known}/"):
            return [Channel(name, f"{_url(base)}/{name}", public=False)]
    if name.startswith("pkgs/"):
        return [Channel(name, f"{_MAIN}/{name.removeprefix('pkgs/')}", public=True)]
    return [Channel(name, f"{_url(configured.channel_alias)}/{name}", public=True)]


def _url(base: str) -> str:
    return base.rstrip("/") if "://" in base else Path(base).expanduser().absolute().as_uri()


def _is_public(url: str) -> bool:
    parts = urlsplit(url)
    return parts.hostname in _PUBLIC_HOSTS and "/t/" not in parts.path and parts.username is None


def packages_of(conda: Conda, configured: CondaSettings) -> list[str]:
    """The match specifications with every channel in them as an address; Python among them in any case."""
    packages = [_addressed(entry, configured) for entry in conda.packages]
    if not any(read_match(entry)[0] == "python" for entry in conda.packages):
        packages.append("python")
    return packages


def _addressed(entry: str, configured: CondaSettings) -> str:
    name = channel_of(entry)
    if name is None:
        return entry
    rest = entry.strip().removeprefix(f"{name}::")
    subdir = _SUBDIR.search(name)
    channels = resolve(_SUBDIR.sub("", name), configured)
    # One of several channels (`defaults::numpy`) cannot be said; the first that has the package is meant.
    return rest if len(channels) > 1 else f"{channels[0].url}{subdir[0] if subdir else ''}::{rest}"
