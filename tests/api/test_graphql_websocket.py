"""The protocol `graphql-transport-ws` as clients meet it, kept and broken, on a real connection."""

import asyncio
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from api import graphql_websocket
from tests.api.streaming import Hasty, Streaming, token


@pytest.mark.parametrize(
    ("headers", "payload"),
    [({}, {"authorization": "Bearer TOKEN"}), ({"authorization": "Bearer TOKEN"}, None), ({"cookie": "COOKIE"}, {})],
)
async def test_a_token_comes_in_the_first_message_the_header_or_the_cookie(
    streaming: Streaming, headers: dict[str, str], payload: dict[str, str] | None
) -> None:
    def filled(given: dict[str, str]) -> dict[str, str]:
        known = {"Bearer TOKEN": f"Bearer {token()}", "COOKIE": f"yukyu_session={token()}"}
        return {name: known[value] for name, value in given.items()}

    async with streaming.websocket(additional_headers=filled(headers)) as socket:
        await socket.send(type="connection_init", **({} if payload is None else {"payload": filled(payload)}))
        assert await socket.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("payload", [{}, {"authorization": "Bearer nonsense"}, {"authorization": "nonsense"}])
async def test_whoever_does_not_say_who_they_are_is_sent_away(streaming: Streaming, payload: dict[str, str]) -> None:
    async with streaming.websocket() as socket:
        await socket.send(type="connection_init", payload=payload)
        code, reason = await socket.closed()

    assert code == 4403
    assert reason


async def test_the_connection_ends_with_the_token(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.websocket() as socket:
        await socket.sign_in(seconds=2.5)
        await socket.follow(backup)
        assert (await socket.receive())["type"] == "next"
        code, reason = await socket.closed()

    assert (code, reason) == (4403, "The token has expired.")


async def test_a_page_of_another_site_cannot_connect(streaming: Streaming) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with streaming.websocket(origin="http://evil.test"):
            pass
    assert refused.value.response.status_code == 403

    async with streaming.websocket(origin=f"http://127.0.0.1:{streaming.port}") as socket:
        await socket.sign_in()


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["nonsense"], 4400),
        (["[]"], 4400),
        (["{}"], 4400),
        (['{"type": 1}'], 4400),
        (['{"type": "start", "id": "1"}'], 4400),
        (['{"type": "connection_init", "payload": []}'], 4400),
        ([b"\x00\x01"], 4400),
        (['{"type": "subscribe", "id": "1", "payload": {"query": "subscription { a }"}}'], 4401),
        (["INIT", "INIT"], 4429),
        (["INIT", '{"type": "subscribe", "payload": {}}'], 4400),
        (["INIT", '{"type": "subscribe", "id": {}, "payload": {}}'], 4400),
        (["INIT", "FOLLOW", "FOLLOW"], 4409),
        (["INIT", "x" * 300_000], 1009),
    ],
)
async def test_a_client_that_breaks_the_protocol_is_told_and_closed(
    streaming: Streaming, messages: list[str | bytes], code: int
) -> None:
    backup = await streaming.ask_for_backup()
    spelled: dict[str | bytes, str] = {
        "INIT": f'{{"type": "connection_init", "payload": {{"authorization": "Bearer {token()}"}}}}',
        "FOLLOW": f'{{"type": "subscribe", "id": "1", "payload": {{"query": "subscription {{ '
        f'operationProgress(id: \\"{backup}\\") {{ id }} }}"}}}}',
    }
    async with streaming.websocket() as socket:
        for message in messages:
            await socket.connection.send(spelled.get(message, message))
        assert (await socket.closed())[0] == code


@pytest.mark.parametrize("payload", [None, [], {}, {"query": 1}, {"query": ""}, {"query": "{a}", "variables": 1}])
async def test_a_payload_of_the_wrong_shape_is_refused_and_the_connection_lives(
    streaming: Streaming, payload: Any
) -> None:
    async with streaming.websocket() as socket:
        await socket.sign_in()
        await socket.send(type="subscribe", id="1", payload=payload)
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}


async def test_without_the_subprotocol_there_is_nothing_to_say(streaming: Streaming) -> None:
    async with streaming.websocket(subprotocols=None) as socket:
        assert (await socket.closed())[0] == 4406


async def test_whoever_says_nothing_is_closed(streaming: Streaming, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_websocket, "INIT_SECONDS", 0.1)
    async with streaming.websocket() as socket:
        assert (await socket.closed())[0] == 4408


async def test_a_subscription_that_is_completed_frees_its_id(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.websocket() as socket:
        await socket.sign_in()
        for _ in range(3):
            await socket.follow(backup)
            assert (await socket.receive())["type"] == "next"
            await socket.send(type="complete", id="1")


async def test_one_connection_carries_so_many_subscriptions(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.websocket() as socket:
        await socket.sign_in()
        for key in range(graphql_websocket.MOST_SUBSCRIPTIONS + 1):
            await socket.follow(backup, str(key))
        answers = [await socket.receive() for _ in range(graphql_websocket.MOST_SUBSCRIPTIONS + 1)]

    refused = [answer for answer in answers if answer["type"] == "error"]
    assert [answer["id"] for answer in refused] == [str(graphql_websocket.MOST_SUBSCRIPTIONS)]
    assert refused[0]["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_a_websocket_outlasts_the_time_that_a_request_head_has(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.websocket() as socket:
        await socket.sign_in()
        await socket.follow(backup)
        await socket.receive()
        await asyncio.sleep(2 * Hasty.head_seconds)
        await streaming.succeed(backup)
        assert (await socket.receive())["payload"]["data"]["operationProgress"]["state"] == "SUCCEEDED"
