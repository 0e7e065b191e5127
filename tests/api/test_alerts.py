"""Alerts through GraphQL: over HTTP, and as they come over a WebSocket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.http import WebSocketProtocol
from api.settings import Settings
from api.signin import SignInLinks
from api.streams import Streams
from db.control import Severity, audit
from db.engines import Engines
from jobs.alerts.cursor import cursor_of
from jobs.health import HealthCheck, HealthStatus, Report
from schema.roles import Role
from tests.api.application import ORIGIN, TOKENS, Api
from tests.api.serving import listening
from tests.api.streaming import Socket, Streaming, parsed
from tests.jobs.alerts.world import World
from tests.jobs.worker.sites import open_site

ADMIN = (Role.ADMIN,)
ALERT = """id severity state subject summary value startedAt firedAt resolvedAt acknowledgedBy acknowledgedAt mutedBy
  rule { key title description severity threshold unit forSeconds enabled action source }"""
ALERTS = f"""query ($states: [AlertState!], $least: Severity, $first: Int! = 20, $after: String) {{
  alerts(states: $states, minSeverity: $least, first: $first, after: $after) {{
    totalCount nodes {{ {ALERT} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }}
  }} }}"""
ACKNOWLEDGE = f"mutation ($id: ID!) {{ acknowledgeAlert(id: $id) {{ {ALERT} }} }}"
SILENCE = (
    "mutation ($input: SilenceInput!) { silenceAlert(input: $input) { id ruleKey subject until createdBy reason } }"
)
END = "mutation ($id: ID!) { endSilence(id: $id) { id until } }"
FEED = f"""subscription ($after: String, $least: Severity) {{
  alertFeed(after: $after, minSeverity: $least) {{ cursor kind at alert {{ {ALERT} }} }} }}"""
HEALTH = "subscription { healthFeed { status checks { name status } } }"


class Impatient(WebSocketProtocol):
    unread_seconds = 0.3


@dataclass
class Watched:
    api: Api
    world: World
    streaming: Streaming
    health: dict[str, HealthStatus]

    async def admin(self, document: str, **variables: Any) -> Any:
        (found,) = (await self.api.data(document, variables, roles=ADMIN)).values()
        return found


@pytest.fixture(scope="module")
async def application(module_database: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    health = {"primary": HealthStatus.HEALTHY}

    async def examine() -> Report:
        checks = [HealthCheck(name=name, status=status, message="") for name, status in health.items()]
        return Report(
            status=HealthStatus.HEALTHY,
            checked_at=datetime.now(UTC),
            version="1",
            schema_revision=None,
            schema_is_current=False,
            nodes=[],
            checks=checks,
        )

    async with (
        open_site(tmp_path_factory.mktemp("site")) as site,
        Engines.open(module_database.primary_url, []) as engines,
    ):
        world = World(site, now=datetime.now(UTC) - timedelta(minutes=30))
        world.site = replace(site, clock=lambda: world.now)
        world.watched_by(world.rule("full"), world.rule("grave", severity=Severity.CRITICAL))
        links, streams = SignInLinks(), Streams(most_per_user=20)
        app = create_app(
            engines, Settings(), tokens=TOKENS, links=links, examine=examine, site=world.site, streams=streams
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client,
            listening(app, websocket=Impatient) as port,
        ):
            api = Api(client, links, module_database.primary_url)
            yield Watched(api, world, Streaming(port, world.site, streams), health)


@pytest.fixture
async def watched(application: Watched) -> AsyncIterator[Watched]:
    """The application, and nothing that fires; what happened before stays in the log."""
    async with asyncio.timeout(60):
        yield application
        await application.world.tick(full={}, grave={})
        await application.world.tick()


async def follow(socket: Socket, key: str = "1", query: str = FEED, **variables: Any) -> None:
    await socket.send(type="subscribe", id=key, payload={"query": query, "variables": variables})


async def told(socket: Socket) -> dict[str, Any]:
    message = await socket.receive()
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    (found,) = message["payload"]["data"].values()
    return found


def line(event: dict[str, Any]) -> str:
    return f"{event['kind']} {event['alert']['rule']['key']} {event['alert']['subject']}"


async def test_an_alert_is_listed_with_its_rule_and_found_by_its_id(watched: Watched) -> None:
    await watched.world.tick(full={"a": 11})

    page = await watched.admin(ALERTS, states=["FIRING"])

    (alert,) = page["nodes"]
    assert page["totalCount"] == 1
    assert (alert["state"], alert["subject"], alert["value"], alert["summary"]) == ("FIRING", "a", 11, "a has 11")
    assert (alert["rule"]["key"], alert["rule"]["threshold"], alert["rule"]["unit"]) == ("full", 10, "things")
    node = "query ($id: ID!) { node(id: $id) { id ... on Alert { subject } } }"
    assert await watched.admin(node, id=alert["id"]) == {"id": alert["id"], "subject": "a"}
    assert (await watched.api.data(node, {"id": alert["id"]}))["node"] is None


async def test_pages_of_alerts_hold_while_others_come(watched: Watched) -> None:
    for number in range(5):
        await watched.world.tick(grave={f"subject {each}": 11 for each in range(number + 1)})
    first = await watched.admin(ALERTS, states=["FIRING"], first=2)
    await watched.world.tick(full={"new": 11})
    second = await watched.admin(ALERTS, states=["FIRING"], first=3, after=first["pageInfo"]["endCursor"])

    subjects = [alert["subject"] for page in (first, second) for alert in page["nodes"]]
    assert subjects == [f"subject {number}" for number in (4, 3, 2, 1, 0)]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    assert second["totalCount"] == 6


async def test_alerts_are_chosen_by_state_and_severity(watched: Watched) -> None:
    await watched.world.tick(full={"a": 11}, grave={"b": 11})

    severe = await watched.admin(ALERTS, states=["FIRING", "PENDING"], least="CRITICAL")

    assert [alert["subject"] for alert in severe["nodes"]] == ["b"]
    assert (await watched.admin(ALERTS, states=[]))["totalCount"] == 0


async def test_rules_tell_what_is_watched(watched: Watched) -> None:
    rules = await watched.admin("{ alertRules { key title severity threshold unit forSeconds enabled action } }")

    assert [rule["key"] for rule in rules] == ["full", "grave"]


async def test_second_person_who_acknowledges_is_told_who_was_first(watched: Watched) -> None:
    await watched.world.tick(full={"a": 11})
    alert = (await watched.admin(ALERTS, states=["FIRING"]))["nodes"][0]

    acknowledged = await watched.admin(ACKNOWLEDGE, id=alert["id"])
    again = await watched.api.refusal(ACKNOWLEDGE, {"id": alert["id"]}, roles=ADMIN)

    assert acknowledged["acknowledgedBy"] == "aiko"
    assert again["code"] == "BAD_USER_INPUT"
    assert "aiko acknowledged this alert" in again["message"]
    unknown = await watched.api.refusal(ACKNOWLEDGE, {"id": "alert:nothing"}, roles=ADMIN)
    assert unknown["code"] == "NOT_FOUND"


async def test_a_silence_is_made_listed_found_and_ended(watched: Watched) -> None:
    until = (watched.world.now + timedelta(hours=1)).isoformat()
    made = await watched.admin(SILENCE, input={"ruleKey": "full", "subject": "a", "until": until, "reason": "known"})

    assert (made["ruleKey"], made["subject"], made["createdBy"]) == ("full", "a", "aiko")
    assert [each["id"] for each in await watched.admin("{ silences { id } }")] == [made["id"]]
    node = "query ($id: ID!) { node(id: $id) { id ... on Silence { reason } } }"
    assert await watched.admin(node, id=made["id"]) == {"id": made["id"], "reason": "known"}
    await watched.admin(END, id=made["id"])
    assert await watched.admin("{ silences { id } }") == []
    async with watched.world.site.control.reading() as session:
        entries = await audit.newest(session, limit=2)
    assert [entry.action for entry in entries] == ["end-silence", "silence-alert"]


@pytest.mark.parametrize(
    "given",
    [
        {"ruleKey": "nonsense"},
        {"subject": "x" * 501},
        {"reason": ""},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "2199-01-01T00:00:00Z"},
    ],
)
async def test_a_silence_that_cannot_be_meant_is_refused(watched: Watched, given: dict[str, str]) -> None:
    until = (watched.world.now + timedelta(hours=1)).isoformat()
    silence = {"ruleKey": "full", "until": until, "reason": "known"} | given

    assert (await watched.api.refusal(SILENCE, {"input": silence}, roles=ADMIN))["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("roles", [(Role.HR,), (Role.VIEWER,)])
async def test_only_an_admin_sees_any_of_it(watched: Watched, roles: tuple[Role, ...]) -> None:
    silence = 'silenceAlert(input: { ruleKey: "full", until: "2199-01-01T00:00:00Z", reason: "x" }) { id }'
    for document in (
        "{ alerts { totalCount } }",
        "{ alertRules { key } }",
        "{ silences { id } }",
        'mutation { acknowledgeAlert(id: "x") { id } }',
        f"mutation {{ {silence} }}",
        'mutation { endSilence(id: "x") { id } }',
    ):
        assert (await watched.api.refusal(document, roles=roles))["code"] == "FORBIDDEN", document
    async with watched.streaming.websocket() as socket:
        await socket.sign_in(*roles)
        for query in (FEED, HEALTH):
            await follow(socket, query=query)
            assert (await socket.receive())["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_the_feed_tells_what_happens_and_goes_on_from_its_cursor(watched: Watched) -> None:
    async with watched.streaming.websocket() as socket:
        await socket.sign_in()
        await follow(socket)
        await asyncio.sleep(0.1)
        await watched.world.tick(full={"a": 11})
        first = await told(socket)
    await watched.world.tick(full={"a": 11, "b": 11})
    await watched.world.tick(grave={"c": 11})

    async with watched.streaming.websocket() as socket:
        await socket.sign_in()
        await follow(socket, after=first["cursor"])
        missed = [await told(socket), await told(socket)]
        await watched.world.tick(full={})
        await watched.world.tick()
        live = [await told(socket), await told(socket)]

    assert line(first) == "FIRED full a"
    assert first["alert"]["firedAt"] == first["at"]
    assert [line(event) for event in missed] == ["FIRED full b", "FIRED grave c"]
    assert sorted(line(event) for event in live) == ["RESOLVED full a", "RESOLVED full b"]


async def test_the_feed_is_told_as_server_sent_events_too(watched: Watched) -> None:
    last = len(await watched.world.events())
    await watched.world.tick(full={"a": 11})

    async with watched.streaming.events({"after": cursor_of(last)}, FEED) as response:
        name, event = await anext(parsed(response))

    assert name == "next"
    assert line(event["data"]["alertFeed"]) == "FIRED full a"


async def test_the_feed_may_be_of_what_is_severe(watched: Watched) -> None:
    async with watched.streaming.websocket() as socket:
        await socket.sign_in()
        await follow(socket, least="CRITICAL")
        await asyncio.sleep(0.1)
        await watched.world.tick(full={"a": 11}, grave={"b": 11})
        assert line(await told(socket)) == "FIRED grave b"


@pytest.mark.parametrize("cursor", ["nonsense", "", cursor_of(10_000_000)])
async def test_a_cursor_that_is_none_is_refused(watched: Watched, cursor: str) -> None:
    await watched.world.tick(full={"a": 11})
    async with watched.streaming.websocket() as socket:
        await socket.sign_in()
        await follow(socket, after=cursor)
        refused = await socket.receive()

    assert refused["payload"]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_who_does_not_read_is_cut_off_and_the_others_are_not(watched: Watched) -> None:
    pipe = socket.create_connection(("127.0.0.1", watched.streaming.port))
    pipe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    last = len(await watched.world.events())
    async with (
        watched.streaming.websocket(sock=pipe, max_queue=1) as deaf,
        watched.streaming.websocket() as other,
    ):
        for each in (deaf, other):
            await each.sign_in()
        await deaf.connection.send('{"type": "ping"}')
        await deaf.receive()
        deaf.connection.transport.pause_reading()
        long = {f"{number} {'x' * 50_000}": 11.0 for number in range(90)}
        await follow(deaf, after=cursor_of(last))
        await follow(other, after=cursor_of(last))
        await watched.world.tick(full=long)
        for _ in range(90):
            await told(other)
        while watched.streaming.streams.open > 1:  # noqa: ASYNC110 - the server notices a moment later
            await asyncio.sleep(0.05)
        deaf.connection.transport.abort()


async def test_the_health_feed_tells_a_report_at_once_and_when_a_status_changes(watched: Watched) -> None:
    async with watched.streaming.websocket() as socket:
        await socket.sign_in()
        await follow(socket, query=HEALTH)
        first = await told(socket)
        watched.health["primary"] = HealthStatus.DOWN
        second = await told(socket)
        watched.health["primary"] = HealthStatus.HEALTHY

    assert first["checks"] == [{"name": "primary", "status": "HEALTHY"}]
    assert second["checks"] == [{"name": "primary", "status": "DOWN"}]


async def test_a_server_without_an_installation_says_what_it_lacks(api: Api) -> None:
    for document in ("{ alerts { totalCount } }", "{ alertRules { key } }", "{ silences { id } }"):
        refusal = await api.refusal(document, roles=ADMIN)
        assert refusal["code"] == "NOT_FOUND"
        assert "no installation" in refusal["message"]
