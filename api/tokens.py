"""Tokens: JSON Web Tokens that say who is asking and in which roles.

Ours are signed with a secret (HS256). Where an identity provider's keys are given, its tokens count too. Which key, and
with it which algorithm, is looked up by the token's `kid`; what the token calls its algorithm decides nothing.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import jwt

from api.settings import ROLES_CLAIM
from db.errors import AppError
from schema.remembered import Remembered
from schema.roles import Identity, Role, UnauthenticatedError

ALGORITHM = "HS256"
ISSUER = "yukyu"
AUDIENCE = "yukyu"
CLOCK_SKEW = timedelta(seconds=30)
LONGEST_LIFETIME = timedelta(days=366)
LONGEST_TOKEN = 16 * 1024
LONGEST_NAME = 200
REMEMBERED_CHARACTERS = 500_000

ROLES = {role.value: role for role in Role}

# Why a token is refused, for the audit log; clients learn less.
REASONS: dict[type[Exception], str] = {
    jwt.DecodeError: "not a token",
    jwt.ExpiredSignatureError: "expired",
    jwt.ImmatureSignatureError: "not yet valid",
    jwt.InvalidAudienceError: "wrong audience",
    jwt.InvalidIssuerError: "wrong issuer",
    jwt.InvalidAlgorithmError: "wrong algorithm",
    jwt.MissingRequiredClaimError: "a claim is missing",
}


class InvalidTokenError(UnauthenticatedError):
    """A token that does not count; `reason` says why to the audit log."""

    def __init__(self, reason: str, message: str = "The token is not valid here.") -> None:
        super().__init__(message)
        self.reason = reason


class UnknownKeyError(InvalidTokenError):
    """A token names a key that is not among the identity provider's, as far as they are known."""

    def __init__(self) -> None:
        super().__init__("unknown key")


class NoSecretError(AppError):
    """There is nothing to sign a token with."""

    code = "UNAUTHENTICATED"


# Of an identity provider: what checks a signature and the algorithm it is used with, by `kid`.
Keys = Mapping[str, tuple[Any, str]]


@dataclass(frozen=True, slots=True)
class Key:
    """What checks a signature, and the one algorithm that it is used with."""

    material: Any
    algorithm: str
    issuer: str | None
    audience: str | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a token has to say. Without an issuer or an audience, ours are checked for our own names.

    `roles_claim` is where the roles are, with dots between the names of claims in claims: 'realm_access.roles'.
    """

    issuer: str | None = None
    audience: str | None = None
    roles_claim: str = ROLES_CLAIM


class Tokens:
    """Mints tokens and reads them back.

    Args:
        secret: signs what is minted; None where only an identity provider's tokens count.
        previous: the secret before, whose tokens still count.
        rules: what tokens have to say.
        keys: of the identity provider; None where there is none.
    """

    def __init__(
        self,
        secret: str | None,
        *,
        previous: str | None = None,
        rules: Rules | None = None,
        keys: Keys | None = None,
    ) -> None:
        self._rules = rules or Rules()
        issuer, audience = self._rules.issuer or ISSUER, self._rules.audience or AUDIENCE
        self._secrets = [Key(each, ALGORITHM, issuer, audience) for each in (secret, previous) if each is not None]
        self._can_mint = secret is not None
        self.trust(keys)

    def trust(self, keys: Keys | None) -> None:
        """Let the tokens count that are signed with these keys, and with no others but our own secrets."""
        self.keys = keys
        # Checking a signature takes longer than all else that is done with a token, and each comes many times.
        self._verified: Remembered[Identity] = Remembered(most_characters=REMEMBERED_CHARACTERS)

    def mint(
        self,
        name: str,
        roles: Sequence[str],
        *,
        lifetime: timedelta,
        now: datetime,
        sign_in: str | None = None,
    ) -> str:
        """Return a token.

        Raises:
            NoSecretError: there is no secret to sign it with.
        """
        if not self._can_mint:
            raise NoSecretError("This server has no secret to sign tokens with.", hint="Set YUKYU_JWT_SECRET.")
        key = self._secrets[0]
        claims = {
            "iss": key.issuer,
            "aud": key.audience,
            "sub": name,
            **_nested(self._rules.roles_claim, [str(role) for role in roles]),
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_urlsafe(12),
        }
        if sign_in is not None:
            claims["sid"] = sign_in
        return jwt.encode(claims, key.material, algorithm=key.algorithm)

    def identify(self, token: str, *, again: bool = True) -> Identity:
        """Return who holds the token, and remember it where it will come `again`.

        Raises:
            UnknownKeyError: it names a key that is not known, which may be a new one.
            InvalidTokenError: it is forged, expired, meant for another system or says nothing usable.
        """
        known = self.remembered(token)
        if known is not None:
            return known
        if len(token) > LONGEST_TOKEN:
            raise InvalidTokenError("too long")
        identity = self._identify(token)
        if again:
            self._verified.keep(token, identity)
        return identity

    def remembered(self, token: str) -> Identity | None:
        """Return who holds a token that was identified before and has not expired; None for all others."""
        known = self._verified.get(token)
        if known is None or known.expires_at is None or datetime.now(UTC) >= known.expires_at:
            return None
        return known

    def _identify(self, token: str) -> Identity:
        for key in self._keys_of(token):
            try:
                return self._identity_of(_checked(token, key))
            except jwt.InvalidSignatureError:
                continue
            except jwt.ExpiredSignatureError as error:
                raise InvalidTokenError("expired", "The token has expired.") from error
            except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
                raise InvalidTokenError(REASONS.get(type(error), "not usable")) from error
        raise InvalidTokenError("wrong signature")

    def _keys_of(self, token: str) -> Sequence[Key]:
        """Return the keys that the token may be signed with: the one it names, else our own."""
        if self.keys is None:  # then its name decides nothing, and reading it is a third of the work
            return self._secrets
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except (jwt.PyJWTError, ValueError) as error:
            raise InvalidTokenError("not a token") from error
        if kid is None:
            return self._secrets
        if kid not in self.keys:
            raise UnknownKeyError
        material, algorithm = self.keys[kid]
        return (Key(material, algorithm, self._rules.issuer, self._rules.audience),)

    def _identity_of(self, claims: Mapping[str, Any]) -> Identity:
        name, token_id, sign_in = claims["sub"], claims.get("jti"), claims.get("sid")
        if not 0 < len(name) <= LONGEST_NAME:
            raise ValueError(name)
        return Identity(
            name=name,
            roles=_roles(claims, self._rules.roles_claim),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            token_id=token_id if isinstance(token_id, str) else None,
            sign_in=sign_in if isinstance(sign_in, str) else None,
        )


def _checked(token: str, key: Key) -> Mapping[str, Any]:
    return jwt.decode(
        token,
        key.material,
        algorithms=[key.algorithm],
        audience=key.audience,
        issuer=key.issuer,
        leeway=CLOCK_SKEW,
        options={"require": ["exp", "iat", "sub"], "verify_aud": key.audience is not None},
    )


def _roles(claims: Mapping[str, Any], path: str) -> tuple[Role, ...]:
    """Return the roles; names that mean something to another system are passed over."""
    found: object = claims
    for name in path.split("."):
        found = cast("Mapping[str, object]", found).get(name) if isinstance(found, Mapping) else None
    if found is None:
        return ()
    if not isinstance(found, list):
        raise TypeError(path)
    given = [each for each in cast("list[object]", found) if isinstance(each, str)]
    return tuple(ROLES[each] for each in dict.fromkeys(given) if each in ROLES)


def _nested(path: str, value: object) -> dict[str, object]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return cast("dict[str, object]", value)
