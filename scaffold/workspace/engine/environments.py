"""Builds environments with uv, keeps them, and never builds the same one twice at once."""

import asyncio
import contextlib
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from scaffold.workspace.engine import builder, pipconf, pythons
from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.specification import Specification
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.environments import BuiltEnvironment

# Part of every key: raised when the way environments are built changes what is in them.
_RECIPE = "1"
_FAULTS = ("slow-build", "build")


class ReadyEnvironment(msgspec.Struct, frozen=True):
    """An environment that a run can start in.

    Attributes:
        interpreter: path of its Python.
        python_version: its version, or None for one that the user manages.
        key: of a built environment, or None for one that the user manages.
        cached: True when nothing had to be built.
        notices: what differs from what was asked for, a sentence each.
        log: the file with the build log, or None for one that the user manages.
    """

    interpreter: str
    python_version: str | None
    key: str | None
    cached: bool
    notices: tuple[str, ...]
    log: Path | None


class _Build:
    """A build that is under way.

    Attributes:
        waiting: how many runs wait for it.
        asked: True when somebody asked for the environment itself, whether or not a run waits.
        abandoned: True once nobody needs it any more.
    """

    def __init__(self, task: "asyncio.Task[BuiltEnvironment]") -> None:
        self.task = task
        self.waiting = 0
        self.asked = False
        self.abandoned = False

    def abandon(self) -> None:
        self.abandoned = True
        self.task.cancel()


