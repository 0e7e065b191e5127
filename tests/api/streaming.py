"""A served application over a site without servers, and clients of its streams."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from api.app import create_app
from api.http import Protocol
from api.settings import Settings
from api.signin import SignInLinks
from api.streams import Streams
from db.control import Operation, operations
from db.engines import Engines
from jobs.site import Site
from schema.roles import Role
from tests import clients
from tests.api.application import TOKENS
from tests.api.serving import listening
from tests.jobs.worker.sites import open_site

FOLLOW = "subscription ($id: ID!) { operationProgress(id: $id) { id kind state progress message } }"


class Hasty(Protocol):
    """Waits for the head of a request for less time than a test lasts."""

    head_seconds = 0.3


@dataclass(frozen=True)
class Streaming:
    port: int
    site: Site
    streams: Streams

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    async def ask_for_backup(self) -> str:
        """Queue a backup that nobody takes, and return its id."""
        async with self.site.control.transaction() as session:
            operation = await operations.request(session, "backup", {"kind": "FULL"}, by="aiko", now=self.site.clock())
        return operation.id

    async def change(self, operation_id: str, **values: Any) -> None:
        async with self.site.control.transaction() as session:
            operation = await operations.by_id(session, operation_id)
            assert operation is not None
            operations.report(operation, progress=values.get("progress", 0.0), message="", now=self.site.clock())
            session.add(operation)

    async def succeed(self, operation_id: str) -> Operation:
        async with self.site.control.transaction() as session:
            await operations.complete(session, operation_id, {}, now=self.site.clock())
            operation = await operations.by_id(session, operation_id)
        assert operation is not None
        return operation

    @asynccontextmanager
    async def websocket(self, **options: Any) -> AsyncGenerator["Socket"]:
        url = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(
            url, subprotocols=options.pop("subprotocols", ["graphql-transport-ws"]), **options
        ) as opened:
            yield Socket(opened)

    @asynccontextmanager
    async def events(
        self, variables: dict[str, Any], query: str = FOLLOW, **headers: str
    ) -> AsyncGenerator[httpx.Response]:
        async with (
            clients.client(timeout=20) as client,
            client.stream(
                "POST",
                self.url,
                json={"query": query, "variables": variables},
                headers={"accept": "text/event-stream", "authorization": f"Bearer {token()}"} | headers,
            ) as response,
        ):
            yield response


@asynccontextmanager
async def served(database_url: str, directory: Path) -> AsyncGenerator[Streaming]:
    async def examine() -> Any:
        raise AssertionError("nobody asks for health here")

    streams = Streams(most_per_user=4)
    async with open_site(directory) as site, Engines.open(database_url, []) as engines:
        app = create_app(
            engines, Settings(), tokens=TOKENS, links=SignInLinks(), examine=examine, site=site, streams=streams
        )
        async with listening(app, Hasty) as port:
            yield Streaming(port, site, streams)


@dataclass(frozen=True)
class Socket:
    """One end of `graphql-transport-ws`."""

    connection: ClientConnection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        return json.loads(await self.connection.recv())

    async def sign_in(self, *roles: Role, **lifetime: float) -> None:
        await self.send(type="connection_init", payload={"authorization": f"Bearer {token(*roles, **lifetime)}"})
        assert await self.receive() == {"type": "connection_ack"}

    async def follow(self, operation_id: str, key: str = "1", query: str = FOLLOW) -> None:
        await self.send(type="subscribe", id=key, payload={"query": query, "variables": {"id": operation_id}})

    async def closed(self) -> tuple[int | None, str | None]:
        """Wait until the server closes; return code and reason."""
        await self.connection.wait_closed()
        return self.connection.close_code, self.connection.close_reason


def token(*roles: Role, seconds: float = 3600) -> str:
    lifetime = timedelta(seconds=seconds)
    return TOKENS.mint("aiko", roles or (Role.ADMIN,), lifetime=lifetime, now=datetime.now(UTC))


async def parsed(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Yield the events of a stream: name and data; a comment is named ''."""
    name = ""
    async for line in response.aiter_lines():
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            yield name, json.loads(value) if value.strip() else None
        elif line.startswith(":"):
            yield "", None
