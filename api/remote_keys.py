"""The public keys of an identity provider, from its JWKS URL."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any

import httpx
import jwt
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from api.tokens import Keys
from db.cancelling import pause

log = structlog.get_logger(__name__)

FETCH_SECONDS = 5.0
REFRESH_SECONDS = 300.0
# A token that names an unknown key makes us look at once, and not again before this.
LEAST_INTERVAL_SECONDS = 10.0
LARGEST_BYTES = 256 * 1024
MOST_KEYS = 100
SHORTEST_RSA_BITS = 2048
LONGEST_KID = 500


class RemoteKeys:
    """Keeps the keys by their `kid`. While the URL does not answer, those that it last gave count.

    Args:
        url: of the key set.
        became: told of the keys whenever they were read.
        least_interval_seconds: between two readings that unknown keys ask for.
    """

    def __init__(
        self, url: str, became: Callable[[Keys], None], *, least_interval_seconds: float = LEAST_INTERVAL_SECONDS
    ) -> None:
        self._url = url
        self._became = became
        self._least_interval_seconds = least_interval_seconds
        self._asked_at = float("-inf")
        self._reading = asyncio.Lock()

    async def look_again(self) -> None:
        """Read the keys unless that was done a moment ago; those who ask at once wait for one reading."""
        asked_at = monotonic()
        async with self._reading:
            if self._asked_at >= asked_at or monotonic() - self._asked_at < self._least_interval_seconds:
                return
            self._asked_at = monotonic()
            await self._read()

    async def keep_fresh(self) -> None:
        """Read the keys now and then until cancelled, so that those which are gone there do not count here for long."""
        while True:
            async with self._reading:
                self._asked_at = monotonic()
                await self._read()
            await pause(REFRESH_SECONDS)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                keys = _parsed(await _fetched(self._url))
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError) as failure:
            log.warning("keys of the identity provider not read", reason=str(failure) or type(failure).__name__)
            return
        self._became(keys)


async def _fetched(url: str) -> bytes:
    async with (
        httpx.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=False) as client,
        client.stream("GET", url, headers={"accept": "application/json"}) as response,
    ):
        if response.status_code != HTTPStatus.OK:
            raise ValueError(f"it answered with status {response.status_code}")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_BYTES:
                raise ValueError(f"it answered with more than {LARGEST_BYTES} bytes")
        return bytes(body)


def _parsed(body: bytes) -> Keys:
    """Return the keys that sign with RS256 or ES256; others are passed over.

    Raises:
        ValueError: this is no key set, or one without a usable key.
    """
    document = orjson.loads(body)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f"it did not answer with a set of at most {MOST_KEYS} keys")
    keys = dict(filter(None, map(_key, listed)))
    if not keys:
        raise ValueError("none of its keys can be used: RSA of 2048 bits or P-256, for signatures, with a `kid`")
    return keys


def _key(given: object) -> tuple[str, tuple[Any, str]] | None:
    if not isinstance(given, dict):
        return None
    kid, algorithm = given.get("kid"), _algorithm(given)
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID or algorithm is None:
        return None
    try:
        material = jwt.PyJWK(given, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(material, RSAPublicKey) and material.key_size < SHORTEST_RSA_BITS:
        return None
    return kid, (material, algorithm)


def _algorithm(given: Mapping[str, Any]) -> str | None:
    """Return what a key is used with, by its kind; None for a key that is not for us, or that is not public."""
    match given.get("kty"), given.get("crv"):
        case "RSA", None:
            algorithm = "RS256"
        case "EC", "P-256":
            algorithm = "ES256"
        case _:
            return None
    meant = given.get("use", "sig") == "sig" and given.get("alg", algorithm) == algorithm
    return algorithm if meant and "d" not in given else None
