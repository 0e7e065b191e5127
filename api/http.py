"""HTTP and WebSocket as uvicorn speaks them, with bounds that it does not set.

They are on the size of a request's head, on its slowness, and on that of a client which does not read.
"""

import asyncio
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.whole import WHOLE, Whole
from db.errors import BadInputError

MOST_HEAD_BYTES = 64 * 1024
# How long a client may leave unread what fills its connection: 64 KiB here, and what the system takes.
UNREAD_SECONDS = 30.0
# What people stumble over who write an address by hand.
UNREADABLE = "In an address, all but ASCII is written in percent: `curl -G URL --data-urlencode q=ささき` does so."


class Unread:
    """How long a connection has been full; one that stays full is cut off, for what waits for it takes memory."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadline: asyncio.TimerHandle | None = None

    def begins(self, transport: asyncio.Transport) -> None:
        self.ends()
        self._deadline = asyncio.get_running_loop().call_later(self._seconds, transport.abort)

    def ends(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Together:
    """A connection on which the head of an answer waits for the body that is written next, and is sent with it.

    Each packet costs a call of the system and wakes who waits for it. A head whose body is not there yet, as that of a
    stream, goes as soon as the loop comes round.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None
        self._begun = False

    def write(self, data: bytes) -> None:
        if not self._begun:
            self._begun, self._head = True, data
            self._loop.call_soon(self._flush)
        elif self._head is None:
            self._transport.write(data)
        else:
            head, self._head = self._head, None
            self._transport.write(head + data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            if not self._transport.is_closing():  # whoever asked may be gone since
                self._transport.write(head)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket. A client that does not read is cut off, and so is one that does not answer pings."""

    unread_seconds: ClassVar[float] = UNREAD_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **options)
        self._unread = Unread(self.unread_seconds)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.begins(self.transport)

    def resume_writing(self) -> None:
        self._unread.ends()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread.ends()
        super().connection_lost(exc)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # closing would wait until it has read everything


class Protocol(HttpToolsProtocol):
    """One connection. What is not HTTP, or begins a request and does not come to the point, is refused and closed.

    Bytes are counted as long as they bring neither the end of a head nor any body, which covers trailers and
    chunk extensions too; a read that began a request is not counted, so that pipelined requests are no harm.
    """

    head_seconds: ClassVar[float] = 10
    unread_seconds: ClassVar[float] = UNREAD_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **options)
        self._in_head = True
        self._advanced = False
        self._idle_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._unread = Unread(self.unread_seconds)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.begins(self.transport)

    def resume_writing(self) -> None:
        self._unread.ends()
        super().resume_writing()

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.head_seconds, transport.close)  # it may be a browser's spare one

    def connection_lost(self, exc: Exception | None) -> None:
        self._meet_deadline()
        self._unread.ends()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._advanced = False
        super().data_received(data)
        self._idle_bytes = 0 if self._advanced else self._idle_bytes + len(data)
        if self._idle_bytes > MOST_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's headers are too large.")
        elif not self._in_head:
            self._meet_deadline()
        elif self._advanced:
            self._meet_deadline()
            self._deadline = self.loop.call_later(self.head_seconds, self._give_up)

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        self.parser = None  # pyright: ignore[reportAttributeAccessIssue] - they refer to each other, and nobody needs either

    def on_message_begin(self) -> None:
        self._in_head = self._advanced = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._advanced = False, True
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # it may have become a WebSocket
            self.cycle.transport = Together(self.transport, self.loop)  # pyright: ignore[reportAttributeAccessIssue] - all that it uses
            self.scope[WHOLE] = Whole(self, self.cycle)  # pyright: ignore[reportGeneralTypeIssues] - a key of ours

    def on_body(self, body: bytes) -> None:
        self._advanced = True
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, msg, UNREADABLE)

    def _give_up(self) -> None:
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request's headers did not arrive in time.")

    def _refuse(self, status: HTTPStatus, message: str, hint: str | None = None) -> None:
        self._meet_deadline()
        if self.transport.is_closing():
            return
        content = orjson.dumps({"error": {"code": BadInputError.code, "message": message, "hint": hint}})
        head = (
            b"content-type: application/json\r\n",
            b"content-length: %d\r\n" % len(content),
            b"connection: close\r\n\r\n",
        )
        self.transport.write(b"".join((STATUS_LINE[status], *head, content)))
        self.transport.close()

    def _meet_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
