"""The environments of a workspace: built once, and kept; ``builds`` has those that are being built."""

import contextlib
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from scaffold.workspace.engine import installer, requirements
from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.builds import Builds
from scaffold.workspace.engine.conda import CondaBuilder
from scaffold.workspace.engine.installer import Installer
from scaffold.workspace.engine.requirements import NoSources, Sources
from scaffold.workspace.engine.specification import Specification, SpecificationError
from scaffold.workspace.engine.translation import to_pip
from scaffold.workspace.files import size_of_its_own, sizes
from scaffold.workspace.interpreters import BARE
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from scaffold.workspace.store.environments import BuiltEnvironment

# Part of every key: raised when the way environments are built changes what is in them.
_RECIPE = "3"
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


class Environments:
    """The environments of one workspace.

    Args:
        home: where they are kept.
        store: where it is written down which are ready.
    """

    def __init__(self, home: Home, store: Store) -> None:
        self._home = home
        self._store = store
        self._prefixes = CondaBuilder(installer.conda_cache(home))
        self._installer = Installer(home, store.content, self._prefixes)
        self._builds = Builds(home, store, self._installer)

    def log_path(self, key: str) -> Path:
        """The build log of an environment."""
        return self._builds.log_path(key)

    def folder(self, specification: Specification) -> Path:
        """Where an environment is, or would be."""
        return self._home.environments / self.key(specification)

    def interpreter(self, specification: Specification) -> str | None:
        """The Python that a run with this specification would start in; None when it has to be built first."""
        if specification.interpreter is not None:
            return _python_of(specification)
        built = self._builds.built(self.key(specification))
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
        if whole.conda is None or self._builds.built(self.key(whole)) is not None:
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
        if whole.conda is None or self._builds.built(self.key(whole)) is not None:
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
        return (
            specification.interpreter is not None or self._builds.built(self.key(specification)) is not None
        )

    def will_build(self, specification: Specification, experiment: str | None) -> bool:
        """True when a run of that experiment waits for a build, its own or one that is under way."""
        return not self.is_ready(specification) or (
            specification.interpreter is None and self._builds.has_fault(experiment)
        )

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
        built = self._builds.built(key)
        cached = built is not None
        if built is None or self._builds.has_fault(experiment):
            built = await self._builds.wait(self._builds.join(key, specification, progress, experiment))
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
            if built.used >= before or built.key in self._builds.keys:
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
        if self._builds.keys:
            raise BusyError("An environment is being built.")
        caches = self._installer.caches()
        freed = sum(map(size_of_its_own, caches))
        for cache in caches:
            shutil.rmtree(cache, ignore_errors=True)
        return freed

    def begin(self, specification: Specification) -> None:
        """Builds an environment without anybody waiting, unless it is there or being built."""
        if not self.is_ready(specification) or self._builds.has_fault(None):
            self._builds.join(self.key(specification), specification, lambda text: None, None).asked = True

    def is_building(self, specification: Specification) -> bool:
        """True while it is being built."""
        return specification.interpreter is None and self._builds.is_under_way(self.key(specification))

    @property
    def building(self) -> bool:
        """True while any environment is being built."""
        return bool(self._builds.keys)

    def recover(self) -> None:
        """Clears away what a service that was killed was building."""
        self._builds.recover()

    async def stop(self) -> None:
        """Gives up every build."""
        await self._builds.stop()


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
