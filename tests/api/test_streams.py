"""Subscriptions as clients meet them: over WebSocket and as server-sent events, on a real connection."""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus

from api import graphql_sse, graphql_websocket
from api.app import create_app
from api.http import Protocol
from api.settings import Settings
from api.signin import SignInLinks
from api.streams import Streams
from db.control import RestoreRun, RestoreState, operations
from db.engines import Engines
from jobs import watching
from schema.roles import Role
from tests import clients
from tests.api.application import TOKENS
from tests.api.serving import listening
from tests.api.streaming import FOLLOW, Streaming, parsed, token
from tests.jobs.worker.sites import open_site


class Hasty(Protocol):
    head_seconds = 0.3


@pytest.fixture(scope="module")
async def streaming(module_database: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Streaming]:
    async def examine() -> Any:
        raise NotImplementedError

    streams = Streams(most_per_user=4)
    async with (
        open_site(tmp_path_factory.mktemp("site")) as site,
        Engines.open(module_database.primary_url, []) as engines,
    ):
        app = create_app(
            engines, Settings(), tokens=TOKENS, links=SignInLinks(), examine=examine, site=site, streams=streams
        )
        async with listening(app, Hasty) as port:
            yield Streaming(port, site, streams)


@pytest.fixture(autouse=True)
async def bounded() -> AsyncIterator[None]:
    async with asyncio.timeout(90):
        yield