class Environments:
    """The environments of one workspace.

    Args:
        home: where they are kept.
        store: where it is written down which are ready.
    """

    def __init__(self, home: Home, store: Store) -> None:
        self._home = home
        self._store = store
        self._building: dict[str, _Build] = {}
        self._settings: dict[str, str] | None = None

    def log_path(self, key: str) -> Path:
        """The build log of an environment."""
        return self._home.environments / f"{key}.log"

    def key(self, specification: Specification) -> str:
        """The key of a specification on this machine."""
        return specification.key(f"{_RECIPE} {sys.platform} {platform.machine()}")

    def is_ready(self, specification: Specification) -> bool:
        """True when a run with this specification could start without building anything."""
        return specification.interpreter is not None or self._built(self.key(specification)) is not None

    def _built(self, key: str) -> BuiltEnvironment | None:
        built = self._store.environments.get(key)
        if built is not None and not Path(built.interpreter).exists():
            self._store.environments.remove(key)
            return None
        return built

    async def ready(
        self,
        specification: Specification,
        progress: Callable[[str], None] = lambda text: None,
        experiment: str | None = None,
    ) -> ReadyEnvironment:
        """The environment of a specification, built now unless it is there already.

        Args:
            specification: what it has to hold.
            progress: told, in a few words, what is going on.
            experiment: the name of the experiment that it is for, or None.

        Raises:
            BuildError: see there.
        """
        if specification.interpreter is not None:
            return _user_managed(specification.interpreter)
        key = self.key(specification)
        built = self._built(key)
        cached = built is not None
        if built is None or self._has_fault(experiment):
            built = await self._wait(self._join(key, specification, progress, experiment))
        self._store.environments.touch(key)
        return ReadyEnvironment(
            interpreter=built.interpreter,
            python_version=built.python_version,
            key=key,
            cached=cached,
            notices=tuple(_notices(specification, built)),
            log=self.log_path(key),
        )

    def prune(self, before: str) -> list[tuple[BuiltEnvironment, int]]:
        """Removes the environments that no run has used since.

        One that a run is using now was used when that run started, so a moment in the past before every
        unfinished run is the caller's to choose.

        Args:
            before: ISO 8601 in UTC; what was last used earlier goes.

        Returns:
            Each removed environment with the size of its folder (bytes).
        """
        removed = []
        for built in self._store.environments.all():
            if built.used >= before or built.key in self._building:
                continue
            self._store.environments.remove(built.key)
            folder = self._home.environments / built.key
            size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder, ignore_errors=True)
            self.log_path(built.key).unlink(missing_ok=True)
            removed.append((built, size))
        return removed

    def begin(self, specification: Specification) -> None:
        """Builds an environment without anybody waiting, unless it is there or being built."""
        if not self.is_ready(specification) or self._has_fault(None):
            self._join(self.key(specification), specification, lambda text: None, None).asked = True

    def is_building(self, specification: Specification) -> bool:
        """True while it is being built."""
        build = self._building.get(self.key(specification)) if specification.interpreter is None else None
        return build is not None and not build.abandoned

    def recover(self) -> None:
        """Clears away what a service that was killed was building."""
        for key in builder.end_leftovers(self._home.environments):
            if self._store.environments.get(key) is None:
                shutil.rmtree(self._home.environments / key, ignore_errors=True)

    async def stop(self) -> None:
        """Gives up every build."""
        tasks = [build.task for build in self._building.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _has_fault(self, experiment: str | None) -> bool:
        return any(self._store.injected.pending(kind, experiment) for kind in _FAULTS)

    async def _suffer(self, key: str, progress: Callable[[str], None], experiment: str | None) -> None:
        """Lets the faults come that were asked for (see ``fault_kinds``).

        Raises:
            BuildError: it is one.
        """
        slow = self._store.injected.take("slow-build", experiment)
        if slow is not None:
            progress(f"waiting {slow.value:g} seconds (a fault that was asked for)")
            await asyncio.sleep(slow.value)
        if self._store.injected.take("build", experiment) is not None:
            message = "The environment could not be built (a fault that was asked for)."
            with self.log_path(key).open("a", encoding="utf-8") as log:
                log.write(f"\n{timestamp()} {message}\n")
            raise BuildError(message, "")

    def _join(
        self,
        key: str,
        specification: Specification,
        progress: Callable[[str], None],
        experiment: str | None,
    ) -> _Build:
        """The build that is under way, begun now when there is none."""
        present = self._building.get(key)
        if present is not None and not present.abandoned:
            return present
        before = present.task if present is not None else None
        build = _Build(asyncio.create_task(self._build(key, specification, progress, before, experiment)))
        self._building[key] = build
        build.task.add_done_callback(lambda _: self._settle(key, build))
        return build

    async def _wait(self, build: _Build) -> BuiltEnvironment:
        """The outcome of a build; a cancelled run takes it away from nobody else who needs it."""
        build.waiting += 1
        try:
            return await asyncio.shield(build.task)
        finally:
            build.waiting -= 1
            if not build.waiting and not build.asked and not build.task.done():
                build.abandon()
                await asyncio.wait([build.task])  # a run is not over while something still works for it

    def _settle(self, key: str, build: _Build) -> None:
        if self._building.get(key) is build:
            del self._building[key]
        if not build.task.cancelled():
            build.task.exception()  # the log has it, and there may be nobody else who asks

    async def _build(
        self,
        key: str,
        specification: Specification,
        progress: Callable[[str], None],
        before: "asyncio.Task[BuiltEnvironment] | None",
        experiment: str | None,
    ) -> BuiltEnvironment:
        if before is not None:  # one that was given up has to leave the folder first
            await asyncio.wait([before])
        await self._suffer(key, progress, experiment)
        present = self._built(key)
        if present is not None:  # nothing but a fault has called for a build
            return present
        started = time.monotonic()
        folder = self._home.environments / key
        with self.log_path(key).open("w", encoding="utf-8") as log:
            try:
                python = await self._make(folder, specification, log, progress)
            except BaseException as error:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                canceled = isinstance(error, asyncio.CancelledError)
                log.write(f"\nThe environment was not built: {'canceled' if canceled else error}\n")
                raise
            seconds = time.monotonic() - started
            log.write(f"\nBuilt in {seconds:.1f} s.\n")
        built = BuiltEnvironment(
            key=key,
            name=specification.name,
            kind=specification.kind,
            specification=specification.canonical(),
            python_version=python.text,
            interpreter=str(interpreter_of(folder)),
            built=timestamp(),
            used=timestamp(),
            seconds=seconds,
        )
        self._store.environments.add(built)
        return built

    async def _make(
        self,
        folder: Path,
        specification: Specification,
        log: IO[str],
        progress: Callable[[str], None],
    ) -> pythons.Python:
        uv = _find_uv()
        variables = await self._uv_environment()
        log.write(f"Environment {specification.name!r}: Python {specification.python or 'of any version'},\n")
        log.writelines(f"  {line}\n" for line in specification.requirements)
        python = await self._python(uv, specification.python, variables, log, progress)
        for notice in specification.translated:
            log.write(f"conda: {notice}\n")
        if not pythons.satisfies(python, specification.python):
            log.write(
                f"Python {specification.python} is not on this machine; {python.text} is used instead.\n"
            )
        log.write("\n")
        log.flush()
        shutil.rmtree(folder, ignore_errors=True)
        progress(f"creating it with Python {python.text}")
        await builder.run(
            log, [uv, "venv", "--python", python.path, str(folder)], variables, self._home.environments
        )
        requirements = folder / "requirements.txt"
        requirements.write_text("\n".join(("pip", *specification.requirements)) + "\n", encoding="utf-8")
        progress("installing its packages")
        command = [uv, "pip", "install", "--python", str(interpreter_of(folder)), "-r", str(requirements)]
        await builder.run(log, command, variables, folder)
        return python

    async def _python(
        self,
        uv: str,
        wanted: str | None,
        variables: dict[str, str],
        log: IO[str],
        progress: Callable[[str], None],
    ) -> pythons.Python:
        """The Python to use: one that is here; else one that uv may fetch; else the nearest."""
        available = await pythons.installed(uv, variables)
        try:
            python = pythons.nearest(wanted, available)
        except pythons.NoPythonError as error:
            raise BuildError(str(error), "") from None
        minor = ".".join((wanted or python.text).split(".")[:2])
        if pythons.satisfies(python, minor) or variables.get("UV_PYTHON_DOWNLOADS") in (
            "never",
            "false",
            "0",
        ):
            return python
        progress(f"looking for Python {minor}")
        log.write(f"Python {minor} is not installed; asking uv for it:\n")
        limits = {"UV_HTTP_TIMEOUT": "20", "UV_HTTP_RETRIES": "0"}
        with contextlib.suppress(BuildError):
            await builder.run(
                log, [uv, "python", "install", minor], variables | limits, self._home.environments
            )
            available = await pythons.installed(uv, variables)
        return pythons.nearest(wanted, available)

    async def _uv_environment(self) -> dict[str, str]:
        if self._settings is None:
            self._settings = await asyncio.to_thread(pipconf.pip_settings)
        variables = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
        variables |= pipconf.uv_variables(self._settings, variables)
        variables.setdefault("UV_CACHE_DIR", str(self._home.cache / "uv"))
        variables.setdefault("UV_PYTHON_INSTALL_DIR", str(self._home.root / "pythons"))
        variables["UV_NO_PROGRESS"] = "1"
        variables["NO_COLOR"] = "1"
        return variables


def interpreter_of(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _find_uv() -> str:
    import uv

    return str(uv.find_uv_bin())


def _user_managed(name: str) -> ReadyEnvironment:
    """The interpreter that the user named; a bare ``python`` is the one that scaffold itself runs in."""
    if name in ("python", "python3"):
        return ReadyEnvironment(sys.executable, None, None, True, (), None)
    path = shutil.which(name) or (name if Path(name).is_file() else None)
    if path is None:
        raise BuildError(f"The interpreter {name!r} that the environment names is not on this machine.", "")
    return ReadyEnvironment(path, None, None, True, (), None)


def _notices(specification: Specification, built: BuiltEnvironment) -> list[str]:
    notices = []
    wanted = ".".join((specification.python or "").split(".")[:2])
    if wanted and not built.python_version.startswith(f"{wanted}."):
        notices.append(f"Python {wanted} is not on this machine: running in Python {built.python_version}.")
    if specification.translated:
        notices.append(
            "The conda specification was translated to PyPI packages: "
            + "; ".join(specification.translated)
            + "."
        )
    return notices
