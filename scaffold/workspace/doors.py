"""Who may hold a connection of the service, before anybody knows what is asked on it.

Every user of the machine can connect to its loopback address. Where the system tells whose a connection is
(Linux), another user's is closed as it is accepted. Everywhere, one that has not shown within a while that it may
be here is closed, and so is the oldest of these when there are many: idle connections, or requests that come a
byte at a time, cannot use up the descriptors that the owner's need.
"""

import asyncio
import errno
import os
import socket
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

Key = tuple[str, int, int]

PATIENCE = 30
"""How many looks, a second apart, a connection has to show that it may be here: a request with a secret, a token or
a signature. Looks, not seconds: those that the service itself is late do not count."""

_GRACE = 1
"""How many looks each has at the least, however many there are; the client of an honest one is quick."""

BACKLOG = 128
"""How many connections the system keeps until they are accepted. Whoever comes last waits for all of them."""

_MOST = 512
_DESCRIPTORS = 4096
_AT_ONCE = 16
_SCOPE = "scaffold.doors"


@dataclass(frozen=True)
class _Waiting:
    """A connection that has not shown yet that it may be here.

    Attributes:
        since: how many looks there had been when it came.
        close: closes it.
        is_over: whether it is closed already.
    """

    since: int
    close: Callable[[], object]
    is_over: Callable[[], bool]


