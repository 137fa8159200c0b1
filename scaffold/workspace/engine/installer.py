"""Installs what a specification asks for into a folder: a virtual environment by uv, or a conda prefix and uv."""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

from scaffold import requirements as pip
from scaffold.words import masked
from scaffold.workspace.engine import builder, pipconf, pythons, requirements
from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.conda import CondaBuilder
from scaffold.workspace.engine.pythons import Python
from scaffold.workspace.engine.requirements import UvInput
from scaffold.workspace.engine.specification import Conda, Specification
from scaffold.workspace.paths import Home
from scaffold.workspace.store.content import ContentStore

# What an environment has beside what was asked for, as one by conda does before Python 3.13. Many older packages import
# pkg_resources, azureml-core before 1.61 among them, which later setuptools warn of and then have no more.
_OLDER_SETUPTOOLS = "setuptools<80.9"
# Later ones need packaging, of which an older one may have been asked for.
_OLDER_WHEEL = "wheel<0.46"
# Where no version is asked for, uv may go back to an azureml-core of 2019, whose requirements exclude nothing and with
# which no run begins. The last of Python 3.7 is 1.54, that of Python 3.6 is 1.47.
_RECENT_SDK, _RECENT_SDK_OF_PYTHON_3_6 = "azureml-core>=1.54", "azureml-core>=1.40"
_PINNED_SDK = re.compile(r"azureml[-_.]\S*?\s*(?:[<>=!~]=?|@)", re.IGNORECASE)
_SEEDS = ("pip", _OLDER_SETUPTOOLS, _OLDER_WHEEL)
_LIST, _LIMITS = ".environment-requirements.txt", ".environment-limits.txt"
_Progress = Callable[[str], None]


class Installer:
    """Fills the folders of environments.

    Args:
        home: for the caches.
        content: where the files are that requirements name.
        prefixes: makes the conda prefixes.
    """

    def __init__(self, home: Home, content: ContentStore, prefixes: CondaBuilder) -> None:
        self._home = home
        self._content = content
        self._prefixes = prefixes
        self._settings: dict[str, str] | None = None
        self._uv_cache = home.cache / "uv"  # unless the user has said where

    def caches(self) -> list[Path]:
        """The folders of packages that are this workspace's own."""
        own = [] if os.environ.get("UV_CACHE_DIR") else [self._uv_cache]
        return [*own, conda_cache(self._home)]

    async def make(
        self, folder: Path, specification: Specification, log: IO[str], progress: _Progress
    ) -> Python:
        """Makes the environment in a folder that may hold what an earlier attempt left.

        Args:
            folder: where.
            specification: what it has to hold.
            log: the build log.
            progress: told, in a few words, what is going on.

        Returns:
            Its Python.

        Raises:
            BuildError: it cannot be made, with the reason that the tool at work gave.
            SpecificationError: a pip requirement cannot be understood.
        """
        log.write(f"Environment {specification.name!r}: Python {specification.python or 'of any version'}\n")
        for notice in (*specification.notices, *specification.translated):
            log.write(f"note: {notice}\n")
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if specification.conda is not None:
            python = await self._prefixes.make(folder, specification, log, progress)
        else:
            python = await self._with_python(folder, specification.python, log, progress)
        await self._install(folder, python, specification, log, progress)
        return python

    async def _with_python(
        self, folder: Path, wanted: str | None, log: IO[str], progress: _Progress
    ) -> Python:
        """A virtual environment of the Python that is here; else of one that is fetched; else of the nearest."""
        uv, variables = _find_uv(), await self._uv_variables()
        python = await self._python(uv, wanted, variables, log, progress)
        minor = ".".join((wanted or python.text).split(".")[:2])
        if not pythons.satisfies(python, minor) and _may_fetch(variables):
            with contextlib.suppress(BuildError):
                return await self._python_by_conda(folder, minor, log, progress)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if not pythons.satisfies(python, wanted):
            log.write(f"Python {wanted} is not on this machine; {python.text} is used instead.\n")
        progress(f"creating it with Python {python.text}")
        command = [uv, "venv", "--python", python.path, str(folder)]
        await builder.run(log, command, variables, self._home.environments)
        return Python(str(_interpreter_of(folder)), python.version)

    async def _python(
        self, uv: str, wanted: str | None, variables: dict[str, str], log: IO[str], progress: _Progress
    ) -> Python:
        """The interpreter that is here, or that uv can fetch, or the nearest."""
        available = await pythons.installed(uv, variables)
        try:
            python = pythons.nearest(wanted, available)
        except pythons.NoPythonError as error:
            raise BuildError(str(error), "") from None
        minor = ".".join((wanted or python.text).split(".")[:2])
        if pythons.satisfies(python, minor) or not _may_fetch(variables):
            return python
        progress(f"looking for Python {minor}")
        log.write(f"Python {minor} is not installed; asking uv for it:\n")
        limits = {"UV_HTTP_TIMEOUT": "20", "UV_HTTP_RETRIES": "0"}
        with contextlib.suppress(BuildError):
            command = [uv, "python", "install", minor]
            await builder.run(log, command, variables | limits, self._home.environments)
            available = await pythons.installed(uv, variables)
        return pythons.nearest(wanted, available)

    async def _python_by_conda(self, folder: Path, minor: str, log: IO[str], progress: _Progress) -> Python:
        """A prefix with that Python from a conda channel, which have older ones than uv has.

        Raises:
            BuildError: it cannot be had.
        """
        only_python = Conda((), (f"python={minor}",))
        reason = await self._prefixes.unreachable(only_python)
        if reason is not None:
            raise BuildError(reason, "")
        log.write(f"Python {minor} is not to be had from uv; asking conda for it.\n")
        specification = Specification("python", minor, (), conda=only_python)
        return await self._prefixes.make(folder, specification, log, progress)

    async def _install(
        self, folder: Path, python: Python, specification: Specification, log: IO[str], progress: _Progress
    ) -> None:
        """Installs the pip part."""
        source = folder
        for file in specification.files:
            source = folder / "source"
            await asyncio.to_thread(self._content.restore, file.sha256, source / file.path)
        given = requirements.for_uv(specification, source)
        seeds = _seeds(folder, python, given)
        log.write("pip requirements:\n")
        log.writelines(f"  {masked(line)}\n" for line in given.lines)
        log.writelines(f"note: {sentence}\n" for sentence in given.dropped)
        log.write("\n")
        progress("installing its packages")
        # Where there are hashes, every version is given, and a limit without one is refused.
        hashed = any("hash" in line for line in (*given.lines, *given.flags))
        limits = () if hashed else _limits(seeds, given, python)
        while True:
            try:
                await self._pip(python, source, given, log, limits)
                break
            except BuildError as error:
                kept = tuple(limit for limit in limits if limit not in error.reason)
                if kept == limits:
                    raise
                dropped = ", ".join(limit for limit in limits if limit not in kept)
                log.write(f"\nWithout {dropped}, with which some package does not go together:\n")
                limits = kept
        # By themselves, and last: resolved together they decide which versions of other packages are looked at, and an
        # azureml-core of years ago may come of it. The options of what was asked for are not meant for them.
        left = [seed for seed in seeds if not _is_installed(folder, seed)]
        try:
            await self._pip(python, source, UvInput(tuple(left)), log)
        except BuildError:
            # Where only an index of its own can be reached, what was asked for can do without them.
            if not any(pip.option_of(line) for line in given.lines):
                raise

    async def _pip(
        self, python: Python, folder: Path, given: UvInput, log: IO[str], limits: tuple[str, ...] = ()
    ) -> None:
        if not given.lines:
            return
        listed, limiting = folder / _LIST, folder / _LIMITS
        listed.write_text("\n".join(given.lines) + "\n", encoding="utf-8")
        limiting.write_text("\n".join(limits) + "\n", encoding="utf-8")
        files = ("-r", str(listed), *(("-c", str(limiting)) if limits else ()))
        command = [_find_uv(), "pip", "install", "--python", python.path, *given.flags, *files]
        await builder.run(log, command, await self._uv_variables(given), folder)

    async def _uv_variables(self, given: UvInput | None = None) -> dict[str, str]:
        if self._settings is None:
            self._settings = await asyncio.to_thread(pipconf.pip_settings)
        variables = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
        translated = pipconf.uv_variables(self._settings, variables)
        if given is not None:
            if given.own_index:  # with pip, what a requirements file says comes before the configuration
                translated.pop("UV_DEFAULT_INDEX", None)
            translated = given.variables | translated
        variables = translated | variables
        variables.setdefault("UV_CACHE_DIR", str(self._uv_cache))
        variables.setdefault("UV_PYTHON_INSTALL_DIR", str(self._home.root / "pythons"))
        variables["UV_NO_PROGRESS"] = "1"
        variables["NO_COLOR"] = "1"
        return variables


