"""Connections that do not behave: each is answered in words and closed, and the next one is served."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvloop
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from api.http import Protocol, Together
from tests.api.serving import listening

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Hasty(Protocol):
    head_seconds = 0.3


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the size of the body."""
    response: Response = PlainTextResponse(str(len(await Request(scope, receive).body())))
    await response(scope, receive, send)


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    async with listening(echo, Hasty) as opened:
        yield opened


async def talk(port: int, data: bytes) -> bytes:
    """Send this and return all that is answered until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(60):
            writer.write(data)
            return await reader.read()
    finally:
        writer.close()


def error_of(answer: bytes) -> tuple[bytes, str]:
    """Return the status line's number and the code."""
    head, _, body = answer.partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert error["message"].endswith(".")
    return head.split()[1], error["code"]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"NONSENSE\r\n\r\n",
        b"\0" * 100,
        bytes.fromhex("160301020001"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /田 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n",
    ],
    ids=lambda value: repr(value[:30]),
)
async def test_what_is_not_http_is_refused_with_a_code(port: int, nonsense: bytes) -> None:
    assert error_of(await talk(port, nonsense)) == (b"400", "BAD_USER_INPUT")


async def test_an_address_with_japanese_in_it_is_refused_with_a_way_to_write_it(port: int) -> None:
    answer = await talk(port, "GET /?q=ささき HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert "--data-urlencode" in json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["hint"]


@pytest.mark.parametrize("part", [b"a" * 65_536, b"a: b\r\n" * 10_000], ids=["one header", "many headers"])
async def test_a_head_without_end_is_refused_after_little_of_it(port: int, part: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
    sent = 0
    try:
        while sent < 64 * 1024 * 1024:
            writer.write(part)
            await writer.drain()
            sent += len(part)
    except ConnectionError:
        pass
    finally:
        writer.close()

    assert sent < 16 * 1024 * 1024


async def test_who_sends_too_large_a_head_is_told_so(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in (b"GET / HTTP/1.1\r\nX: ", b"a" * 40_000, b"a" * 40_000):
        writer.write(part)
        await asyncio.sleep(0.05)  # so that each is read by itself
    answer = await reader.read()
    writer.close()

    assert error_of(answer) == (b"431", "BAD_USER_INPUT")


async def test_who_dawdles_over_the_head_is_told_so(port: int) -> None:
    began = time.monotonic()

    assert error_of(await talk(port, b"GET / HTTP/1.1\r\nHo")) == (b"408", "BAD_USER_INPUT")
    assert time.monotonic() - began < 30


async def test_a_connection_on_which_nothing_comes_is_closed(port: int) -> None:
    assert await talk(port, b"") == b""


async def test_a_body_may_be_large_and_slow(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n"

    async def body() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + b"x" * 500_000)
        await asyncio.sleep(Hasty.head_seconds * 2)
        writer.write(b"x" * 500_000)
        answer = await reader.read()
        writer.close()
        return answer

    assert (await body()).endswith(b"\r\n\r\n1000000")


async def test_requests_one_behind_the_other_are_answered_in_order(port: int) -> None:
    last = REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    answer = await talk(port, REQUEST * 200 + last)

    assert answer.count(b"HTTP/1.1 200") == 201


async def test_requests_in_one_packet_are_answered_in_their_order_each_whole(port: int) -> None:
    asked = [b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + bytes(size) for size in (3, 20, 100)]
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    _, *answers = (await talk(port, b"".join(asked) + last)).split(b"HTTP/1.1 200 OK\r\n")

    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers] == [b"3", b"20", b"100", b"0"]


async def test_the_head_of_a_stream_does_not_wait_for_its_body() -> None:
    more = asyncio.Event()

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await more.wait()
        await send({"type": "http.response.body", "body": b"late"})

    async with listening(stream, Protocol) as opened, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", opened)
        writer.write(REQUEST)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        more.set()
        assert b"late" in await reader.readuntil(b"late")
        writer.close()


def test_the_head_of_an_answer_to_somebody_who_is_gone_is_dropped() -> None:
    troubles: list[dict[str, Any]] = []

    async def answer() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: troubles.append(context))
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            place = server.sockets[0].getsockname()
            transport, _ = await loop.create_connection(asyncio.Protocol, *place[:2])
            together = Together(transport, loop)
            transport.abort()
            together.write(b"HTTP/1.1 200 OK\r\n")
            await asyncio.sleep(0.01)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as it is served: asyncio's own is lenient
        runner.run(answer())

    assert troubles == []
