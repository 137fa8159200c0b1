"""The process beside a run's process: starts it, keeps its time limit, ends its whole tree, writes down how it went.

It is a process of its own, in a session of its own, so that a run outlives the service: when the service
dies, the supervisor goes on, and the next service reads its record. It is started as a file, with the
standard library alone (psutil is imported only to end a tree), and must not import anything of ours.

    python -I supervisor.py RECORDS

RECORDS is a folder apart from the run's own, of which the run's code is told nothing (see ``JobFolder.records``).
It reads ``job.json`` there (``argv``, ``cwd``, ``environment``, ``limit_seconds`` and ``processes``, each with
``log``, ``environment`` and ``essential``; ``preempt_seconds``, after which the run loses its node; ``folder``, the
run's own folder, without which the run is over; ``mark``, which its processes carry, see ``watchman``), writes
``started.json`` (process ids ``supervisor`` and ``pids``, ``at``) and in the end ``exit.json`` (``exit_code``,
``reason``: one of ``REASONS``, ``at``, ``seconds`` since the start, ``message``, ``log``: that of the process that
decided it). A file named ``stop`` asks it to end the run.

Both are written into files that were laid out in their full length, so that a full disk keeps neither from being
written; where even that fails, it tries until there is room: nobody else knows how the run ended. What stands in
the way of one of them is removed, and a folder that is gone is made again.
"""

import contextlib
import errno
import json
import os
import stat
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

GRACE_SECONDS = 5.0
POLL_SECONDS = 0.1
RETRY_SECONDS = 1.0
RESERVED_BYTES = 8192
RESERVED = ("started.json", "exit.json")
REASONS = ("exited", "canceled", "timeout", "preempted", "vanished", "not-started")
_LONGEST_MESSAGE = 2000
_MOST_ATTEMPTS = 50
_NO_ROOM = ("ENOSPC", "EDQUOT")
_NO_ROOM_ON_WINDOWS = (39, 112)
# A link that somebody has put in a file's place is never followed. What Windows has of these is no flag there.
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_WATCHMAN = Path(__file__).parents[2] / "watchman.py"


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def reserve(folder: Path) -> None:
    """Makes the files that are written later in their full length; called by who lays the folder out."""
    for name in RESERVED:
        (folder / name).with_suffix(".tmp").write_bytes(b" " * RESERVED_BYTES)


def _open_reserved(path: Path) -> int:
    """The file that was laid out, or a new one where that is not what it was."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | _PLAIN)
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            return descriptor
        os.close(descriptor)
    _remove(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, 0o600)


def _remove(path: Path) -> None:
    """Removes whatever there is of that name; never what a link names."""
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError, IsADirectoryError, PermissionError):
        path.unlink()


def _write(path: Path, document: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    with os.fdopen(_open_reserved(temporary), "wb") as stream:
        stream.write(json.dumps(document).encode().ljust(RESERVED_BYTES))
    if path.is_dir():
        _remove(path)
    os.replace(temporary, path)  # noqa: PTH105  (same as Path.replace, one import less on the way)


def _write_at_last(path: Path, document: dict[str, Any]) -> None:
    """Writes it as soon as there is room; where something else keeps it from being written, gives up in the end."""
    attempts = 0
    while attempts < _MOST_ATTEMPTS:
        try:
            return _write(path, document)
        except OSError as error:
            if not path.parent.is_dir():
                if not path.parent.parent.parent.is_dir():  # the whole workspace is gone
                    return None
                with contextlib.suppress(OSError):
                    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
            if not _is_lack_of_room(error):
                attempts += 1
        time.sleep(RETRY_SECONDS if attempts == 0 else POLL_SECONDS)
    return None


def _is_lack_of_room(error: OSError) -> bool:
    said = errno.errorcode.get(error.errno or 0)
    return said in _NO_ROOM or getattr(error, "winerror", None) in _NO_ROOM_ON_WINDOWS


class Watchman:
    """The process that ends the run's when this one is killed: see ``watchman``.

    Args:
        mark: what the run's processes carry.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._process: subprocess.Popen[bytes] | None = None
        self.watch()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def watch(self) -> None:
        """Starts it, also when it was killed."""
        if self._process is not None and self._process.poll() is None:
            return
        session = os.getpid() if os.name == "posix" and os.getsid(0) == os.getpid() else None
        options: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SCAFFOLD_KIN_")}
        with contextlib.suppress(OSError):  # no process can be started now: it is tried again soon
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_WATCHMAN), _site()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=os.path.abspath(os.sep),  # noqa: PTH100
                env=kept,
                **options,
            )
            self._tell(f"+ {self._mark}\n" + (f"@ {self._mark} {session}\n" if session else ""))

    def _tell(self, text: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(text.encode())

    def dismiss(self) -> None:
        """Lets it go. Where orphans are nobody's descendants, it ends those that are left first."""
        if sys.platform == "linux":
            self._tell(f"- {self._mark}\n")
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            if sys.platform != "linux":
                self._process.wait()


def _site() -> str:
    """The folder that psutil is in, without importing it."""
    import importlib.util

    found = importlib.util.find_spec("psutil")
    return str(Path(found.origin).parent.parent) if found and found.origin else ""


def _adopt_orphans() -> None:
    """Makes this process the parent of orphaned descendants, so that none escapes (Linux only)."""
    if sys.platform == "linux":
        with contextlib.suppress(Exception):
            import ctypes

            pr_set_child_subreaper = 36
            ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def _descendants(but: int) -> list[Any]:
    import psutil

    found = []
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if process.pid != but and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
    return found


def end_tree(grace_seconds: float, but: int) -> None:
    """Ends every descendant of this process but that one: asks first, and kills what is left after the grace.

    Waits by looking, and never for a child's exit code, which is the business of whoever started it.
    """
    import psutil

    for process in _descendants(but) if grace_seconds > 0 else []:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and _descendants(but):
        time.sleep(0.02)
    # Processes can start others while they are being ended: look again until none is left.
    for _ in range(200):
        tree = _descendants(but)
        if not tree:
            return
        for process in tree:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.02)