def conda_cache(home: Home) -> Path:
    """Where py-rattler keeps packages and indexes."""
    return home.cache / "conda"


def _may_fetch(variables: dict[str, str]) -> bool:
    return variables.get("UV_PYTHON_DOWNLOADS") not in ("never", "false", "0")


def _seeds(folder: Path, python: Python, given: UvInput) -> tuple[str, ...]:
    """What is installed beside what was asked for, where conda has not brought it."""
    if any((folder / "conda-meta").glob("pip-*.json")):
        return ()
    seeds = _SEEDS if python.version < (3, 13) else _SEEDS[:1]
    asked = {match[0].lower() for line in given.lines if (match := re.match(r"[A-Za-z0-9_.-]+", line))}
    return tuple(seed for seed in seeds if seed.partition("<")[0] not in asked)


def _limits(seeds: tuple[str, ...], given: UvInput, python: Python) -> tuple[str, ...]:
    """What the packages that were asked for have to go together with, if they can."""
    limits = [seed for seed in seeds if seed == _OLDER_SETUPTOOLS]
    if not any(_PINNED_SDK.match(line) for line in given.lines):
        limits.append(_RECENT_SDK if python.version >= (3, 7) else _RECENT_SDK_OF_PYTHON_3_6)
    return tuple(limits)


def _is_installed(folder: Path, seed: str) -> bool:
    """Whether the environment has that package, in whichever version."""
    distribution = f"site-packages/{seed.partition('<')[0]}-*.dist-info"
    return any((*folder.glob(f"lib/python*/{distribution}"), *folder.glob(f"Lib/{distribution}")))


def _interpreter_of(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _find_uv() -> str:
    import uv

    return str(uv.find_uv_bin())
