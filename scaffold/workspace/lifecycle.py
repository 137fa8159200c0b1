"""Starting and stopping the service, from a command's side.

The service's lock tells whether one lives (see ``service_lock``): while it is held, nothing is started, set aside or
called stopped. Imports nothing of the service's own (no starlette, no store).
"""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

from scaffold import __version__
from scaffold.errors import WorkspaceError
from scaffold.workspace import service_lock, settings
from scaffold.workspace.files import StateFileError, place_of
from scaffold.workspace.paths import Home
from scaffold.workspace.reaching import ANSWER_SECONDS, LostError, NotAnsweringError, Service, find, reach
from scaffold.workspace.record import ServiceRecord

__all__ = [
    "LostError", "NotAnsweringError", "Service", "ensure", "find", "reset", "stop", "take_notice", "unusable",
]  # fmt: skip

START_SECONDS = 60.0
STOP_SECONDS = 20.0
FORCE_SECONDS = 5.0
_HOLD_SECONDS = 2.0


def ensure(home: Home) -> Service:
    """The service of this home, started when it does not run; restarted when it is of another version.

    Raises:
        WorkspaceError: it could not be started, and the message gives its own last words; or one lives and does not
            answer.
    """
    service = find(home)
    if service is not None and service.version == __version__:
        return service
    import filelock

    try:
        home.create()
        with filelock.FileLock(home.start_lock):
            service = find(home)
            if service is not None and service.version == __version__:
                return service
            if service is not None:  # runs go on while it is replaced
                _stop(service, force=False)
            return _start(home)
    except OSError as error:
        if isinstance(error, WorkspaceError):
            raise
        raise unusable(home, error) from error


def unusable(home: Home, error: OSError) -> WorkspaceError:
    """What a person is told of a state folder that cannot be written: where, why, and what to do."""
    from scaffold.workspace.room import is_lack_of_room

    where = place_of(error, home.root)
    if is_lack_of_room(error):
        return no_room(home)
    return WorkspaceError(
        f"The state folder {home.root} cannot be used: {where}: {error.strerror or error}.",
        "Mend that, or set SCAFFOLD_HOME to a folder that you can write to.",
    )


def no_room(home: Home) -> WorkspaceError:
    """What a person is told when nothing more can be written on the disk of the state folder."""
    from scaffold.workspace.room import lack_of_files

    if lack_of_files(home.root):
        return WorkspaceError(
            f"The local workspace did not start: the disk that holds {home.root} takes no more files.",
            "Remove files there that you do not need (it has no inodes left), and run the command again.",
        )
    return WorkspaceError(
        f"The local workspace did not start: the disk that holds {home.root} is full.",
        "Make room there, and run the command again.",
    )


def take_notice(home: Home) -> str | None:
    """What a person has to be told of the workspace, for the one command that asks first; else None."""
    try:
        notice = home.notice.read_bytes().decode("utf-8", "replace")
        home.notice.unlink()
    except OSError:
        return None
    return notice.strip() or None


def _start(home: Home) -> Service:
    import subprocess

    from scaffold.workspace import inherited, temporary

    settings.check()
    mark = home.service_log.stat().st_size if home.service_log.exists() else 0
    environment = inherited.kept(os.environ) | temporary.variables(home, os.environ)
    environment |= {"SCAFFOLD_HOME": str(home.root)}
    options: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined,unused-ignore]
        options = {"creationflags": flags}
    with home.service_log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", service_lock.SERVER_MODULE],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=home.root,
            close_fds=True,
            **options,
        )
    deadline = time.monotonic() + START_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        service = reach(home, left)
        if service is not None:
            return service
        if process.poll() is not None:
            raise _failure(home, process.returncode, mark)
        time.sleep(0.02)
    raise WorkspaceError(
        f"The local workspace is still starting after {START_SECONDS:.0f} s (process {process.pid}).",
        f"Wait and run the command again; {home.service_log} tells what it does.",
    )


def _failure(home: Home, exit_code: int, mark: int) -> WorkspaceError:
    """What a person is told of a service that ended while it was starting."""
    from scaffold.workspace.room import EXIT_CODE

    if exit_code == EXIT_CODE:
        return no_room(home)
    said, advice = _last_words(home.service_log, mark)
    return WorkspaceError(
        f"The local workspace did not start: {said}",
        advice
        or f"See {home.service_log}, or set SCAFFOLD_HOME to another folder; "
        "'scaffold workspace reset' sets the state aside.",
    )


