"""A request that is there with its body when it is looked at, and an answer that is sent in one piece.

ASGI hands both on in parts, each a call through every layer; most requests for data and their answers have one. The
server leaves this in the scope of a request, for whoever knows what to do with it.
"""

from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

WHOLE: Final = "yukyu.whole"


class Whole:
    """One request as its connection has it. `status` is that of the answer, once it was given here."""

    __slots__ = ("_cycle", "_protocol", "request_id", "status")

    def __init__(self, protocol: HttpToolsProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self.request_id = ""
        self.status: int | None = None

    @property
    def body(self) -> bytearray | None:
        """The body; None where some of it is still to come, or the client wants to be told to send it."""
        cycle = self._cycle
        return None if cycle.more_body or cycle.waiting_for_100_continue else cycle.body

    async def answer(self, status: int, headers: bytes, body: bytes) -> None:
        """Send an answer, whose headers are written out and say how long the body is."""
        cycle, protocol = self._cycle, self._protocol
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        self.status = status
        if cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        head = [STATUS_LINE[status]]
        for name, value in cycle.default_headers:
            head += (name, b": ", value, b"\r\n")
        head += (headers, b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", body)
        if not protocol.transport.is_closing():  # whoever asked may be gone since
            protocol.transport.write(b"".join(head))
        if not cycle.keep_alive:
            protocol.transport.close()
        cycle.on_response()
