"""The identity provider's keys: fetched once, rotated, and kept while the provider is away."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from api.remote_keys import LARGEST_BYTES, MOST_KEYS, RemoteKeys
from api.tokens import Rules, Tokens, UnknownKeyError
from tests.api.identity_provider import AUDIENCE, ISSUER, IdentityProvider, identity_provider, jwk, rsa_key


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as provider:
        yield provider


def tokens() -> Tokens:
    return Tokens(None, rules=Rules(ISSUER, AUDIENCE), keys={})


async def test_a_new_key_counts_as_soon_as_a_token_names_it(provider: IdentityProvider) -> None:
    known = tokens()
    remote = RemoteKeys(provider.url, known.trust, least_interval_seconds=0)
    await remote.look_again()
    provider.keys["rsa-2"] = rsa_key()
    with pytest.raises(UnknownKeyError):
        known.identify(provider.token("rsa-2"))

    await remote.look_again()

    assert known.identify(provider.token("rsa-2")).name == "aiko"


async def test_a_key_that_the_provider_has_given_up_counts_no_more(provider: IdentityProvider) -> None:
    known = tokens()
    remote = RemoteKeys(provider.url, known.trust, least_interval_seconds=0)
    await remote.look_again()
    old = provider.token("rsa-1")
    del provider.keys["rsa-1"]

    await remote.look_again()

    with pytest.raises(UnknownKeyError):
        known.identify(old)


async def test_unknown_keys_do_not_make_us_ask_all_the_time(provider: IdentityProvider) -> None:
    remote = RemoteKeys(provider.url, tokens().trust, least_interval_seconds=60)

    await asyncio.gather(*(remote.look_again() for _ in range(50)))
    for _ in range(50):
        await remote.look_again()

    assert provider.asked == 1


BAD: dict[str, Response] = {
    "an error": PlainTextResponse("no", status_code=500),
    "nonsense": PlainTextResponse("nonsense"),
    "a list": JSONResponse([]),
    "no keys": JSONResponse({"keys": []}),
    "keys of no kind": JSONResponse({"keys": [None, 7, {"kty": 7}, {"kty": "RSA", "kid": "x"}]}),
    "far too much": PlainTextResponse("x" * (LARGEST_BYTES + 1)),
    "far too many": JSONResponse({"keys": [{"kid": f"{number}"} for number in range(MOST_KEYS + 1)]}),
    "another address": RedirectResponse("http://127.0.0.1:9/keys"),
}


@pytest.mark.parametrize("name", BAD)
async def test_while_the_provider_answers_badly_the_keys_it_gave_last_count(
    provider: IdentityProvider, name: str
) -> None:
    known = tokens()
    remote = RemoteKeys(provider.url, known.trust, least_interval_seconds=0)
    await remote.look_again()
    provider.answer = BAD[name]

    await remote.look_again()

    assert provider.asked == 2
    assert known.identify(provider.token()).name == "aiko"


async def test_while_the_provider_is_away_the_keys_it_gave_last_count() -> None:
    known = tokens()
    async with identity_provider() as provider:
        remote = RemoteKeys(provider.url, known.trust, least_interval_seconds=0)
        await remote.look_again()

    await remote.look_again()

    assert known.identify(provider.token()).name == "aiko"


def short() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - what is refused


@pytest.mark.parametrize(
    "unfit",
    [
        lambda: jwk("x", short()),
        lambda: jwk("x", ec.generate_private_key(ec.SECP384R1())),
        lambda: jwk("x", rsa_key()) | {"use": "enc"},
        lambda: jwk("x", rsa_key()) | {"alg": "RS512"},
        lambda: jwk("x", rsa_key()) | {"d": "private"},
        lambda: {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "x"},
    ],
    ids=["short", "another curve", "for encryption", "another algorithm", "private", "symmetric"],
)
async def test_a_key_that_is_not_fit_for_signatures_is_passed_over(provider: IdentityProvider, unfit: Any) -> None:
    known = tokens()
    provider.answer = JSONResponse({"keys": [unfit(), jwk("rsa-1", provider.keys["rsa-1"])]})

    await RemoteKeys(provider.url, known.trust).look_again()

    assert set(known.keys or ()) == {"rsa-1"}
