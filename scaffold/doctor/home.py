"""The local workspace's state folder and its service, looked at without starting anything."""

import contextlib
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from scaffold import __version__, words
from scaffold.doctor import stored
from scaffold.doctor.finding import Finding, Probe, ok, problem, warning
from scaffold.errors import WorkspaceError
from scaffold.workspace import lifecycle
from scaffold.workspace.files import StateFileError
from scaffold.workspace.keys import Keys
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home
from scaffold.workspace.record import ServiceRecord
from scaffold.workspace.room import lack_of_files

_LEAST_BYTES, _FEW_BYTES = 200_000_000, 2_000_000_000
_FIND_SECONDS, _STATUS_SECONDS = 5.0, 4.0
_SOON_SECONDS = 30 * 24 * 3600
_RENEWED = "Stop the service if it runs: the next start makes another, and runs under way go on."
_FILES = "Remove files there that you do not need: it has no inodes left."
_PRIVATE = 0o077


def probes() -> Iterable[Probe]:
    """All of this theme."""
    home = Home.default()
    return (
        Probe("state folder", lambda: folder(home)),
        Probe("settings", settings),
        Probe("service", lambda: service(home)),
        Probe("certificate", lambda: certificate(home)),
        Probe("state files", lambda: files(home)),
        Probe("database", lambda: stored.database(home)),
        Probe("content", lambda: stored.content(home)),
    )


