"""Tokens that are not what they claim to be, by every way in: refused, and one line in the audit log."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.app import create_app
from api.remote_keys import RemoteKeys
from api.settings import Settings
from api.signin import SignInLinks
from api.streams import Streams
from api.tokens import Rules, Tokens
from db.control import AuditEntry, audit
from db.engines import Engines
from jobs.access import Access
from jobs.accounts import revoking
from jobs.site import Site
from tests import clients
from tests.api.identity_provider import AUDIENCE, ISSUER, IdentityProvider, claims, identity_provider, rsa_key
from tests.api.serving import listening
from tests.api.streaming import FOLLOW, Streaming
from tests.jobs.accounts.doing import Clock
from tests.jobs.worker.sites import open_site

SECRET = "a secret of the tests, long enough to sign with"


@dataclass(frozen=True)
class Forge:
    provider: IdentityProvider
    streaming: Streaming
    access: Access
    clock: Clock
    tokens: Tokens

    @property
    def site(self) -> Site:
        return self.streaming.site

    async def noted(self) -> list[AuditEntry]:
        """Return what the audit log says of tokens, and forget what was said before."""
        await self.access.journal.write()
        async with self.site.control.reading() as session:
            found = await audit.newest(session, limit=1000, action="authenticate")
        return list(found)


@pytest.fixture(scope="module")
async def forge(module_database: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Forge]:
    async def examine() -> Any:
        raise NotImplementedError

    async with (
        identity_provider() as provider,
        open_site(tmp_path_factory.mktemp("site")) as site,
        Engines.open(module_database.primary_url, []) as engines,
    ):
        tokens = Tokens(SECRET, rules=Rules(issuer=ISSUER, audience=AUDIENCE), keys={})
        clock, streams = Clock(datetime.now(UTC)), Streams(most_per_user=20)
        access = Access.of(site.control, tokens.mint, clock=clock)
        app = create_app(
            engines,
            Settings(),
            tokens=tokens,
            access=access,
            remote_keys=RemoteKeys(provider.url, tokens.trust, least_interval_seconds=0.05),
            links=SignInLinks(),
            examine=examine,
            site=site,
            streams=streams,
        )
        async with listening(app) as port:
            yield Forge(provider, Streaming(port, site, streams), access, clock, tokens)


def public_key(forge: Forge) -> str:
    public = forge.provider.keys["rsa-1"].public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def unsigned(forge: Forge) -> str:
    return jwt.encode(claims(), None, algorithm="none", headers={"kid": "rsa-1"})


def signed_with_the_public_key(forge: Forge, **header: str) -> str:
    """Make what a library takes that asks the token for its algorithm: the public key as the secret of HS256."""
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "typ": "JWT", **header}, claims(iat=None, exp=4_000_000_000))
    )
    signature = jwt.get_algorithm_by_name("HS256").sign(head + b"." + body, public_key(forge).encode())
    return b".".join((head, body, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


def moved(**by: float) -> datetime:
    return datetime.now(UTC) + timedelta(**by)


FORGED: dict[str, tuple[Callable[[Forge], str], str]] = {
    "unsigned": (unsigned, "wrong algorithm"),
    "signed with another key": (
        lambda _: jwt.encode(claims(), rsa_key(), algorithm="RS256", headers={"kid": "rsa-1"}),
        "wrong signature",
    ),
    "signed with another secret": (
        lambda _: jwt.encode(claims(), "another secret, also of more than 32 letters", algorithm="HS256"),
        "wrong signature",
    ),
    "HS256 signed with the public RSA key": (
        lambda forge: signed_with_the_public_key(forge, kid="rsa-1"),
        "wrong algorithm",
    ),
    "the same without the key's name": (signed_with_the_public_key, "wrong signature"),
    "HS256 with our secret in the name of the provider's key": (
        lambda _: jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": "rsa-1"}),
        "wrong algorithm",
    ),
    "another algorithm with the right key": (
        lambda forge: jwt.encode(claims(), forge.provider.keys["rsa-1"], algorithm="PS256", headers={"kid": "rsa-1"}),
        "wrong algorithm",
    ),
    "expired": (lambda forge: forge.provider.token(exp=moved(minutes=-1)), "expired"),
    "not yet valid": (lambda forge: forge.provider.token(nbf=moved(minutes=5)), "not yet valid"),
    "issued in the future": (lambda forge: forge.provider.token(iat=moved(minutes=5)), "not yet valid"),
    "wrong audience": (lambda forge: forge.provider.token(aud="payroll"), "wrong audience"),
    "no audience": (lambda forge: forge.provider.token(aud=None), "a claim is missing"),
    "wrong issuer": (lambda forge: forge.provider.token(iss="https://evil.example"), "wrong issuer"),
    "for ever": (lambda forge: forge.provider.token(exp=None), "a claim is missing"),
    "of nobody": (lambda forge: forge.provider.token(sub=None), "a claim is missing"),
    "unknown key": (
        lambda _: jwt.encode(claims(), rsa_key(), algorithm="RS256", headers={"kid": "rsa-9"}),
        "unknown key",
    ),
    "key of another kind": (
        lambda forge: jwt.encode(claims(), forge.provider.keys["ec-1"], algorithm="ES256", headers={"kid": "rsa-1"}),
        "wrong algorithm",
    ),
    "revoked": (lambda forge: forge.provider.token(jti="a-revoked-token"), "revoked"),
    "nonsense": (lambda _: "nonsense", "not a token"),
    "three parts of nonsense": (lambda _: "a.b.c", "not a token"),
    "much too long": (lambda _: "a" * 20_000, "too long"),
}


async def over_http(forge: Forge, token: str) -> str:
    async with clients.client() as client:
        answer = await client.post(
            forge.streaming.url, json={"query": "{ me { name } }"}, headers={"authorization": f"Bearer {token}"}
        )
    assert answer.status_code == 401
    return answer.json()["errors"][0]["extensions"]["code"]


async def over_sse(forge: Forge, token: str) -> str:
    async with forge.streaming.events({"id": "backup:x"}, FOLLOW, authorization=f"Bearer {token}") as response:
        body = json.loads(await response.aread())
    assert response.status_code == 401
    return body["errors"][0]["extensions"]["code"]


async def over_websocket(forge: Forge, token: str) -> str:
    async with forge.streaming.websocket() as socket:
        await socket.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
        code, _ = await socket.closed()
    assert code == 4403
    return "UNAUTHENTICATED"


@pytest.mark.parametrize("way_in", [over_http, over_sse, over_websocket])
@pytest.mark.parametrize("name", FORGED)
async def test_a_token_that_does_not_count_is_refused_and_noted_once(forge: Forge, name: str, way_in: Any) -> None:
    make, reason = FORGED[name]
    await revoking.revoke(forge.site.control, "a-revoked-token", by="ken", now=forge.clock())
    await forge.access.revoked.read(forge.site.control, now=forge.clock())
    forge.clock.goes_on(seconds=61)
    before = len(await forge.noted())

    assert await way_in(forge, make(forge)) == "UNAUTHENTICATED"

    noted = await forge.noted()
    assert len(noted) == before + 1
    assert (noted[0].result, noted[0].details["reason"]) == ("refused", reason)
    assert noted[0].address == "127.0.0.1"


async def me(forge: Forge, token: str) -> Any:
    async with clients.client() as client:
        answer = await client.post(
            forge.streaming.url, json={"query": "{ me { name roles } }"}, headers={"authorization": f"Bearer {token}"}
        )
    return answer.json().get("data", answer.status_code)


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
async def test_the_providers_tokens_count_and_so_do_our_own(forge: Forge, kid: str) -> None:
    own = forge.tokens.mint("ken", ["hr"], lifetime=timedelta(hours=1), now=datetime.now(UTC))

    assert (await me(forge, forge.provider.token(kid)))["me"] == {"name": "aiko", "roles": ["viewer", "admin"]}
    assert (await me(forge, own))["me"] == {"name": "ken", "roles": ["hr"]}


async def test_a_websocket_is_closed_when_its_token_is_revoked(forge: Forge) -> None:
    async with forge.streaming.websocket() as socket:
        token = forge.provider.token(jti="token-of-a-websocket")
        await socket.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert (await socket.receive())["type"] == "connection_ack"
        await revoking.revoke(forge.site.control, "token-of-a-websocket", by="ken", now=forge.clock())
        await forge.access.revoked.read(forge.site.control, now=forge.clock())

        assert await socket.closed() == (4403, "The token has been revoked.")


async def test_an_event_stream_ends_when_its_token_is_revoked(forge: Forge) -> None:
    backup = await forge.streaming.ask_for_backup()
    token = forge.provider.token(jti="token-of-a-stream")
    async with forge.streaming.events({"id": f"backup:{backup}"}, authorization=f"Bearer {token}") as response:
        lines = response.aiter_lines()
        assert await anext(lines) == "event: next"
        await revoking.revoke(forge.site.control, "token-of-a-stream", by="ken", now=forge.clock())
        await forge.access.revoked.read(forge.site.control, now=forge.clock())
        rest = [line async for line in lines]

    assert any("The token has been revoked." in line for line in rest)
    assert "event: complete" in rest
