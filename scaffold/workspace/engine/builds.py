"""Builds of environments that are under way: never the same one twice at once, and given up when nobody waits."""

import asyncio
import contextlib
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from scaffold.workspace.engine import builder
from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.installer import Installer
from scaffold.workspace.engine.patience import patiently
from scaffold.workspace.engine.pythons import Python
from scaffold.workspace.engine.specification import Specification
from scaffold.workspace.paths import Home
from scaffold.workspace.room import is_lack_of_room
from scaffold.workspace.store import Store
from scaffold.workspace.store.database import timestamp
from scaffold.workspace.store.environments import BuiltEnvironment

_FAULTS = ("slow-build", "build")
_FULL = (
    "The environment could not be built: the disk is full. Free some space; "
    "'scaffold workspace prune' removes environments that are not used any more."
)
_SAYS_FULL = re.compile(
    r"no space left on device|not enough space on the disk|\(os error (28|112)\)", re.IGNORECASE
)


class Build:
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


class Builds:
    """The builds of one workspace.

    Args:
        home: where environments are kept.
        store: where it is written down which are ready.
        installer: makes them.
    """

    def __init__(self, home: Home, store: Store, installer: Installer) -> None:
        self._home = home
        self._store = store
        self._installer = installer
        self._building: dict[str, Build] = {}

    def log_path(self, key: str) -> Path:
        """The build log of an environment."""
        return self._home.environments / f"{key}.log"

    def built(self, key: str) -> BuiltEnvironment | None:
        """The environment of that key, if it is there."""
        built = self._store.environments.get(key)
        if built is not None and not Path(built.interpreter).exists():
            self._store.environments.remove(key)
            return None
        return built

    def is_under_way(self, key: str) -> bool:
        """True while the environment of that key is being built, and is still wanted."""
        build = self._building.get(key)
        return build is not None and not build.abandoned

    @property
    def keys(self) -> set[str]:
        """The environments that something is being built in, wanted or not."""
        return set(self._building)

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

    def has_fault(self, experiment: str | None) -> bool:
        """True when a fault was asked for that strikes the next build."""
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

    def join(
        self,
        key: str,
        specification: Specification,
        progress: Callable[[str], None],
        experiment: str | None,
    ) -> Build:
        """The build that is under way, begun now when there is none."""
        present = self._building.get(key)
        if present is not None and not present.abandoned:
            return present
        before = present.task if present is not None else None
        build = Build(asyncio.create_task(self._build(key, specification, progress, before, experiment)))
        self._building[key] = build
        build.task.add_done_callback(lambda _: self._settle(key, build))
        return build

    async def wait(self, build: Build) -> BuiltEnvironment:
        """The outcome of a build; a cancelled run takes it away from nobody else who needs it."""
        build.waiting += 1
        try:
            return await asyncio.shield(build.task)
        finally:
            build.waiting -= 1
            if not build.waiting and not build.asked and not build.task.done():
                build.abandon()
                await asyncio.wait([build.task])  # a run is not over while something still works for it

    def _settle(self, key: str, build: Build) -> None:
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
        present = self.built(key)
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
        await patiently(lambda: self._store.environments.add(built))  # it has taken minutes to build
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
