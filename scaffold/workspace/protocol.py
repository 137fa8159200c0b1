"""HTTP/1.1 as uvicorn speaks it, with limits to what it would keep of a request before anybody has looked at it.

Whoever can open a connection, any user of the machine, could otherwise fill the service's memory.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 128 * 1024
"""How much may come of a request line and headers that do not end; the SDK sends some kilobytes."""

MAX_PIPELINED = 16
"""Requests that may come before the one in front of them was answered; the SDK's clients send none."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    _unfinished = 0
    _went_on = False
    _in_head = True

    def data_received(self, data: bytes) -> None:
        self._went_on = False
        super().data_received(data)
        self._unfinished = 0 if self._went_on else self._unfinished + len(data)
        if self._unfinished > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's head is too long.")

    def on_message_begin(self) -> None:
        if len(self.pipeline) > MAX_PIPELINED:
            raise ConnectionError("too many requests at once")
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            raise ConnectionError("a header behind the body")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._went_on, self._in_head = True, False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._went_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._went_on = True
        super().on_message_complete()