def _last_words(log: Path, mark: int) -> tuple[str, str]:
    """Why a service ended, and what it advises (or nothing), as it wrote them into its log from a place on."""
    try:
        with log.open("rb") as stream:
            stream.seek(mark)
            lines = stream.read().decode(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    fatal = [line.partition(" FATAL ")[2] for line in lines if " FATAL " in line]
    advice = [line.partition(" ADVICE ")[2] for line in lines if " ADVICE " in line]
    if fatal:
        return fatal[-1], advice[-1] if advice else ""
    return lines[-1].strip() if lines else "it said nothing", ""


def stop(home: Home, *, force: bool = False) -> bool:
    """Stops the service of this home; what it is running goes on.

    Args:
        home: the state folder.
        force: end one that does not stop by itself. Nothing that it has acknowledged is lost.

    Returns:
        False when none was running.

    Raises:
        WorkspaceError: it does not stop.
    """
    try:
        service = find(home)
    except NotAnsweringError:
        _end(home, force=force, asked=False)
        return True
    if service is None:
        return False
    _stop(service, force=force)
    return True


def _stop(service: Service, *, force: bool) -> None:
    try:
        asked = service.request("POST", "/stop", timeout=ANSWER_SECONDS).status < 400
    except (OSError, WorkspaceError):
        asked = False
    _end(service.home, force=force, asked=asked)


def _end(home: Home, *, force: bool, asked: bool) -> None:
    """Waits for the end of a service; asks it as the system asks a process where it could not be asked otherwise."""
    process = service_lock.holder(home)
    if not asked and process is not None and os.name == "posix":
        with contextlib.suppress(Exception):  # it may just have ended
            process.terminate()
    if service_lock.wait_until_free(home, FORCE_SECONDS if force else STOP_SECONDS) and _gone(process):
        return
    if force and process is not None:
        with contextlib.suppress(Exception):
            process.kill()
        if service_lock.wait_until_free(home, STOP_SECONDS):
            return
    raise _does_not_stop(home, process)


def _does_not_stop(home: Home, process: Any) -> WorkspaceError:
    if process is None:
        return WorkspaceError(
            "The local workspace does not stop, and which process it is cannot be told.",
            f"End the process that has {home.service_lock} open; runs under way go on.",
        )
    return WorkspaceError(
        f"The local workspace (process {process.pid}) does not stop.",
        "'scaffold workspace stop --force' ends that process (runs under way go on); "
        f"its log is {home.service_log}.",
    )


def _gone(process: Any) -> bool:
    """Waits until a process that has let go of its lock is gone, too."""
    import psutil

    if process is None:
        return True
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.Error:
            return True
        time.sleep(0.02)
    return False


def reset(home: Home) -> Path | None:
    """Begins anew: stops the service and sets its state aside, ending runs. Environments and secrets stay.

    Returns:
        The folder that the old state is in now, or None when there was none.

    Raises:
        WorkspaceError: the service does not stop, or the state cannot be moved; nothing has been touched then.
    """
    from scaffold.workspace import aside

    try:
        service = find(home)
    except NotAnsweringError as error:
        raise WorkspaceError(f"{error.message[:-1]}; nothing was reset.", error.hint) from None
    if service is not None:
        _stop(service, force=False)
    if not home.root.is_dir():
        return None
    try:
        with service_lock.hold(home, _HOLD_SECONDS) as held:
            if not held:
                raise WorkspaceError(
                    "The local workspace has just been started by another command, so it was not reset.",
                    "Run the command again when nothing uses the workspace.",
                )
            _forget_workspace(home)
            return aside.set_aside(home)
    except OSError as error:
        raise unusable(home, error) from error


def _forget_workspace(home: Home) -> None:
    """Keeps the ports alone of what was written down of the service, so that no state is looked for."""
    try:
        ServiceRecord.load(home).without_workspace().save(home)
    except FileNotFoundError:
        return
    except StateFileError:
        home.service_record.unlink()
