"""Subscriptions as clients meet them: over WebSocket and as server-sent events, on a real connection."""

import asyncio
import gc
from collections import Counter
from contextlib import AsyncExitStack

import pytest
from structlog.testing import capture_logs

from api import graphql_sse
from db.control import RestoreRun, RestoreState, operations
from jobs import watching
from schema.roles import Role
from tests import clients
from tests.api.streaming import FOLLOW, Streaming, parsed, token


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


async def test_events_need_a_sign_in_too(streaming: Streaming) -> None:
    async with streaming.events({"id": "x"}, authorization="Bearer nonsense") as response:
        await response.aread()

    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


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


async def test_streams_end_when_the_server_stops(streaming: Streaming) -> None:
    backup = await streaming.ask_for_backup()
    async with streaming.events({"id": backup}) as response:
        events = parsed(response)
        await anext(events)
        streaming.streams.end()
        rest = [event async for event in events]

    assert rest == []
