"""Connections that do not show that they may be here are closed, and never so many that others find no place."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from scaffold.workspace import doors
from scaffold.workspace.doors import PATIENCE, Doors, vouch


class Guarded:
    """A listener and its clients."""

    def __init__(self) -> None:
        self.doors = Doors()
        self.listener = self.doors.listener(0)
        self.clients: list[socket.socket] = []
        self.accepted: list[socket.socket] = []

    def knock(self) -> socket.socket:
        """Connects, and has the connection accepted."""
        self.clients.append(socket.create_connection(self.listener.getsockname(), timeout=10))
        while True:
            try:
                self.accepted.append(self.listener.accept()[0])
                return self.clients[-1]
            except BlockingIOError:  # it was another one's turn
                continue

    def vouch(self, client: socket.socket) -> None:
        """Says that a request on this connection was let in."""
        scope = {
            "client": client.getsockname(),
            "server": self.listener.getsockname(),
            "scaffold.doors": self.doors,
        }
        vouch(scope)


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    guarded = Guarded()
    yield guarded
    for one in (guarded.listener, *guarded.clients, *guarded.accepted):
        one.close()


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_a_connection_that_never_shows_who_it_is_is_closed(guarded: Guarded):
    silent, known, new = guarded.knock(), guarded.knock(), None
    guarded.vouch(known)
    for look in range(PATIENCE):
        assert is_open(silent)
        if look == 1:
            new = guarded.knock()
        guarded.doors.look()

    assert new is not None
    assert [is_open(one) for one in (silent, known, new)] == [False, True, True]


def test_when_there_are_many_the_oldest_go_and_the_newest_have_their_time(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(guarded.doors, "_most", 3)
    first = [guarded.knock() for _ in range(3)]
    with pytest.raises(OSError, match="too many"):  # they have come only just now
        guarded.listener.accept()
    guarded.vouch(first[0])
    fourth = guarded.knock()
    for _ in range(2):
        guarded.doors.look()

    fifth = guarded.knock()

    assert [is_open(one) for one in (*first, fourth, fifth)] == [True, False, False, False, True]


def test_connections_that_are_over_take_no_place(guarded: Guarded, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guarded.doors, "_most", 2)
    for _ in range(6):
        guarded.knock().close()
        guarded.accepted[-1].close()


def test_a_flood_leaves_the_loop_its_turns(guarded: Guarded):
    for _ in range(60):
        guarded.clients.append(socket.create_connection(guarded.listener.getsockname(), timeout=10))
    turns = taken = 0
    while taken < 60:
        try:
            guarded.accepted.append(guarded.listener.accept()[0])
            taken += 1
        except BlockingIOError:
            turns += 1

    assert turns >= 3


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell whose a connection is")
@pytest.mark.parametrize("way", ["asked", "listed"])
def test_the_system_tells_whose_a_connection_is(guarded: Guarded, monkeypatch: pytest.MonkeyPatch, way: str):
    owners = doors._Owners()
    peer, here = guarded.knock().getsockname(), guarded.listener.getsockname()
    found = owners._asked(peer, here) if way == "asked" else doors._listed(peer, here)

    assert found == os.getuid()
    assert not owners.is_foreign(peer, here)
    monkeypatch.setattr(owners, "_ours", {os.getuid() + 1})
    assert owners.is_foreign(peer, here)
    if way == "listed":
        monkeypatch.setattr(owners, "_netlink", None)
        assert owners.is_foreign(peer, here)
    assert not owners.is_foreign(("127.0.0.1", 1), here)  # who is not known is let in, for a while


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell whose a connection is")
def test_another_users_connection_is_closed_unheard(guarded: Guarded, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guarded.doors._owners, "_ours", {os.getuid() + 1})
    client = socket.create_connection(guarded.listener.getsockname(), timeout=10)

    with pytest.raises(BlockingIOError):
        while True:
            guarded.listener.accept()

    client.settimeout(10)
    with suppress(ConnectionError):
        assert client.recv(1) == b""
