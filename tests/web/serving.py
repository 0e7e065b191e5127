"""The application on loopback, where a browser can visit it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.version import VERSION
from db.engines import Engines
from jobs import health
from schema.roles import Role
from tests.api.application import TOKENS
from tests.conftest import Database


@dataclass(frozen=True)
class Site:
    """The running application: where it is, and two ways to be let in."""

    origin: str
    links: SignInLinks

    @property
    def graphiql(self) -> str:
        return f"{self.origin}/graphql"

    @property
    def docs(self) -> str:
        return f"{self.origin}/docs"

    def token(self, name: str) -> str:
        """Return a token of somebody who is an admin."""
        return TOKENS.mint(name, [Role.ADMIN], lifetime=timedelta(hours=1), now=datetime.now(UTC))


@asynccontextmanager
async def site(database: Database, directory: Path) -> AsyncGenerator[Site]:
    """Serve the application over a database."""
    links = SignInLinks()
    async with Engines.open(database.primary_url, [database.replica_url]) as engines:

        async def examine() -> health.Report:
            return await health.report(engines, version=VERSION, directories=[directory])

        app = create_app(engines, Settings(environment="development"), tokens=TOKENS, links=links, examine=examine)
        async with served(app) as origin:
            yield Site(origin, links)


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncGenerator[str]:
    """Serve an application on a free port of loopback and yield its origin."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, lifespan="off", log_config=None, timeout_graceful_shutdown=2, ws=WebSocketsSansIOProtocol
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running