def folder(home: Home) -> Iterator[Finding]:
    """Whether the state folder can be written, and by nobody else, and how much room there is."""
    root = home.root
    existing = next(path for path in (root, *root.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        what = "not a folder" if not existing.is_dir() else "not writable"
        yield problem(
            "state folder",
            f"{root} cannot be used: {existing} is {what}.",
            "Set SCAFFOLD_HOME to a folder that you can write to.",
            path=str(root),
        )
        return
    free = shutil.disk_usage(existing).free
    there = "" if root.exists() else " is made when it is needed"
    facts = {"path": str(root), "exists": root.exists(), "free_bytes": free}
    text = f"{root}{there}; {words.size(free)} are free."
    if lack_of_files(existing):
        yield problem("state folder", f"{root}: its disk takes no more files.", _FILES, **facts)
    elif free < _LEAST_BYTES:
        yield problem(
            "state folder", text, "Make room: 'scaffold workspace prune' removes what is unused.", **facts
        )
    elif free < _FEW_BYTES:
        yield warning("state folder", text, "Make room: an environment may take as much.", **facts)
    else:
        yield ok("state folder", text, **facts)
    yield from _modes(home)


def _modes(home: Home) -> Iterator[Finding]:
    """Whether other users of the machine can read what is theirs alone."""
    if os.name != "posix":
        return
    secrets = home.secrets.iterdir() if home.secrets.is_dir() else ()
    for path in (home.root, *secrets):
        with contextlib.suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & _PRIVATE:
                yield warning(
                    "state folder",
                    f"Others on this machine can read {path} (mode {mode:04o}).",
                    f"Close it: {words.typed('chmod', 'go-rwx', str(path))}",
                    path=str(path),
                )


def settings() -> Iterator[Finding]:
    """Whether the settings are such that the service starts."""
    from scaffold.workspace import settings as table

    try:
        table.check()
    except table.SettingError as error:
        yield problem("settings", error.message, error.hint)
        return
    given = {
        setting.name: os.environ[setting.name] for setting in table.SETTINGS if setting.name in os.environ
    }
    text = ", ".join(f"{name}={value}" for name, value in given.items())
    yield ok("settings", f"{text}." if text else "No setting differs from its default.", **given)


def service(home: Home) -> Iterator[Finding]:
    """Whether the service runs, in this version, and answers."""
    try:
        running = lifecycle.find(home, seconds=_FIND_SECONDS)
    except lifecycle.NotAnsweringError as error:
        yield problem("service", error.message, error.hint, running=True, pid=error.pid)
        return
    if running is None:
        yield ok("service", "It does not run; what needs it starts it.", running=False)
        return
    facts = {"running": True, "pid": running.pid, "version": running.version, "port": running.https_port}
    if running.version != __version__:
        yield warning(
            "service",
            f"It runs in version {running.version} (process {running.pid}), and this is {__version__}.",
            "The next command that needs it replaces it; runs go on meanwhile.",
            **facts,
        )
        return
    try:
        status = running.json("GET", "/status", timeout=_STATUS_SECONDS)
    except WorkspaceError as error:
        yield problem("service", error.message, error.hint, **facts)
        return
    yield ok(
        "service",
        f"It runs (process {running.pid}, version {running.version}) and answers on 127.0.0.1:{running.https_port}.",
        **facts,
    )
    if status["set_aside"]:
        yield warning(
            "service",
            "Its database was damaged, and set aside: {folder} ({reason}).".format(**status["set_aside"]),
            "It began anew; the folder holds the files of earlier runs.",
        )
    if status["faults"]:
        yield warning(
            "service",
            f"It was told to fail on demand ({len(status['faults'])} still to come).",
            "If that is not meant: scaffold workspace fault --clear",
        )


def certificate(home: Home) -> Iterator[Finding]:
    """Whether the certificate by which clients know the service is valid."""
    from OpenSSL import crypto

    if not home.server_certificate.exists():
        yield ok("certificate", "There is none yet; the first start makes it.", exists=False)
        return
    ends = []
    for path in (home.ca_certificate, home.server_certificate):
        try:  # a key beside it may be what is damaged, which the handshake below tells
            read = crypto.load_certificate(crypto.FILETYPE_PEM, _certificate_in(path))
        except (OSError, ValueError, crypto.Error) as error:
            yield problem(
                "certificate", f"{path} cannot be read: {error or 'it is damaged'}.",
                _RENEWED,
            )  # fmt: skip
            return
        ends.append(_end(read.get_notAfter()))
    end = min(ends)
    if end >= time.time() and (fault := _handshake_fault(home)):
        yield problem("certificate", fault, _RENEWED)
        return
    date = time.strftime("%Y-%m-%d", time.gmtime(end))
    if end < time.time():
        yield problem(
            "certificate", f"The service's certificate ended on {date}.",
            f"Stop the service and remove {home.server_certificate}: the next start makes another.", ends=date,
        )  # fmt: skip
    elif end < time.time() + _SOON_SECONDS:
        yield warning(
            "certificate", f"The service's certificate ends on {date}.",
            f"Stop the service and remove {home.server_certificate}: the next start makes another.", ends=date,
        )  # fmt: skip
    else:
        yield ok("certificate", f"The service's certificate is valid until {date}.", ends=date)


def _handshake_fault(home: Home) -> str | None:
    from scaffold.workspace.identity import certificate_fault

    fault = certificate_fault(home)
    return f"{fault}." if fault else None


def files(home: Home) -> Iterator[Finding]:
    """Whether the state folder's own small files hold what was written to them."""
    faults = 0
    for load in (ServiceRecord.load, Keys.load, WorkspaceName.load):
        try:
            load(home)
        except FileNotFoundError:
            continue
        except StateFileError as error:
            faults += 1
            yield problem("state files", error.message, error.hint)
    if not faults:
        yield ok("state files", "They hold what was written to them.")


def _certificate_in(path: Path) -> bytes:
    """The first certificate of a file that may hold a key as well."""
    data = path.read_bytes()
    start = data.find(b"-----BEGIN CERTIFICATE-----")
    if start < 0:
        raise ValueError("it holds no certificate")
    return data[start:]


def _end(text: bytes | None) -> float:
    import calendar

    return float(calendar.timegm(time.strptime((text or b"").decode(), "%Y%m%d%H%M%SZ")))
