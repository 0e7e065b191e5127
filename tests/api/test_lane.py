"""The lane answers what it answers as the general way does, to the byte, and leaves the rest to that."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api.lane import Lane
from api.requests import RequestLog
from jobs.data import sample
from schema.roles import Role
from tests.api.application import TOKENS, Api
from tests.api.limited import Limited, application
from tests.api.serving import listening
from tests.conftest import Database

SEARCH = """query S($q: String!, $n: Int = 3) { search(query: $q, first: $n) { servedBy nodes { score record {
    id name lastUpdated ... on StaffMember { hireDate } } } } }"""
EDGES = '{ search(query: "佐", first: 2) { edges { cursor } pageInfo { hasNextPage } totalCount } }'
PERSONAL = '{ search(query: "佐", tables: [STAFF]) { nodes { record { ... on StaffMember { address } } } } }'
# Of no meaning, and on the general way because it is there twice.
TWICE = ("x-twice: 1", "x-twice: 2")


class Counting:
    """Counts what comes this way."""

    def __init__(self, app: ASGIApp) -> None:
        self.requests = 0
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        await self._app(scope, receive, send)


@dataclass
class Served:
    """An application that listens; `general` counts the requests that the lane leaves alone."""

    api: Api
    port: int
    lane: Lane
    general: Counting

    async def say(self, *requests: str) -> list[str]:
        """Send requests on one connection at once; return the answers as they came, but for what grows with time."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write("".join(requests).encode())
        answers: list[str] = []
        for _ in requests:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"content-length: (\d+)", head)
            assert length is not None
            body = await reader.readexactly(int(length[1]))
            answers.append(re.sub("(date|x-yukyu-lsn): .*\r\n", r"\1\r\n", head) + body.decode())
        writer.close()
        return answers

    def request(self, document: str, variables: dict[str, Any] | None = None, *more: str, **asking: Any) -> str:
        body = asking.get("body") or json.dumps({"query": document, "variables": variables} | asking.get("members", {}))
        token = asking.get("token") or self.api.token(*asking.get("roles", ()))
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n",
            f"content-type: {asking.get('content_type', 'application/json')}\r\nx-request-id: one\r\n",
            f"content-length: {len(body)}\r\n",
            *(f"{each}\r\n" for each in more),
        )
        return f"{''.join(head)}\r\n{body}"


@asynccontextmanager
async def over(api: Limited) -> AsyncGenerator[Served]:
    """Serve an application, counting what its lane leaves to the general way."""
    assert isinstance(api.app, RequestLog)
    lane = api.app.app
    assert isinstance(lane, Lane)
    general = Counting(lane.app)
    counted = Lane(general, endpoint=lane.endpoint, quick=lane.quick, gate=lane.gate)
    async with listening(RequestLog(counted)) as port:
        yield Served(api, port, lane, general)


@pytest.fixture(scope="module")
async def served(module_database: Database) -> AsyncIterator[Served]:
    await sample.load(module_database.primary_url, 200)
    unlimited = application(module_database, rate_limit_address="off", rate_limit_user="off", hsts_seconds=60)
    async with unlimited as api, over(api) as found:
        yield found


