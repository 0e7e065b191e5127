"""Tokens: JSON Web Tokens signed with one secret (HS256) that say who is asking and in which roles."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import jwt

from schema.roles import Identity, Role, UnauthenticatedError

ALGORITHM = "HS256"
ISSUER = "yukyu"
AUDIENCE = "yukyu"
CLOCK_SKEW = timedelta(seconds=10)


class Tokens:
    """Mints tokens and reads them back."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def mint(self, name: str, roles: Sequence[Role], *, lifetime: timedelta, now: datetime) -> str:
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": name,
            "roles": [role.value for role in roles],
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def identify(self, token: str) -> Identity:
        """Return who holds the token.

        Raises:
            UnauthenticatedError: it is forged, expired, meant for another system or says nothing usable.
        """
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=CLOCK_SKEW,
                options={"require": ["exp", "iat", "sub"]},
            )
            roles = tuple(Role(role) for role in claims.get("roles", ()))
        except jwt.ExpiredSignatureError as error:
            raise UnauthenticatedError("The token has expired.") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise UnauthenticatedError("The token is not valid here.") from error
        return Identity(name=claims["sub"], roles=roles, expires_at=datetime.fromtimestamp(claims["exp"], UTC))
