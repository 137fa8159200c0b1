"""Starting a run's supervisor, and waiting for it without holding it: it outlives this process."""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from typing import Any

from scaffold.workspace.engine import supervisor
from scaffold.workspace.engine.jobs import JobFolder
from scaffold.workspace.supervision import write_down


class Supervised:
    """A supervisor that this process started."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

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
    with (folder.path / "supervisor.log").open("ab") as log:
        options: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]
        process = subprocess.Popen(
            [sys.executable, "-I", supervisor.__file__, str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            close_fds=True,
            **options,
        )
    # The supervisor says so itself only a moment later, and the service may be gone by then.
    write_down(folder.path, process.pid)
    return Supervised(process)