CASES: dict[str, tuple[str, dict[str, Any] | None, tuple[str, ...], tuple[Role, ...]]] = {
    "search": (SEARCH, {"q": "佐藤"}, (), ()),
    "no hit": (SEARCH, {"q": "qqqq"}, (), ()),
    "edges": (EDGES, None, (), ()),
    "personal": (PERSONAL, None, (), (Role.HR,)),
    "me": ("{ me { name roles } }", None, (), ()),
    "a resolver's error": (SEARCH, {"q": "佐", "n": 101}, (), ()),
    "the newer media type": (SEARCH, {"q": "佐"}, ("accept: application/graphql-response+json",), ()),
    "its error": (SEARCH, {"q": " "}, ("accept: application/graphql-response+json",), ()),
    "a position": (SEARCH, {"q": "佐"}, ("x-yukyu-lsn: 0/1",), ()),
    "closing": (SEARCH, {"q": "佐"}, ("connection: close",), ()),
}
OTHERS: dict[str, dict[str, Any]] = {
    "a variable of another type": {"variables": {"q": 7}},
    "no such operation": {"variables": {"q": "佐"}, "members": {"operationName": "T"}},
    "half a body": {"body": "{" + " " * 400},
    "another content": {"content_type": "text/plain"},
    "no position": {"more": ("x-yukyu-lsn: here",)},
    "a cookie": {"more": ("cookie: yukyu_lsn=0/1",)},
    "a page elsewhere": {"more": ("origin: http://elsewhere.test",)},
    "a type that is not given": {"more": ("accept: text/css",)},
    "a foreign token": {"token": "x.y.z"},
}


@pytest.mark.parametrize("case", CASES)
async def test_answers_are_the_same(served: Served, case: str) -> None:
    document, variables, headers, roles = CASES[case]
    token = served.api.token(*roles)
    quick = served.request(document, variables, *headers, token=token)
    general = served.request(document, variables, *headers, *TWICE, token=token)
    (expected,) = await served.say(general)
    before = served.general.requests

    (answer,) = await served.say(quick)

    assert answer == expected
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert served.general.requests == before


@pytest.mark.parametrize("case", OTHERS)
async def test_what_is_not_as_usual_is_left_to_the_general_way(served: Served, case: str) -> None:
    asking = {"variables": {"q": "佐"}, "more": (), "token": served.api.token()} | OTHERS[case]
    variables, more = asking.pop("variables"), asking.pop("more")
    await served.say(served.request(SEARCH, {"q": "佐"}, token=asking["token"]))
    before = served.general.requests
    quick = served.request(SEARCH, variables, *more, **asking)

    (expected,) = await served.say(served.request(SEARCH, variables, *more, *TWICE, **asking))
    (answer,) = await served.say(quick)

    assert answer == expected
    assert served.general.requests == before + 2


async def test_requests_sent_at_once_are_answered_in_their_order(served: Served) -> None:
    token = served.api.token()
    asked = [served.request(SEARCH, {"q": text}, token=token) for text in ("佐", "qqqq", "田")]
    expected = [(await served.say(each))[0] for each in asked]

    assert await served.say(*asked) == expected


async def test_what_is_limited_is_counted_once(module_database: Database) -> None:
    limits = application(module_database, rate_limit_address="6/day", rate_limit_user="800/day")
    async with limits as api, over(api) as served:
        quick = served.request(SEARCH, {"q": "qqqq"}, token=served.api.token())
        answers = [(await served.say(quick))[0] for _ in range(8)]

    left = [re.findall("ratelimit-remaining: (.*)\r\n", answer) for answer in answers]
    policies = [re.findall("ratelimit-policy: (.*)\r\n", answer) for answer in answers]
    # The document is read once, and each operation costs the same until there is not enough left; then, after as many
    # requests as one address may make, its rate refuses.
    assert [answer[9:12] for answer in answers] == ["200"] * 4 + ["429"] * 4
    assert policies == [["800;w=86400"]] * 6 + [["6;w=86400"]] * 2
    assert left[1] != left[2]
    assert all("retry-after" in answer for answer in answers[4:])


async def test_a_token_that_was_revoked_does_not_count(served: Served) -> None:
    token = served.api.token()
    quick = served.request(SEARCH, {"q": "佐"}, token=token)
    await served.say(quick)
    (answer,) = await served.say(quick)
    assert answer.startswith("HTTP/1.1 200")

    access = served.lane.endpoint.authentication.access
    access.revoked.add(TOKENS.identify(token).token_id or "")

    (answer,) = await served.say(quick)
    assert answer.startswith("HTTP/1.1 401")
