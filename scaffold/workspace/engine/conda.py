"""Makes conda prefixes: with the user's micromamba, mamba or conda where there is one, else with py-rattler.

Whether the channels can be reached is found out first, and quickly, by asking each for its index: so what
the installer says after that is about the specification, and is never taken for a missing network.
"""

import asyncio
import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import msgspec

from scaffold import tether, watchman
from scaffold.tether import Tether
from scaffold.words import masked
from scaffold.workspace.engine import builder, conda_worker, condaconf
from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.condaconf import Channel, CondaSettings
from scaffold.workspace.engine.pythons import Python
from scaffold.workspace.engine.specification import Conda, Specification

_PROBE_SECONDS = 8.0
_REMEMBER_SECONDS = 300.0
_ACTIVATION = "conda-meta/scaffold-variables.json"


class _Reached(msgspec.Struct, frozen=True):
    """What was found out about some channels.

    Attributes:
        until: when to ask again (monotonic clock).
        failures: by the names of those that cannot be reached, why.
    """

    until: float
    failures: dict[str, str]


class CondaBuilder:
    """Makes the conda prefixes of one workspace.

    Args:
        cache: folder for packages and indexes, when py-rattler fetches them.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._reached: dict[tuple[str, ...], _Reached] = {}

    def channels(self, conda: Conda) -> tuple[Channel, ...]:
        """Where the packages come from.

        Raises:
            SpecificationError: see ``condaconf``.
        """
        return condaconf.channels_of(conda, condaconf.settings(os.environ))

    def known_unreachable(self, conda: Conda) -> str | None:
        """Why no channel could be reached a moment ago, or None when one could, or nothing is known."""
        channels = self.channels(conda)
        known = self._reached.get(_urls(channels))
        if known is None or known.until < time.monotonic():
            return None
        return _why(channels, known.failures) if len(known.failures) == len(channels) else None

    async def unreachable(self, conda: Conda) -> str | None:
        """Why no channel can be reached, or None when all can; what was found is remembered for a while.

        Raises:
            BuildError: some can and some cannot, or packages of a private channel cannot be had: with the
                others alone, or from PyPI, it would be another environment.
            SpecificationError: see ``condaconf``.
        """
        channels = self.channels(conda)
        known = self._reached.get(_urls(channels))
        if known is None or known.until < time.monotonic():
            known = _Reached(time.monotonic() + _REMEMBER_SECONDS, await self._probe(channels))
            if known.failures:  # a channel that was reached is asked again: the network may have gone
                self._reached[_urls(channels)] = known
        if not known.failures:
            return None
        lost = [channel for channel in channels if channel.name in known.failures]
        private = [channel for channel in lost if not channel.public]
        if private or len(lost) < len(channels):
            which = (private or lost)[0]
            raise BuildError(
                f"The conda channel {which.name} cannot be reached: {known.failures[which.name]}. "
                "Connect to it, or take it out of the specification.",
                "",
            )
        return _why(channels, known.failures)

    async def _probe(self, channels: tuple[Channel, ...]) -> dict[str, str]:
        """Asks every channel for its index, all at once, and gives up on those that do not answer in time."""
        urls = [channel.url for channel in channels if channel.url.startswith(("http://", "https://"))]
        if not urls:
            return {}
        tied = Tether()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", conda_worker.__file__, "probe",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=tied.mark(_variables(condaconf.settings(os.environ))),
        )  # fmt: skip
        request = json.dumps({"urls": urls, "verify": condaconf.settings(os.environ).ssl_verify}).encode()
        failures = dict.fromkeys(urls, f"no answer within {_PROBE_SECONDS:.0f} s")
        try:
            output, _ = await asyncio.wait_for(process.communicate(request), _PROBE_SECONDS)
            failures = json.loads(output)
        except (asyncio.TimeoutError, ValueError):
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            tied.release()
        return {
            channel.name: masked(failures[channel.url]) for channel in channels if failures.get(channel.url)
        }

    async def make(
        self, folder: Path, specification: Specification, log: IO[str], progress: Callable[[str], None]
    ) -> Python:
        """Makes the prefix, and says which Python is in it.

        Args:
            folder: the prefix; not there yet.
            specification: with its conda part.
            log: the build log.
            progress: told, in a few words, what is going on.

        Raises:
            BuildError: the packages cannot be had together, with the solver's own reason.
            SpecificationError: see ``condaconf``.
        """
        conda = specification.conda or Conda((), ())
        configured = condaconf.settings(os.environ)
        channels = condaconf.channels_of(conda, configured)
        tool = find_tool(os.environ)
        log.write("conda packages:\n")
        log.writelines(f"  {masked(entry)}\n" for entry in conda.packages)
        log.write("from the channels:\n")
        log.writelines(f"  {channel.name} ({masked(channel.url)})\n" for channel in channels)
        log.write(f"with {tool or 'py-rattler'}\n\n")
        progress(f"installing conda packages with {Path(tool).stem if tool else 'py-rattler'}")
        job = folder.with_suffix(".yml" if tool else ".json")
        urls, packages = [channel.url for channel in channels], condaconf.packages_of(conda, configured)
        document: dict[str, Any] = {"channels": urls, "dependencies": packages}
        variables = _variables(configured)
        if tool is None:
            document |= {
                "prefix": str(folder),
                "cache": str(self._cache),
                "priority": configured.channel_priority,
                "verify": configured.ssl_verify,
            }
        else:  # these are all channels that there are, and no others are to be added
            variables["CONDA_CHANNELS"] = ",".join(urls)
        try:
            job.write_text(json.dumps(document), encoding="utf-8")
            await builder.run(log, _command(tool, folder, job), variables, folder.parent)
        finally:
            job.unlink(missing_ok=True)
        python = _python_in(folder)
        await asyncio.to_thread(_note_activation, folder)
        return python


def find_tool(environment: Mapping[str, str]) -> str | None:
    """The program that builds conda environments, or None when py-rattler does it.

    ``SCAFFOLD_CONDA`` names it, or ``rattler``; otherwise it is the first of micromamba, mamba and conda
    that is on the path, or the one that the shell was set up with.
    """
    said = environment.get("SCAFFOLD_CONDA")
    if said:
        return None if said == "rattler" else shutil.which(said, path=environment.get("PATH")) or said
    found = [shutil.which(name, path=environment.get("PATH")) for name in ("micromamba", "mamba", "conda")]
    found += [environment.get("MAMBA_EXE"), environment.get("CONDA_EXE")]
    return next((tool for tool in found if tool), None)


def _command(tool: str | None, folder: Path, job: Path) -> list[str]:
    """The command line that makes the prefix: what differs is how it is said, not what is done.

    Channels and packages are in a file, which other users cannot read: there may be tokens among them. JSON is
    YAML, so that it is an environment file to the tools.
    """
    if tool is None:
        return [sys.executable, "-I", conda_worker.__file__, "build", str(job)]
    verbs = ["create"] if Path(tool).stem == "micromamba" else ["env", "create"]
    return [tool, *verbs, "--prefix", str(folder), "--file", str(job)]


def _variables(configured: CondaSettings) -> dict[str, str]:
    variables = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    variables |= {"CONDA_ALWAYS_YES": "true", "MAMBA_ALWAYS_YES": "true", "NO_COLOR": "1"}
    for scheme, address in configured.proxy_servers.items():
        variables.setdefault(f"{scheme.upper()}_PROXY", address)
    if isinstance(configured.ssl_verify, str):
        variables["SSL_CERT_FILE"] = configured.ssl_verify
    return variables


def _urls(channels: tuple[Channel, ...]) -> tuple[str, ...]:
    return tuple(channel.url for channel in channels)


def _why(channels: tuple[Channel, ...], failures: dict[str, str]) -> str:
    """All reasons, those that are the same said once."""
    names: dict[str, list[str]] = {}
    for channel in channels:
        names.setdefault(failures[channel.name], []).append(channel.name)
    return "; ".join(f"{', '.join(who)}: {reason}" for reason, who in names.items())


def interpreter_of(prefix: Path) -> Path:
    """The Python of a conda prefix."""
    return prefix / ("python.exe" if os.name == "nt" else "bin/python")


def _python_in(prefix: Path) -> Python:
    for record in (prefix / "conda-meta").glob("python-*.json"):
        match = re.fullmatch(r"python-(\d+)\.(\d+)\.(\d+)[^-]*-[^-]+", record.stem)
        if match is not None and interpreter_of(prefix).exists():
            version = (int(match[1]), int(match[2]), int(match[3]))
            return Python(str(interpreter_of(prefix)), version)
    raise BuildError("The conda packages were installed, but there is no Python among them.", "")


def prefix_of(interpreter: Path) -> Path | None:
    """The conda prefix that a Python belongs to, or None."""
    prefix = interpreter.parent if os.name == "nt" else interpreter.parent.parent
    return prefix if (prefix / "conda-meta").is_dir() else None


def activation(prefix: Path, path: str) -> dict[str, str]:
    """The environment variables of an active conda prefix, as ``conda activate`` sets them.

    Args:
        prefix: the prefix.
        path: the search path that is to follow the prefix's own folders.
    """
    variables: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError):  # most packages have nothing of their own to set
        variables = json.loads((prefix / _ACTIVATION).read_bytes())
    variables["PATH"] = os.pathsep.join([*map(str, _folders(prefix)), path])
    return variables | {
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": str(prefix),
        "CONDA_SHLVL": "1",
    }


def _folders(prefix: Path) -> list[Path]:
    if os.name != "nt":
        return [prefix / "bin"]
    library = prefix / "Library"
    inside = [library / "mingw-w64" / "bin", library / "usr" / "bin", library / "bin"]
    return [prefix, *inside, prefix / "Scripts", prefix / "bin"]


def _note_activation(prefix: Path) -> None:
    """Writes down what the packages' own activation scripts set, for the runs to come."""
    suffix = "bat" if os.name == "nt" else "sh"
    scripts = sorted((prefix / "etc" / "conda" / "activate.d").glob(f"*.{suffix}"))
    if not scripts:
        return
    show = f'"{sys.executable}" -I -c "import json, os; print(); print(json.dumps(dict(os.environ)))"'
    if os.name == "nt":
        command = ["cmd", "/d", "/s", "/c", " && ".join([*(f'call "{script}"' for script in scripts), show])]
    else:
        sourced = "\n".join(f". {shlex.quote(str(script))} >/dev/null 2>&1" for script in scripts)
        command = [shutil.which("bash") or "sh", "-c", f"{sourced}\n{show}"]
    before = dict(os.environ) | activation(prefix, os.environ.get("PATH", os.defpath))
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError, IndexError):
        done = tether.run(command, env=before, capture_output=True, timeout=60, check=True)
        after = json.loads(done.stdout.splitlines()[-1])
        changed = {name: value for name, value in after.items() if before.get(name) != value}
        changed = watchman.unmarked(changed)
        for name in ("PATH", "PWD", "OLDPWD", "SHLVL", "_"):
            changed.pop(name, None)
        (prefix / _ACTIVATION).write_text(json.dumps(changed), encoding="utf-8")
