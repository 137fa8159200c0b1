"""Which process runs for a state folder, and that a slow one is never taken for one that is stopped."""

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import psutil
import pytest

from scaffold.errors import WorkspaceError
from scaffold.workspace import identity, lifecycle, service_lock
from scaffold.workspace.files import StateFileError
from scaffold.workspace.keys import Keys
from scaffold.workspace.naming import WorkspaceName
from scaffold.workspace.paths import Home
from scaffold.workspace.record import ServiceRecord
from scaffold.workspace.settings import SettingError


def write_record(home: Home, pid: int, port: int) -> None:
    record = {"pid": pid, "https_port": port, "http_port": 1, "version": "1"}
    home.service_record.write_text(json.dumps(record), encoding="utf-8")


@contextmanager
def beginning(home: Home, pid: int) -> Iterator[int]:
    """A service that says who it is once somebody has come to its port, and answers then; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home.server_certificate)

    def serve(listener: socket.socket, port: int) -> None:
        plain, _ = listener.accept()
        write_record(home, pid, port)
        context.wrap_socket(plain, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = Thread(target=serve, args=(listener, port))
        thread.start()
        yield port
        thread.join()


def test_a_service_that_takes_the_port_of_the_one_before_it_is_told_from_it(home: Home):
    identity.prepare(home)
    with beginning(home, pid=22) as port:
        write_record(home, 11, port)

        found = lifecycle.find(home)

    assert found is not None
    assert found.pid == 22


_LIVES = """
import signal, sys, time, filelock
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with filelock.FileLock(sys.argv[1]):
    print("lives", flush=True)
    time.sleep(600)
"""


find_in_time = lifecycle.find


def find_soon(home: Home) -> lifecycle.Service | None:
    return find_in_time(home, seconds=0.3)


@pytest.fixture
def silent(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[str]"]:
    """A process that lives as the home's service, listens, and neither answers nor lets itself be asked to end."""
    for name in ("STOP_SECONDS", "FORCE_SECONDS"):
        monkeypatch.setattr(lifecycle, name, 0.2)
    monkeypatch.setattr(lifecycle, "find", find_soon)
    identity.prepare(home)
    process = subprocess.Popen(
        [sys.executable, "-c", _LIVES, str(home.service_lock)], stdout=subprocess.PIPE, text=True
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        write_record(home, process.pid, listener.getsockname()[1])
        assert process.stdout is not None
        assert process.stdout.readline() == "lives\n"
        yield process
    process.kill()
    process.communicate()


COMMANDS: dict[str, Callable[[Home], object]] = {
    "find": find_soon,
    "start": lifecycle.ensure,
    "stop": lifecycle.stop,
    "reset": lifecycle.reset,
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_service_that_does_not_answer_is_not_taken_for_one_that_is_stopped(
    home: Home, silent: "subprocess.Popen[str]", command: Callable[[Home], object]
):
    home.database.write_bytes(b"kept")

    with pytest.raises(WorkspaceError) as refused:
        command(home)

    assert f"process {silent.pid}" in refused.value.message
    assert "stop --force" in refused.value.hint
    assert home.database.read_bytes() == b"kept"
    assert silent.poll() is None


def test_a_service_that_does_not_stop_is_ended_by_force_alone(home: Home, silent: "subprocess.Popen[str]"):
    assert lifecycle.stop(home, force=True) is True

    assert silent.wait(60) != 0
    assert find_soon(home) is None
    assert lifecycle.stop(home) is False


def test_the_process_that_lives_is_told_by_the_lock_whatever_the_record_says(
    home: Home, silent: "subprocess.Popen[str]"
):
    assert service_lock.holder(home) == psutil.Process(silent.pid)

    write_record(home, os.getpid(), 1)

    assert service_lock.holder(home) is None  # it is no program of ours, and this one does not have the lock


def test_the_lock_is_free_once_its_process_is_gone_and_asking_takes_it_from_nobody(home: Home):
    assert not service_lock.is_held(home)
    with service_lock.hold(home, 0.0) as held:
        assert held
        assert service_lock.is_held(home)
        assert service_lock.is_held(home)
    assert not service_lock.is_held(home)


def test_a_setting_that_cannot_be_is_refused_before_anything_is_started(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SCAFFOLD_PORT", "abc")

    with pytest.raises(SettingError, match="SCAFFOLD_PORT is 'abc'"):
        lifecycle.ensure(home)

    assert not home.service_log.exists()


GARBAGE = {
    "nothing": b"",
    "a list": b"[]",
    "null": b"null",
    "a number": b"12",
    "a text": b'"x"',
    "an empty object": b"{}",
    "cut off": b'{"pid": 12, "https_p',
    "bytes": bytes(range(256)),
    "deep": b"[" * 100_000,
    "other types": b'{"pid": "x", "https_port": null, "http_port": [1], "version": 3, "signing": 1, "identity": {}}',
    "numbers out of range": b'{"pid": -1, "https_port": 70000, "http_port": 0, "version": "1"}',
}
LOADED: dict[str, tuple[Callable[[Home], Path], Callable[[Home], object]]] = {
    "record": (lambda home: home.service_record, ServiceRecord.load),
    "keys": (lambda home: home.secret_keys, Keys.load),
    "name": (lambda home: home.workspace_name, WorkspaceName.load),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize(("path_of", "load"), LOADED.values(), ids=LOADED)
def test_a_state_file_that_holds_something_else_is_told_by_its_path(
    home: Home, path_of: Callable[[Home], Path], load: Callable[[Home], object], garbage: bytes
):
    path_of(home).write_bytes(garbage)

    with pytest.raises(StateFileError) as refused:
        load(home)

    assert str(path_of(home)) in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_a_record_that_holds_something_else_keeps_nobody_from_beginning_anew(home: Home, garbage: bytes):
    home.database.write_bytes(b"kept")
    home.service_record.write_bytes(garbage)
    home.notice.write_bytes(garbage)

    folder = lifecycle.reset(home)

    assert folder is not None
    assert (folder / "workspace.db").read_bytes() == b"kept"
    assert lifecycle.find(home) is None
    lifecycle.take_notice(home)
    assert lifecycle.take_notice(home) is None
