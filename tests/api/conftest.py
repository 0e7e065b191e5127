"""The whole application over a real primary and replica, and people who may use it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.tokens import Tokens
from api.version import VERSION
from db.engines import Engines
from jobs import health
from schema.roles import Role

TOKENS = Tokens("a secret of the tests, long enough to sign with")
ORIGIN = "http://yukyu.test"


def token(*roles: Role) -> str:
    return TOKENS.mint("aiko", roles, lifetime=timedelta(hours=1), now=datetime.now(UTC))


@dataclass
class Api:
    """A client of the application; `ask` sends an operation and returns the whole answer."""

    client: httpx.AsyncClient
    links: SignInLinks
    database: Any

    def token(self, *roles: Role) -> str:
        return token(*(roles or (Role.VIEWER,)))

    async def ask(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        roles: tuple[Role, ...] = (Role.VIEWER,),
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        signed = {"authorization": f"Bearer {token(*roles)}"} if roles else {}
        response = await self.client.post(
            "/graphql", json={"query": query, "variables": variables}, headers=signed | (headers or {})
        )
        return response.json()

    async def data(self, query: str, variables: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        answer = await self.ask(query, variables, **options)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def refusal(self, query: str, variables: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Return the first error's message and code."""
        answer = await self.ask(query, variables, **options)
        error = answer["errors"][0]
        return {"message": error["message"], "code": error["extensions"]["code"]}


@pytest.fixture
async def api(database: Any, tmp_path: Path) -> AsyncIterator[Api]:
    links = SignInLinks()
    async with Engines.open(database.primary_url, [database.replica_url]) as engines:

        async def examine() -> health.Report:
            return await health.report(engines, version=VERSION, directories=[tmp_path])

        app = create_app(engines, Settings(), tokens=TOKENS, links=links, examine=examine)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield Api(client, links, database)
