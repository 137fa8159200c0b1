"""Starting a run's supervisor, waiting for it without holding it (it outlives this process), and ending remains."""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from scaffold import watchman
from scaffold.tether import SESSION
from scaffold.workspace import inherited, supervision
from scaffold.workspace.engine import supervisor
from scaffold.workspace.engine.jobs import JobFolder


class Supervised:
    """A supervisor that this process started.

    Attributes:
        sessions: its session, as ``end_remains`` takes it.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.sessions = {process.pid: time.time()}

    async def wait(self) -> None:
        """Returns when it has ended; does not end it when the waiting is cancelled."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not over.done():
                over.set_result(None)

        def watch() -> None:
            self._process.wait()
            with contextlib.suppress(RuntimeError):  # the loop is closed: the service has stopped
                loop.call_soon_threadsafe(settle)

        threading.Thread(target=watch, daemon=True).start()
        await over


def start(folder: JobFolder) -> Supervised:
    """Starts the supervisor of a folder that was laid out."""
    environment: dict[str, Any] = inherited.kept(os.environ, runs=True)
    with (folder.records / "supervisor.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", supervisor.__file__, str(folder.records)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            close_fds=True,
            env=environment | watchman.variable(folder.mark, watchman.KEEPER),
            **SESSION,
        )
    # The next service finds it by its mark, and faster by its number.
    supervision.write_down(folder.records, process.pid)
    return Supervised(process)


def adopted(folder: JobFolder) -> dict[int, float]:
    """The session of a living supervisor that an earlier service started, as ``end_remains`` takes it."""
    process = supervision.living(folder.records)
    return {process.pid: time.time()} if process is not None else {}


def end_remains(folder: JobFolder, sessions: Mapping[int, float]) -> list[int]:
    """Ends what is left of a run that nobody looks after any more; returns what does not go.

    Whatever the supervisor wrote down or did not: a run is told to be over when its processes are.

    Args:
        folder: the run's.
        sessions: that of its supervisor, with when it was seen living: a number that was only found written down
            may be another's by now.
    """
    return watchman.end({folder.mark: sessions}, patience_seconds=1.0)