async def test_a_websocket_tells_the_present_state_and_each_change_until_the_end(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.websocket() as socket:
        await socket.sign_in()
        await socket.follow(f"backup:{backup}")
        first = await socket.receive()
        await streaming.change(backup, progress=0.5)
        second = await socket.receive()
        await streaming.succeed(backup)
        third, last = await socket.receive(), await socket.receive()

    assert first["type"] == "next"
    assert first["payload"]["data"]["operationProgress"] == {
        "id": f"backup:{backup}",
        "kind": "backup",
        "state": "QUEUED",
        "progress": 0.0,
        "message": "",
    }
    assert second["payload"]["data"]["operationProgress"]["progress"] == 0.5
    assert third["payload"]["data"]["operationProgress"]["state"] == "SUCCEEDED"
    assert last == {"type": "complete", "id": "1"}


async def test_server_sent_events_tell_the_same(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.events({"id": backup}) as response:
        events = parsed(response)
        first = await anext(events)
        await streaming.succeed(backup)
        rest = [event async for event in events]

    assert response.headers["content-type"].startswith("text/event-stream")
    assert first[0] == "next"
    assert first[1]["data"]["operationProgress"]["state"] == "QUEUED"
    assert [name for name, _ in rest] == ["next", "complete"]


async def test_a_backup_that_is_verified_again_can_be_followed_by_its_own_id(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    await streaming.succeed(backup)
    async with streaming.site.control.transaction() as session:
        verification = await operations.request(
            session, "verify-backup", {"backup": backup}, by="aiko", now=streaming.site.clock()
        )

    async with streaming.events({"id": f"backup:{backup}"}) as response:
        events = parsed(response)
        _, first = await anext(events)
        await streaming.succeed(verification.id)
        rest = [event async for event in events]

    assert first["data"]["operationProgress"]["kind"] == "verify-backup"
    assert first["data"]["operationProgress"]["id"] == f"backup:{backup}"
    assert [name for name, _ in rest] == ["next", "complete"]


async def test_a_restore_is_followed_while_it_waits_for_somebody_and_until_it_ends(streaming: Streaming) -> None:
    now = streaming.site.clock()
    waiting = RestoreRun(
        id="r1",
        state=RestoreState.READY,
        target_kind="latest",
        reason="a test",
        requested_by="aiko",
        requested_at=now,
        changed_at=now,
        progress=0.9,
        steps=[{"name": "Verify", "state": "done", "startedAt": now.isoformat(), "message": "All is well."}],
    )
    async with streaming.site.control.transaction() as session:
        session.add(waiting)

    async with streaming.websocket() as socket:
        await socket.sign_in()
        await socket.follow("restore:r1")
        first = await socket.receive()
        async with streaming.site.control.transaction() as session:
            run = await session.get(RestoreRun, "r1")
            assert run is not None
            run.state, run.version = RestoreState.DISCARDED, run.version + 1
        second, last = await socket.receive(), await socket.receive()

    told = first["payload"]["data"]["operationProgress"]
    assert (told["kind"], told["state"], told["message"]) == ("restore", "READY", "All is well.")
    assert second["payload"]["data"]["operationProgress"]["state"] == "DISCARDED"
    assert last["type"] == "complete"


async def test_events_can_be_asked_for_by_get_with_a_cookie(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    await streaming.succeed(backup)
    query = FOLLOW.replace("($id: ID!)", "").replace("$id", f'"{backup}"')
    headers = {"accept": "text/event-stream", "sec-fetch-site": "same-origin"}

    async with clients.client(cookies={"yukyu_session": token()}) as client:
        response = await client.get(streaming.url, params={"query": query}, headers=headers)

    assert response.text.startswith("event: next\ndata: {")
    assert response.text.endswith("event: complete\ndata:\n\n")


async def test_a_quiet_stream_is_kept_alive(streaming: Streaming, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_sse, "BEAT_SECONDS", 0.05)
    backup = await streaming.ask_for_backup()

    async with streaming.events({"id": backup}) as response:
        events = parsed(response)
        while (await anext(events))[0] != "next":
            pass  # a busy machine may beat before it has anything to tell
        names = [(await anext(events))[0] for _ in range(2)]

    assert names == ["", ""]


async def test_a_client_that_leaves_gives_its_seat_back(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    for _ in range(6):  # more than one user may have at once
        async with streaming.events({"id": backup}) as response:
            await anext(parsed(response))
        while streaming.streams.open:  # noqa: ASYNC110 - the server notices a moment later
            await asyncio.sleep(0.01)
    for _ in range(6):
        async with streaming.websocket() as socket:
            await socket.sign_in()
        while streaming.streams.open:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("pause", [watching.POLL_SECONDS, 0.0], ids=["while it sleeps", "while it looks"])
async def test_a_connection_that_has_ended_does_not_wait_for_the_garbage_collector(
    streaming: Streaming, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    monkeypatch.setattr(watching, "POLL_SECONDS", pause)
    kinds = {"Hasty", "WebSocketProtocol", "WebSocket", "_Conversation", "SharingExecution"}

    def held() -> Counter[str]:
        return Counter(name for each in gc.get_objects() if (name := type(each).__name__) in kinds)

    backup = await streaming.ask_for_backup()
    gc.collect()
    before = held()
    gc.disable()
    try:
        async with streaming.websocket() as socket:
            await socket.sign_in()
            await socket.follow(f"backup:{backup}")
            await socket.receive()
            during = held()
        async with asyncio.timeout(30):
            while left := held() - before:  # noqa: ASYNC110 - nobody tells when it is gone
                await asyncio.sleep(0.05)
    finally:
        gc.enable()

    assert {kind for kind in kinds if during[kind] > before[kind]} >= {
        "WebSocketProtocol",
        "WebSocket",
        "SharingExecution",
    }
    assert not left


async def test_nobody_has_more_streams_than_one_may(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with AsyncExitStack() as open_ones:
        for _ in range(4):
            socket = await open_ones.enter_async_context(streaming.websocket())
            await socket.sign_in()
        async with streaming.events({"id": backup}) as refused:
            error = (await refused.aread(), refused.status_code)
        async with streaming.websocket() as one_more:
            await one_more.send(type="connection_init", payload={"authorization": f"Bearer {token()}"})
            code, reason = await one_more.closed()

    assert error[1] == 429
    assert b"RATE_LIMITED" in error[0]
    assert code == 4429
    assert "as many as one user may" in str(reason)


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


async def test_events_need_a_sign_in_too(streaming: Streaming) -> None:
    async with streaming.events({"id": "x"}, authorization="Bearer nonsense") as response:
        await response.aread()

    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_connection_ends_with_the_token(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.websocket() as socket:
        await socket.sign_in(seconds=2.5)
        await socket.follow(backup)
        assert (await socket.receive())["type"] == "next"
        code, reason = await socket.closed()

    assert (code, reason) == (4403, "The token has expired.")


async def test_events_end_with_the_token(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.events({"id": backup}, authorization=f"Bearer {token(seconds=2.5)}") as response:
        events = [event async for event in parsed(response)]

    assert [name for name, _ in events] == ["next", "next", "complete"]
    assert events[1][1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_another_role_is_refused_in_words(streaming: Streaming) -> None:
    async with streaming.websocket() as socket:
        await socket.sign_in(Role.HR)
        await socket.follow("backup:x")
        refused = await socket.receive()

    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_what_nobody_knows_is_not_found(streaming: Streaming) -> None:
    async with streaming.websocket() as socket:
        await socket.sign_in()
        for key, unknown in enumerate(("backup:x", "restore:x", "x", "genzai:G1", "", "backup:", "x" * 5000)):
            await socket.follow(unknown, str(key))
            answer = await socket.receive()
            assert answer["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"
            assert await socket.receive() == {"type": "complete", "id": str(key)}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription {", "BAD_USER_INPUT"),
        ("subscription { nothing }", "BAD_USER_INPUT"),
        ("query { me { name } }", "BAD_USER_INPUT"),
        ("subscription {" + "a: operationProgress(id: 1) { id } " * 40 + "}", "QUERY_TOO_COMPLEX"),
        ("subscription " + "{ a " * 40 + "}" * 40, "QUERY_TOO_COMPLEX"),
    ],
    ids=["syntax", "unknown", "query", "aliases", "depth"],
)
async def test_limits_and_rules_are_those_of_queries(streaming: Streaming, query: str, code: str) -> None:
    async with streaming.websocket() as socket:
        await socket.sign_in()
        await socket.follow("x", query=query)
        over_websocket = await socket.receive()
    async with streaming.events({"id": "x"}, query) as response:
        over_http = [event async for event in parsed(response)]

    assert over_websocket["type"] == "error"
    assert over_websocket["payload"][0]["extensions"]["code"] == code
    assert over_http[0][1]["errors"][0]["extensions"]["code"] == code


@pytest.mark.usefixtures("unconfigured_logs")
async def test_a_query_sent_as_a_stream_is_no_failure_in_the_log(streaming: Streaming) -> None:
    with capture_logs() as logged:
        async with streaming.events({}, "{ me { name } }") as response:
            await response.aread()

    assert "cannot be sent this way" in response.text
    assert [each for each in logged if each["log_level"] == "error"] == []


async def test_a_subscription_sent_as_a_query_says_how_it_is_sent(streaming: Streaming) -> None:
    async with clients.client(headers={"authorization": f"Bearer {token()}"}) as client:
        response = await client.post(streaming.url, json={"query": FOLLOW, "variables": {"id": "x"}})

    assert response.status_code == 405
    assert "text/event-stream" in response.json()["errors"][0]["extensions"]["hint"]


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


async def test_streams_end_when_the_server_stops(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.events({"id": backup}) as response:
        events = parsed(response)
        await anext(events)
        streaming.streams.end()
        rest = [event async for event in events]

    assert rest == []
