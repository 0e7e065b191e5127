"""The application with other settings than the tests of what it does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import ASGIApp

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from db.engines import Engines
from tests.api.application import ORIGIN, TOKENS, Api
from tests.conftest import Database


@dataclass
class Limited(Api):
    app: ASGIApp = field(kw_only=True)


async def _examine() -> Any:
    raise NotImplementedError


@asynccontextmanager
async def application(
    database: Database, *, address: str = "203.0.113.7", **settings: Any
) -> AsyncGenerator["Limited"]:
    """Yield a client of the application with these settings; it is in production unless they say otherwise."""
    links = SignInLinks()
    async with Engines.open(database.primary_url, [database.replica_url]) as engines:
        app = create_app(engines, Settings(**settings), tokens=TOKENS, links=links, examine=_examine)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield Limited(client, links, database.primary_url, app=app)
