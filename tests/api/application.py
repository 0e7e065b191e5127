"""A client of the whole application, and people who may use it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict, Unpack

import httpx

from api.signin import SignInLinks
from api.tokens import Tokens
from schema.roles import Role

TOKENS = Tokens("a secret of the tests, long enough to sign with")
ORIGIN = "http://yukyu.test"


class Asking(TypedDict, total=False):
    roles: tuple[Role, ...]
    headers: dict[str, str]


@dataclass
class Api:
    """Asks the application in somebody's name; `lsn` is the position of the rows a test has written."""

    client: httpx.AsyncClient
    links: SignInLinks
    primary_url: str
    lsn: str = "0/0"

    def token(self, *roles: Role) -> str:
        return TOKENS.mint("aiko", roles or (Role.VIEWER,), lifetime=timedelta(hours=1), now=datetime.now(UTC))

    async def ask(
        self, query: str, variables: dict[str, Any] | None = None, **asking: Unpack[Asking]
    ) -> dict[str, Any]:
        """Return the whole answer; a viewer asks unless `roles` says who."""
        headers = {"x-yukyu-lsn": self.lsn}
        if roles := asking.get("roles", (Role.VIEWER,)):
            headers["authorization"] = f"Bearer {self.token(*roles)}"
        response = await self.client.post(
            "/graphql", json={"query": query, "variables": variables}, headers=headers | asking.get("headers", {})
        )
        return response.json()

    async def data(
        self, query: str, variables: dict[str, Any] | None = None, **asking: Unpack[Asking]
    ) -> dict[str, Any]:
        answer = await self.ask(query, variables, **asking)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def refusal(
        self, query: str, variables: dict[str, Any] | None = None, **asking: Unpack[Asking]
    ) -> dict[str, Any]:
        """Return the first error's message and code."""
        answer = await self.ask(query, variables, **asking)
        error = answer["errors"][0]
        return {"message": error["message"], "code": error["extensions"]["code"]}
