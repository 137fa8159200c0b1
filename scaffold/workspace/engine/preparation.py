"""What has to be there before a run's process begins: its environment and its data, each with a log of the run's."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.data.configuration import RunData
from scaffold.workspace.engine.data.dataflow import DataError
from scaffold.workspace.engine.data.delivery import Delivery
from scaffold.workspace.engine.data.helpers import Stopped
from scaffold.workspace.engine.data.places import Places
from scaffold.workspace.engine.environments import Environments, ReadyEnvironment
from scaffold.workspace.engine.jobs import JobFolder
from scaffold.workspace.engine.keeping import TEXT, keep
from scaffold.workspace.engine.requirements import FolderSources, SnapshotSources, Sources
from scaffold.workspace.engine.specification import Specification, SpecificationError, read_environment
from scaffold.workspace.engine.submitter import Submitter
from scaffold.workspace.files import is_plain
from scaffold.workspace.interpreters import BARE
from scaffold.workspace.logs import BUILD_LOG, DATA_LOG
from scaffold.workspace.room import is_lack_of_room
from scaffold.workspace.store import Store
from scaffold.workspace.store.blobs import ARTIFACTS, artifact_prefix
from scaffold.workspace.store.runs import BUILT_AS, SUBMITTED_FROM, Run

Events = Callable[[Run, str, dict[str, Any]], None]
"""Told of every step of a run: the run, the event, its details."""


class Preparation:
    """Makes the environments of runs ready.

    Args:
        store: the workspace's.
        environments: its environments.
        tell: told of what is going on.
    """

    def __init__(self, store: Store, environments: Environments, tell: Events) -> None:
        self._store = store
        self._environments = environments
        self._tell = tell

    async def specification(self, run: Run, submitter: Submitter | None) -> Specification:
        """The run's environment, with all that is needed to build it.

        Args:
            run: the run.
            submitter: who submitted it to itself, if it is a local run.

        Raises:
            BuildError, SpecificationError: it cannot be built; the build log says why.
        """
        sources: Sources = SnapshotSources(self._store, run.snapshot_id or "")
        if submitter is not None:
            sources = FolderSources(self._store, Path(submitter.folder))
        try:
            return await self._environments.complete(_environment_of(run, submitter), sources)
        except (BuildError, SpecificationError) as error:
            # Nothing has been built yet, and so there is no other log of it.
            text = f"The environment was not built: {error}\n".encode()
            with _if_there_is_room():
                sha256 = self._store.content.put(text)
                name = artifact_prefix(run.run_id) + BUILD_LOG
                self._store.blobs.put(ARTIFACTS, name, sha256=sha256, size=len(text), content_type=TEXT)
            raise

    async def prepare(
        self, run: Run, specification: Specification, experiment: str | None
    ) -> ReadyEnvironment:
        """The environment, built now unless it is there already.

        Args:
            run: the run.
            specification: its environment.
            experiment: the name of its experiment.

        Raises:
            BuildError, SpecificationError: it cannot be built; the build log says why.
        """
        cached = self._environments.is_ready(specification)
        self._tell(run, "environment", {"name": specification.name, "cached": cached, "state": "started"})
        log = None
        if self._environments.will_build(specification, experiment):
            log = self._environments.log_path(self._environments.key(specification))
            # Seen while it is being written, so that a build that hangs can be understood.
            name = artifact_prefix(run.run_id) + BUILD_LOG
            self._store.blobs.put(ARTIFACTS, name, live_path=log, content_type=TEXT)
        try:
            environment = await self._environments.ready(
                specification,
                lambda text: self._tell(
                    run, "progress", {"text": f"environment {specification.name}: {text}"}
                ),
                experiment,
            )
        finally:
            if log is not None and log.exists():
                await keep_log(self._store, run, BUILD_LOG, log)
        self._store.runs.warn(run.run_id, "environment", list(environment.notices))
        if environment.key is not None:
            self._store.runs.add_recorded(run.run_id, BUILT_AS, [environment.key])
        self._tell(
            run,
            "environment",
            {"name": specification.name, "cached": cached, "state": "ready", "notices": environment.notices},
        )
        return environment


async def arrival(
    store: Store, run: Run, folder: JobFolder, delivery: Delivery, data: RunData
) -> Places | None:
    """Has the run's data put in its place; None when that was given up.

    Raises:
        DataError: it cannot be put there.
    """
    try:
        return await asyncio.to_thread(delivery.deliver, data, run.run_id)
    except Stopped:
        return None
    except DataError as error:
        folder.note_data(str(error))
        raise
    except OSError as error:
        if is_lack_of_room(error):
            raise
        raise DataError(f"The run's data could not be put in its place: {error}") from None
    finally:
        if is_plain(log := folder.log(DATA_LOG)):
            await keep_log(store, run, DATA_LOG, log)


async def keep_log(store: Store, run: Run, name: str, log: Path) -> None:
    """Keeps a log of a run as it is now, if there is room for it."""
    with _if_there_is_room():
        await asyncio.to_thread(keep, store, ARTIFACTS, artifact_prefix(run.run_id) + name, log, TEXT)


@contextlib.contextmanager
def _if_there_is_room() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if not is_lack_of_room(error):
            raise


def _environment_of(run: Run, submitter: Submitter | None) -> Specification:
    """What the run has to find; just ``python`` is that of its submitter, where it is known and still there.

    Whatever interpreter a local run names is the one that its submitter would find.
    """
    specification = read_environment((run.definition or {}).get("environment") or {})
    named, known = specification.interpreter, run.recorded.get(SUBMITTED_FROM)
    if named is None:
        return specification
    if submitter is not None:
        return msgspec.structs.replace(specification, interpreter=submitter.find(named))
    if named in BARE and known and Path(known).exists():
        return msgspec.structs.replace(specification, interpreter=known)
    return specification