class Doors:
    """The connections that have not shown yet that they may be here."""

    def __init__(self) -> None:
        # A third of the descriptors for those that wait, at the most; the owner's own are not counted.
        self._most = min(_MOST, _raised_limit() // 3)
        self._waiting: OrderedDict[Key, _Waiting] = OrderedDict()
        self._looks = 0
        self._owners = _Owners()

    def listener(self, port: int) -> socket.socket:
        """A socket that is bound to a port of the loopback address, and accepts what may come in.

        Raises:
            OSError: the port is not free.
        """
        listener = _Listener(self)
        if os.name == "posix":  # on Windows the option would let two services share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        listener.setblocking(False)
        return listener

    def accepted(self, connection: socket.socket, peer: tuple[str, int]) -> bool:
        """Takes notice of a connection, or closes it since it is another user's.

        Returns:
            False when it was closed.
        """
        here: tuple[str, int] = connection.getsockname()
        if self._owners.is_foreign(peer, here):
            with suppress(OSError):  # at once, with nothing left behind
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return False
        key = (*peer, here[1])
        self._waiting.pop(key, None)
        self._waiting[key] = _Waiting(self._looks, lambda: _shut(connection), lambda: connection.fileno() < 0)
        return True

    def made(self, transport: Any) -> Key | None:
        """Takes notice that a connection can be spoken on; it has to show no later that it may be here.

        Returns:
            What :meth:`let_in` knows it by.
        """
        key = _key_of(transport.get_extra_info("peername"), transport.get_extra_info("sockname"))
        if key is None:
            return None
        # Where accepting is the system's own affair, it is seen only now.
        known = self._waiting.get(key)
        since = self._looks if known is None else known.since
        self._waiting[key] = _Waiting(since, transport.abort, transport.is_closing)
        if known is None and len(self._waiting) > self._most:
            transport.abort()
        return key

    def let_in(self, key: Key | None) -> None:
        """Leaves a connection alone from now on: it may be here, or is over."""
        if key is not None:
            self._waiting.pop(key, None)

    def has_room(self) -> bool:
        """True when connections may be accepted; the oldest of those that wait are closed for it."""
        if len(self._waiting) < self._most:
            return True
        for key, one in list(self._waiting.items()):
            if one.is_over() or self._looks - one.since > _GRACE:
                del self._waiting[key]
                one.close()
        return len(self._waiting) < self._most

    async def watch(self) -> None:
        """Closes what has waited for too long, for ever."""
        while True:
            await asyncio.sleep(1.0)
            self.look()

    def look(self) -> None:
        """Closes what has waited for :data:`PATIENCE` looks."""
        self._looks += 1
        for key, one in list(self._waiting.items()):
            if one.is_over() or self._looks - one.since >= PATIENCE:
                del self._waiting[key]
                one.close()

    def before(self, app: ASGIApp) -> ASGIApp:
        """The application, in which :func:`vouch` finds the connection of a request."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, _SCOPE: self}, receive, send)

        return answer


def vouch(scope: Scope) -> None:
    """Says of a request that it was let in, and so of its connection that it may be here."""
    doors: Doors | None = scope.get(_SCOPE)
    if doors is not None:
        doors.let_in(_key_of(scope.get("client"), scope.get("server")))


def _key_of(peer: Any, here: Any) -> Key | None:
    return (peer[0], peer[1], here[1]) if peer and here else None


def _shut(connection: socket.socket) -> None:
    """Ends a connection that the event loop has; it sees the end and closes it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _raised_limit() -> int:
    """How many descriptors the service may have, after it has asked for more than is usual."""
    if sys.platform == "win32":
        return _DESCRIPTORS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


class _Listener(socket.socket):
    """A listening socket that the event loop is given; what may not come in, it never sees."""

    def __init__(self, doors: Doors) -> None:
        # With its protocol named, since asyncio turns Nagle's algorithm off for such sockets alone: headers
        # and body leave in two writes, and each answer would otherwise wait 40 ms for an acknowledgement.
        super().__init__(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._doors = doors
        self._turn = 0

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection that may come in.

        Raises:
            BlockingIOError: there is none now, or it is somebody else's turn first; the loop asks again.
            OSError: there is no room: the loop asks again in a second.
        """
        if not self._doors.has_room():
            raise OSError(errno.EMFILE, "too many connections wait to show that they may be here")
        self._turn += 1
        while self._turn % _AT_ONCE:
            connection, peer = super().accept()
            if self._doors.accepted(connection, peer):
                return connection, peer
            self._turn += 1
        raise BlockingIOError


_HEADER, _SOCKET_ID = struct.Struct("=IHHII"), struct.Struct("=2s2s4s12x4s12xIII")
_BY_FAMILY, _REQUEST, _ANY_STATE, _NO_COOKIE = 20, 1, 0xFFFFFFFF, 0xFFFFFFFF
_UID_AT = _HEADER.size + 4 + _SOCKET_ID.size + 12


class _Owners:
    """Whose connections are: by what the Linux kernel says of the other end of one."""

    def __init__(self) -> None:
        self._netlink: socket.socket | None = None
        self._ours = {0, os.getuid()} if sys.platform != "win32" else set()  # root reads the files anyway
        if sys.platform.startswith("linux"):
            with suppress(OSError):  # NETLINK_SOCK_DIAG
                self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 4)
                self._netlink.settimeout(1.0)

    def is_foreign(self, peer: tuple[str, int], here: tuple[str, int]) -> bool:
        """True for a connection that is known to be another user's."""
        if not sys.platform.startswith("linux"):
            return False
        uid = self._asked(peer, here)
        if uid is None:
            uid = _listed(peer, here)
        return uid is not None and uid not in self._ours

    def _asked(self, peer: tuple[str, int], here: tuple[str, int]) -> int | None:
        """The user of a connection's other end, by its two addresses (``inet_diag_req_v2``)."""
        if self._netlink is None:
            return None
        ends = [
            part for host, port in (peer, here) for part in (struct.pack("!H", port), socket.inet_aton(host))
        ]
        identity = _SOCKET_ID.pack(ends[0], ends[2], ends[1], ends[3], 0, _NO_COOKIE, _NO_COOKIE)
        body = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, _ANY_STATE) + identity
        header = _HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _REQUEST, 0, 0)
        try:
            self._netlink.send(header + body)
            answer = self._netlink.recv(4096)
        except OSError:
            self._netlink.close()
            self._netlink = None
            return None
        if len(answer) < _UID_AT + 4 or _HEADER.unpack_from(answer)[1] != _BY_FAMILY:
            return None
        return int(struct.unpack_from("=I", answer, _UID_AT)[0])


def _listed(peer: tuple[str, int], here: tuple[str, int]) -> int | None:
    """The same from the list of all connections, which takes longer."""
    ends = " ".join(_in_list(*end) for end in (peer, here))
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines():
            if ends in line:
                return int(line.split()[7])
    return None


def _in_list(host: str, port: int) -> str:
    return f"{struct.unpack('=I', socket.inet_aton(host))[0]:08X}:{port:04X}"
