"""An identity provider as far as we meet it: a key set at an address of loopback, and tokens signed with its keys."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.api.serving import listening

ISSUER, AUDIENCE = "https://id.example", "paid-leave"


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class IdentityProvider:
    keys: dict[str, Any] = field(default_factory=lambda: {"rsa-1": rsa_key(), "ec-1": ec_key()})
    # What it answers in place of its keys.
    answer: Response | None = None
    asked: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/keys"

    def token(self, kid: str = "rsa-1", **changes: Any) -> str:
        key = self.keys[kid]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid})

    async def serve(self, _: Request) -> Response:
        self.asked += 1
        return self.answer or JSONResponse({"keys": [jwk(kid, key) for kid, key in self.keys.items()]})


def claims(**changes: Any) -> dict[str, Any]:
    """Return what a good token says, changed; None leaves a claim out."""
    now = datetime.now(UTC)
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "aiko",
        "roles": ["viewer", "admin"],
        "iat": now,
        "exp": now + timedelta(hours=1),
        "jti": "token-of-aiko",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def jwk(kid: str, key: Any) -> dict[str, Any]:
    converter = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**converter.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


@asynccontextmanager
async def identity_provider() -> AsyncGenerator[IdentityProvider]:
    provider = IdentityProvider()
    async with listening(Starlette(routes=[Route("/keys", provider.serve)])) as port:
        provider.port = port
        yield provider
