"""Local accounts through GraphQL: signing in, staying in, out, and revoked from afar."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.streams import Streams
from db.control import Control, audit
from db.engines import Engines
from jobs.access import Access
from jobs.accounts import administration
from jobs.accounts.passwords import Passwords
from jobs.accounts.throttle import WITH_PAIR
from jobs.site import now
from schema.roles import Role
from tests import clients
from tests.api.application import TOKENS, Api
from tests.api.serving import listening
from tests.api.streaming import Streaming
from tests.jobs.worker.sites import open_site

LOGIN = """
    mutation ($name: String!, $password: String!) {
      login(name: $name, password: $password) {
        __typename
        ... on SignedIn { name roles accessToken expiresAt refreshToken refreshExpiresAt }
        ... on Refusal { code message hint }
      }
    }
"""
REFRESH = """
    mutation ($token: String!) {
      refresh(token: $token) { __typename ... on SignedIn { accessToken refreshToken } ... on Refusal { code } }
    }
"""
LOGOUT = "mutation ($token: String!) { logout(token: $token) }"
REVOKE = "mutation ($id: ID!) { revokeToken(id: $id) { id revokedBy until } }"
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Served:
    streaming: Streaming
    access: Access
    client: httpx.AsyncClient

    @property
    def control(self) -> Control:
        return self.streaming.site.control

    async def ask(self, document: str, bearer: str | None = None, **variables: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        answer = await self.client.post(
            self.streaming.url, json={"query": document, "variables": variables}, headers=headers
        )
        return answer.json()

    async def sign_in(self, name: str = "aiko", password: str = PASSWORD) -> dict[str, Any]:
        return (await self.ask(LOGIN, name=name, password=password))["data"]["login"]

    async def refresh(self, token: str) -> dict[str, Any]:
        return (await self.ask(REFRESH, token=token))["data"]["refresh"]

    async def sign_out(self, token: str) -> bool:
        return (await self.ask(LOGOUT, token=token))["data"]["logout"]

    async def me(self, token: str) -> Any:
        answer = await self.ask("{ me { name roles tokenId } }", token)
        return answer["data"]["me"] if "data" in answer else answer["errors"][0]["extensions"]["code"]

    async def told(self, action: str) -> list[tuple[str, str]]:
        await self.access.journal.write()
        async with self.control.reading() as session:
            return [(each.who, each.result) for each in await audit.newest(session, limit=100, action=action)]


@pytest.fixture(scope="module")
async def served(module_database: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async def examine() -> Any:
        raise NotImplementedError

    async with (
        open_site(tmp_path_factory.mktemp("site")) as site,
        Engines.open(module_database.primary_url, []) as engines,
        clients.client(timeout=30) as client,
    ):
        access, streams = Access.of(site.control, TOKENS.mint), Streams(most_per_user=20)
        app = create_app(
            engines,
            Settings(),
            tokens=TOKENS,
            access=access,
            links=SignInLinks(),
            examine=examine,
            site=site,
            streams=streams,
        )
        for name, roles in (("aiko", ["viewer", "hr"]), ("boss", ["admin"]), ("guessed", ["viewer"])):
            await administration.add(site.control, name, PASSWORD, roles, hashing=Passwords(), by="ken", now=now())
        async with access.kept(), listening(app) as port:
            yield Served(Streaming(port, site, streams), access, client)


async def test_a_login_gives_a_token_that_counts(served: Served) -> None:
    signed_in = await served.sign_in()

    assert (signed_in["__typename"], signed_in["name"], signed_in["roles"]) == ("SignedIn", "aiko", ["viewer", "hr"])
    me = await served.me(signed_in["accessToken"])
    assert (me["name"], me["roles"]) == ("aiko", ["viewer", "hr"])
    assert me["tokenId"]


async def test_whoever_fails_learns_nothing_and_is_in_the_audit_log(served: Served) -> None:
    unknown, wrong = await served.sign_in("nobody"), await served.sign_in(password="wrong")

    assert unknown == wrong
    assert unknown["code"] == "WRONG_CREDENTIALS"
    assert {("anonymous", "refused"), ("aiko", "refused")} <= set(await served.told("login"))


async def test_many_guesses_in_one_document_are_throttled_as_many_requests_are(served: Served) -> None:
    guesses = " ".join(
        f'g{number}: login(name: "guessed", password: "guess {number}") {{ ... on Refusal {{ code }} }}'
        for number in range(WITH_PAIR.free + 3)
    )

    answers = (await served.ask(f"mutation {{ {guesses} }}"))["data"]

    codes = [answer["code"] for answer in answers.values()]
    assert codes[: WITH_PAIR.free] == ["WRONG_CREDENTIALS"] * WITH_PAIR.free
    assert codes[-1] == "TOO_MANY_ATTEMPTS"


async def test_a_refresh_gives_the_next_pair_and_each_token_counts_once(served: Served) -> None:
    first = await served.sign_in()

    second = await served.refresh(first["refreshToken"])
    again = await served.refresh(first["refreshToken"])
    after = await served.refresh(second["refreshToken"])

    assert second["__typename"] == "SignedIn"
    assert again == after == {"__typename": "Refusal", "code": "NOT_SIGNED_IN"}
    assert await served.me(second["accessToken"]) == "UNAUTHENTICATED"


async def test_signing_out_ends_the_access_token_at_once(served: Served) -> None:
    signed_in = await served.sign_in()

    assert await served.sign_out(signed_in["refreshToken"])
    assert await served.me(signed_in["accessToken"]) == "UNAUTHENTICATED"


async def test_an_admin_revokes_a_token_by_its_id(served: Served) -> None:
    viewer, boss = await served.sign_in(), await served.sign_in("boss")
    token_id = (await served.me(viewer["accessToken"]))["tokenId"]

    revoked = await served.ask(REVOKE, boss["accessToken"], id=token_id)

    assert revoked["data"]["revokeToken"]["revokedBy"] == "boss"
    assert await served.me(viewer["accessToken"]) == "UNAUTHENTICATED"
    assert ("boss", "succeeded") in await served.told("revoke-token")


@pytest.mark.parametrize("id", ["", "a.b.c", "x" * 201, "a b", "日本"])
async def test_what_is_no_id_is_not_revoked(served: Served, id: str) -> None:  # noqa: A002
    boss = await served.sign_in("boss")

    answer = await served.ask(REVOKE, boss["accessToken"], id=id)

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert ("boss", "failed") in await served.told("revoke-token")


async def test_a_viewer_revokes_nothing(served: Served) -> None:
    viewer = await served.sign_in()

    answer = await served.ask(REVOKE, viewer["accessToken"], id="whatever")

    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert ("aiko", "refused") in await served.told("revoke-token")


async def test_a_locked_accounts_streams_are_closed_though_another_process_locked_it(served: Served) -> None:
    signed_in = await served.sign_in("boss")
    async with served.streaming.websocket() as socket:
        await socket.send(type="connection_init", payload={"authorization": f"Bearer {signed_in['accessToken']}"})
        assert (await socket.receive())["type"] == "connection_ack"
        await administration.set_locked(served.control, "boss", locked=True, by="ken", now=now())
        async with asyncio.timeout(60):
            closed = await socket.closed()
    await administration.set_locked(served.control, "boss", locked=False, by="ken", now=now())

    assert closed == (4403, "The token has been revoked.")


async def test_a_server_without_a_control_store_says_so(api: Api) -> None:
    refusal = await api.refusal(LOGIN, {"name": "aiko", "password": PASSWORD}, roles=(Role.VIEWER,))

    assert "no control store" in refusal["message"]


async def test_whoever_may_not_follow_what_they_ask_for_is_noted(served: Served) -> None:
    signed_in = await served.sign_in()
    async with served.streaming.websocket() as socket:
        await socket.send(type="connection_init", payload={"authorization": f"Bearer {signed_in['accessToken']}"})
        await socket.receive()
        await socket.follow("backup:x")
        told = await socket.receive()

    assert "FORBIDDEN" in str(told)
    assert ("aiko", "refused") in await served.told("operation-progress")
