"""The process beside a run's process: starts it, keeps its time limit, ends its whole tree, writes down how it went.

It is a process of its own, in a session of its own, so that a run outlives the service: when the service
dies, the supervisor goes on, and the next service reads its record. It is started as a file, with the
standard library alone (psutil is imported only to end a tree), and must not import anything of ours.

    python -I supervisor.py JOB_FOLDER

reads ``job.json`` (``argv``, ``cwd``, ``environment``, ``limit_seconds`` and ``processes``, each with ``log``,
``environment`` and ``essential``, and ``preempt_seconds``, after which the run loses its node), writes
``started.json`` (process ids ``supervisor`` and ``pids``, ``at``) and in the end ``exit.json`` (``exit_code``,
``reason``: exited, canceled, timeout, preempted or not-started, ``at``, ``seconds`` since the start, ``message``,
``log``: that of the process that decided it). A file named ``stop`` in the folder asks it to end the run.

Both are written into files that were laid out in their full length, so that a full disk keeps neither from being
written; where even that fails, it tries until there is room: nobody else knows how the run ended.
"""

import contextlib
import json
import os
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
_LONGEST_MESSAGE = 2000


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def reserve(folder: Path) -> None:
    """Makes the files that are written later in their full length; called by who lays the folder out."""
    for name in RESERVED:
        (folder / name).with_suffix(".tmp").write_bytes(b" " * RESERVED_BYTES)


def _write(path: Path, document: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    with open(temporary, "r+b" if temporary.exists() else "wb") as stream:  # noqa: PTH123
        stream.write(json.dumps(document).encode().ljust(RESERVED_BYTES))
    os.replace(temporary, path)  # noqa: PTH105  (same as Path.replace, one import less on the way)


def _write_at_last(path: Path, document: dict[str, Any]) -> None:
    while True:
        try:
            return _write(path, document)
        except OSError:
            time.sleep(RETRY_SECONDS)


def _adopt_orphans() -> None:
    """Makes this process the parent of orphaned descendants, so that none escapes (Linux only)."""
    if sys.platform == "linux":
        with contextlib.suppress(Exception):
            import ctypes

            pr_set_child_subreaper = 36
            ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def _descendants() -> list[Any]:
    import psutil

    found = []
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
    return found


def end_tree(grace_seconds: float) -> None:
    """Ends every descendant of this process: asks first, and kills what is left after the grace.

    Waits by looking, and never for a child's exit code, which is the business of whoever started it.
    """
    import psutil

    for process in _descendants() if grace_seconds > 0 else []:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and _descendants():
        time.sleep(0.02)
    # Processes can start others while they are being ended: look again until none is left.
    for _ in range(200):
        tree = _descendants()
        if not tree:
            return
        for process in tree:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.02)


def _start(job: dict[str, Any], process: dict[str, Any]) -> "subprocess.Popen[bytes]":
    with open(process["log"], "ab", buffering=0) as log:  # noqa: PTH123
        options: dict[str, Any] = {}
        if os.name == "nt":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined,unused-ignore]
        return subprocess.Popen(
            job["argv"],
            cwd=job["cwd"],
            env=job["environment"] | process["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **options,
        )


def _wait(
    processes: "list[subprocess.Popen[bytes]]",
    essential: list[bool],
    folder: Path,
    limit_seconds: float | None,
    preempt_seconds: float | None,
) -> str:
    """Waits for the processes or for a reason to end them, and returns why it is over.

    It is over when all the essential ones have ended, or when one of all has failed: the others would wait
    for it for ever.
    """
    over = threading.Event()
    left = {number for number, needed in enumerate(essential) if needed}

    def watch(number: int) -> None:
        code = processes[number].wait()
        left.discard(number)
        if code != 0 or not left:
            over.set()

    for number in range(len(processes)):
        threading.Thread(target=watch, args=(number,), daemon=True).start()
    deadline = time.monotonic() + limit_seconds if limit_seconds else None
    preemption = time.monotonic() + preempt_seconds if preempt_seconds is not None else None
    while not over.wait(POLL_SECONDS):
        if (folder / "stop").exists():
            return "canceled"
        if deadline is not None and time.monotonic() > deadline:
            return "timeout"
        if preemption is not None and time.monotonic() > preemption:
            return "preempted"
    return "exited"


def main(folder: Path) -> None:
    """Carries one run from start to end."""
    job = json.loads((folder / "job.json").read_bytes())
    _adopt_orphans()
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for process in job["processes"]:
            processes.append(_start(job, process))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        end_tree(0.0)
        message = str(error)[:_LONGEST_MESSAGE]
        _write_at_last(
            folder / "exit.json",
            {"exit_code": None, "reason": "not-started", "at": _now(), "message": message, "log": None},
        )
        return
    pids, begun = [process.pid for process in processes], time.monotonic()
    with contextlib.suppress(OSError):
        _write(folder / "started.json", {"supervisor": os.getpid(), "pids": pids, "at": _now()})
    essential = [process["essential"] for process in job["processes"]]
    reason = _wait(processes, essential, folder, job.get("limit_seconds"), job.get("preempt_seconds"))
    at, seconds = _now(), round(time.monotonic() - begun, 3)
    # The first that failed by itself tells why; what is ended below ends with the code of that.
    codes = [process.poll() for process in processes]
    # What a script leaves running would go on writing to its log and holding its files.
    # A node that is lost is lost at once.
    end_tree(0.0 if reason in ("exited", "preempted") else GRACE_SECONDS)
    ended = [process.wait() for process in processes]
    failed = [number for number, code in enumerate(codes) if code] if reason == "exited" else [0]
    number = failed[0] if failed else 0
    code = codes[number] if codes[number] is not None else ended[number]
    _write_at_last(
        folder / "exit.json",
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