def _start(job: dict[str, Any], process: dict[str, Any]) -> "subprocess.Popen[bytes]":
    descriptor = os.open(process["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | _PLAIN, 0o600)
    with os.fdopen(descriptor, "ab", buffering=0) as log:
        options: dict[str, Any] = {}
        if os.name == "nt":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined,unused-ignore]
        return subprocess.Popen(
            job["argv"],
            cwd=job["cwd"],
            env=job["environment"] | process["environment"] | {f"SCAFFOLD_KIN_{job['mark']}": "member"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **options,
        )


def _wait(
    processes: "list[subprocess.Popen[bytes]]", job: dict[str, Any], records: Path, watchman: Watchman
) -> str:
    """Waits for the processes or for a reason to end them, and returns why it is over.

    It is over when all the essential ones have ended, or when one of all has failed: the others would wait
    for it for ever.
    """
    over = threading.Event()
    left = {number for number, process in enumerate(job["processes"]) if process["essential"]}

    def watch(number: int) -> None:
        code = processes[number].wait()
        left.discard(number)
        if code != 0 or not left:
            over.set()

    for number in range(len(processes)):
        threading.Thread(target=watch, args=(number,), daemon=True).start()
    limit, preempt = job.get("limit_seconds"), job.get("preempt_seconds")
    deadline = time.monotonic() + limit if limit else None
    preemption = time.monotonic() + preempt if preempt is not None else None
    needed = [folder for folder in (job.get("folder"), str(records)) if folder]
    known = [_identity(folder) for folder in needed]
    while not over.wait(POLL_SECONDS):
        if os.path.lexists(records / "stop"):
            return "canceled"
        if deadline is not None and time.monotonic() > deadline:
            return "timeout"
        if preemption is not None and time.monotonic() > preemption:
            return "preempted"
        if [_identity(folder) for folder in needed] != known:
            return "vanished"
        watchman.watch()
    return "exited"


def _identity(folder: str) -> tuple[int, int] | None:
    """What tells a folder from another of its name; None when there is none."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = os.stat(folder)  # noqa: PTH116  (ten times a second)
        return status.st_dev, status.st_ino
    return None


def main(records: Path) -> None:
    """Carries one run from start to end."""
    job = json.loads((records / "job.json").read_bytes())
    job.setdefault("mark", os.urandom(10).hex())
    _adopt_orphans()
    watchman = Watchman(job["mark"])
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for process in job["processes"]:
            processes.append(_start(job, process))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        end_tree(0.0, watchman.pid)
        watchman.dismiss()
        message = str(error)[:_LONGEST_MESSAGE]
        _write_at_last(
            records / "exit.json",
            {"exit_code": None, "reason": "not-started", "at": _now(), "message": message, "log": None},
        )
        return
    pids, begun = [process.pid for process in processes], time.monotonic()
    with contextlib.suppress(OSError):
        _write(records / "started.json", {"supervisor": os.getpid(), "pids": pids, "at": _now()})
    reason = _wait(processes, job, records, watchman)
    at, seconds = _now(), round(time.monotonic() - begun, 3)
    # The first that failed by itself tells why; what is ended below ends with the code of that.
    codes = [process.poll() for process in processes]
    # What a script leaves running would go on writing to its log and holding its files.
    # A node that is lost is lost at once.
    end_tree(GRACE_SECONDS if reason in ("canceled", "timeout") else 0.0, watchman.pid)
    ended = [process.wait() for process in processes]
    watchman.dismiss()
    failed = [number for number, code in enumerate(codes) if code] if reason == "exited" else [0]
    number = failed[0] if failed else 0
    code = codes[number] if codes[number] is not None else ended[number]
    _write_at_last(
        records / "exit.json",
        {
            "exit_code": code,
            "reason": reason,
            "at": at,
            "seconds": seconds,
            "message": None,
            "log": job["processes"][number]["log"],
        },
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
