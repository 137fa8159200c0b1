"""The environments of a workspace: built once, kept, and never the same one twice at once."""

import asyncio
import contextlib
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from scaffold.workspace.engine import builder, installer, requirements
from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.conda import CondaBuilder
from scaffold.workspace.engine.installer import Installer
from scaffold.workspace.engine.pythons import Python
from scaffold.workspace.engine.requirements import NoSources, Sources
from scaffold.workspace.engine.specification import Specification, SpecificationError
from scaffold.workspace.engine.translation import to_pip
from scaffold.workspace.files import size_of_its_own, sizes
from scaffold.workspace.interpreters import BARE
from scaffold.workspace.paths import Home
from scaffold.workspace.room import is_lack_of_room
from scaffold.workspace.store import Store
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.environments import BuiltEnvironment

# Part of every key: raised when the way environments are built changes what is in them.
_RECIPE = "2"
_FAULTS = ("slow-build", "build")
_NO_SOURCES = NoSources()


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


class BusyError(Exception):
    """What is to be removed is being used."""


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
        self._prefixes = CondaBuilder(installer.conda_cache(home))
        self._installer = Installer(home, store.content, self._prefixes)

    def log_path(self, key: str) -> Path:
        """The build log of an environment."""
        return self._home.environments / f"{key}.log"

    def folder(self, specification: Specification) -> Path:
        """Where an environment is, or would be."""
        return self._home.environments / self.key(specification)

    def interpreter(self, specification: Specification) -> str | None:
        """The Python that a run with this specification would start in; None when it has to be built first."""
        if specification.interpreter is not None:
            return _python_of(specification)
        built = self._built(self.key(specification))
        return built.interpreter if built is not None else None

    def key(self, specification: Specification) -> str:
        """The key of a specification on this machine."""
        salt = f"{_RECIPE} {sys.platform} {platform.machine()}"
        if specification.conda is not None:  # what a channel's name stands for is configured
            salt += "".join(f" {channel.url}" for channel in self._prefixes.channels(specification.conda))
        return specification.key(salt)

    def known(self, specification: Specification, sources: Sources = _NO_SOURCES) -> Specification:
        """What would be built, as far as that is known without asking anybody.

        Args:
            specification: as it was read.
            sources: the run's files, which its requirements may name.

        Raises:
            SpecificationError: something that it names is not there.
        """
        whole = requirements.with_files(specification, self._store, sources)
        if whole.conda is None or self._built(self.key(whole)) is not None:
            return whole
        reason = self._prefixes.known_unreachable(whole.conda)
        return whole if reason is None else _without_conda(whole, reason)

    async def complete(self, specification: Specification, sources: Sources = _NO_SOURCES) -> Specification:
        """What is to be built: with the files that it names, and without conda where no channel can be reached.

        Args:
            specification: as it was read.
            sources: the run's files, which its requirements may name.

        Raises:
            SpecificationError: something that it names is not there, or pip cannot say it.
            BuildError: some of its channels can be reached and some cannot.
        """
        whole = self.known(specification, sources)
        if whole.conda is None or self._built(self.key(whole)) is not None:
            return whole
        reason = await self._prefixes.unreachable(whole.conda)
        return whole if reason is None else _without_conda(whole, reason)

    def begun(self, specification: Specification) -> Specification:
        """What was built last for a specification without a run: by conda, or from PyPI in its place."""
        try:
            whole = requirements.with_files(specification, self._store, _NO_SOURCES)
            ways = [whole, to_pip(whole)] if whole.conda is not None else [whole]
        except SpecificationError:
            return specification
        begun = [way for way in ways if self.log_path(self.key(way)).exists()]
        return max(begun, key=lambda way: self.log_path(self.key(way)).stat().st_mtime, default=ways[0])

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
            return _user_managed(specification)
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
            Each removed environment with what that freed (bytes).
        """
        removed = []
        for built in self._store.environments.all():
            if built.used >= before or built.key in self._building:
                continue
            self._store.environments.remove(built.key)
            folder = self._home.environments / built.key
            size = size_of_its_own(folder)
            shutil.rmtree(folder, ignore_errors=True)
            self.log_path(built.key).unlink(missing_ok=True)
            removed.append((built, size))
        return removed

    def usage(self) -> dict[str, int]:
        """What is kept for environments (bytes): themselves, and the packages that they share or shared."""
        environments, *caches = sizes([self._home.environments, *self._installer.caches()])
        return {"environments": environments, "packages": sum(caches)}

    def empty_caches(self) -> int:
        """Removes the packages that are kept for the next build; a cache of the user's own is left alone.

        Returns:
            What that freed (bytes).

        Raises:
            BusyError: something is being built from them.
        """
        if self._building:
            raise BusyError("An environment is being built.")
        caches = self._installer.caches()
        freed = sum(map(size_of_its_own, caches))
        for cache in caches:
            shutil.rmtree(cache, ignore_errors=True)
        return freed

    def begin(self, specification: Specification) -> None:
        """Builds an environment without anybody waiting, unless it is there or being built."""
        if not self.is_ready(specification) or self._has_fault(None):
            self._join(self.key(specification), specification, lambda text: None, None).asked = True

    def is_building(self, specification: Specification) -> bool:
        """True while it is being built."""
        build = self._building.get(self.key(specification)) if specification.interpreter is None else None
        return build is not None and not build.abandoned

    @property
    def building(self) -> bool:
        """True while any environment is being built."""
        return bool(self._building)

    def recover(self) -> None:
        """Clears away what a service that was killed was building."""
        for key in builder.end_leftovers(self._home.environments):
            if self._store.environments.get(key) is None:
                shutil.rmtree(self._home.environments / key, ignore_errors=True)
            for job in self._home.environments.glob(f"{key}.[jy]*"):  # what conda was told to install
                job.unlink(missing_ok=True)

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
                python = await self._made(folder, specification, log, progress)
            except BaseException as error:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                canceled = isinstance(error, asyncio.CancelledError)
                with contextlib.suppress(OSError):  # a full disk, which is said on the run
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
            interpreter=python.path,
            built=timestamp(),
            used=timestamp(),
            seconds=seconds,
        )
        self._store.environments.add(built)
        return built

    async def _made(
        self, folder: Path, specification: Specification, log: IO[str], progress: Callable[[str], None]
    ) -> Python:
        """Has it made, and tells of a full disk as such."""
        try:
            return await self._installer.make(folder, specification, log, progress)
        except OSError as error:
            if not is_lack_of_room(error):
                raise
            raise BuildError(_FULL, str(error)) from None
        except BuildError as error:
            if not _SAYS_FULL.search(error.reason):
                raise
            raise BuildError(_FULL, error.reason) from None


_FULL = (
    "The environment could not be built: the disk is full. Free some space; "
    "'scaffold workspace prune' removes environments that are not used any more."
)
_SAYS_FULL = re.compile(
    r"no space left on device|not enough space on the disk|\(os error (28|112)\)", re.IGNORECASE
)


def _without_conda(specification: Specification, reason: str) -> Specification:
    translated = to_pip(specification)
    notice = f"No conda channel can be reached ({reason})."
    return msgspec.structs.replace(translated, notices=(*translated.notices, notice))


def _python_of(specification: Specification) -> str | None:
    """The interpreter that the user named; a bare ``python`` is the one that scaffold itself runs in."""
    name = specification.interpreter or "python"
    if name in BARE:
        return sys.executable
    found = shutil.which(name)
    with contextlib.suppress(OSError, ValueError):  # too long a name, or no name at all
        found = found or (name if Path(name).is_file() else None)
    return found


def _user_managed(specification: Specification) -> ReadyEnvironment:
    path = _python_of(specification)
    if path is None:
        raise BuildError(
            f"The interpreter {specification.interpreter!r} that the environment names is not on this machine.",
            "\n".join(specification.notices),
        )
    return ReadyEnvironment(path, None, None, True, specification.notices, None)


def _notices(specification: Specification, built: BuiltEnvironment) -> list[str]:
    notices = [*specification.notices]
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
