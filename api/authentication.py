"""Finds out who is asking, over HTTP as over WebSocket; who presents a token that does not count is remembered."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import HTTPConnection
from starlette.types import Scope

from api.credentials import presented
from api.remote_keys import RemoteKeys
from api.tokens import InvalidTokenError, Tokens, UnknownKeyError
from db.control.audit import Origin
from jobs.access import Access
from schema.roles import ANONYMOUS, ForbiddenError, Identity, Role, UnauthenticatedError, require

BEARER = b"Bearer "
EXPIRED, REVOKED = "The token has expired.", "The token has been revoked."


@dataclass(frozen=True)
class Authentication:
    tokens: Tokens
    access: Access
    remote_keys: RemoteKeys | None = None

    def origin_of(self, scope: Scope) -> Origin:
        """Return where a request comes from; behind a proxy the server has put the client's address in its place."""
        client = scope.get("client")
        return Origin(client[0] if client else None)

    async def identify(self, connection: HTTPConnection, origin: Origin) -> Identity:
        """Return who is asking, by bearer token or else by session cookie; anonymous without either.

        Raises:
            UnauthenticatedError: something was presented that is not a valid token.
        """
        try:
            token = presented(connection)
        except UnauthenticatedError:
            self._note("not a token", origin)
            raise
        return ANONYMOUS if token is None else await self.identify_token(token, origin)

    async def identify_token(self, token: str, origin: Origin, *, again: bool = True) -> Identity:
        """Return who holds a token, and let `origin` know the token's id; it is remembered if it will come `again`.

        Raises:
            InvalidTokenError: it is not a valid one.
        """
        try:
            identity = await self._identity_of(token, again=again)
        except InvalidTokenError as error:
            self._note(error.reason, origin)
            raise
        origin.token = identity.token_id
        if self.access.revoked.covers(identity.revocable_by):
            self._note("revoked", origin, who=identity.name)
            raise InvalidTokenError("revoked", REVOKED)
        return identity

    def known(self, header: bytes | None, origin: Origin) -> Identity | None:
        """Return who holds the bearer token of a header, where it was checked before and counts still; None for others.

        `origin` is told the token's id.
        """
        if header is None or not header.startswith(BEARER):
            return None
        identity = self.tokens.remembered(header[len(BEARER) :].decode("latin-1"))
        if identity is None or self.access.revoked.covers(identity.revocable_by):
            return None
        origin.token = identity.token_id
        return identity

    def require(self, identity: Identity, role: Role, *, action: str, origin: Origin) -> None:
        """Refuse whoever lacks the role, and remember who was signed in.

        Raises:
            UnauthenticatedError: nobody is signed in.
            ForbiddenError: somebody is, without the role.
        """
        try:
            require(identity, role)
        except ForbiddenError as error:
            self.access.journal.refused(who=identity.name, action=action, reason=error.message, origin=origin)
            raise

    async def ended(self, identity: Identity) -> str:
        """Return when an identity no longer counts, with the reason: its token has expired or was revoked."""
        left = None if identity.expires_at is None else (identity.expires_at - datetime.now(UTC)).total_seconds()
        try:
            async with asyncio.timeout(None if left is None else max(0.0, left)):
                await self.access.revoked.wait_for(identity.revocable_by)
        except TimeoutError:
            return EXPIRED
        return REVOKED

    async def _identity_of(self, token: str, *, again: bool) -> Identity:
        try:
            return self.tokens.identify(token, again=again)
        except UnknownKeyError:
            if self.remote_keys is None:
                raise
        await self.remote_keys.look_again()
        return self.tokens.identify(token, again=again)

    def _note(self, reason: str, origin: Origin, *, who: str = ANONYMOUS.name) -> None:
        self.access.journal.refused(who=who, action="authenticate", reason=reason, origin=origin)
