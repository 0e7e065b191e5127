"""Signs people in by name and password, keeps them signed in by refresh tokens, and signs them out."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import Account, Control, RefreshToken, SignIn, accounts, audit
from db.control.audit import Origin
from jobs.accounts import ending, names
from jobs.accounts.ending import ACCESS
from jobs.accounts.passwords import Passwords
from jobs.accounts.revoked import Revoked
from jobs.accounts.throttle import Throttle
from jobs.audit.journal import Journal
from jobs.refusal import Refusal

REFRESH = timedelta(days=30)
LONGEST_TOKEN = 200
NOWHERE = "unknown"
# Who asks for a sign-in before there is anybody.
NOBODY = "anonymous"
UNKNOWN_TOKEN = "unknown refresh token"  # noqa: S105 - a reason, and no token

WRONG = Refusal(
    "WRONG_CREDENTIALS",
    "Name and password do not belong together, or the account may not sign in.",
    hint="Ask an administrator, who can set a new password with `yukyu user password NAME`.",
)
NOT_SIGNED_IN = Refusal(
    "NOT_SIGNED_IN", "The refresh token is not valid, or not any more.", hint="Sign in again with `login`."
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    name: str
    roles: Sequence[str]
    access_token: str
    expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


class Mint(Protocol):
    """Makes an access token.

    Raises:
        AppError: this server has nothing to sign one with.
    """

    def __call__(
        self, name: str, roles: Sequence[str], *, lifetime: timedelta, now: datetime, sign_in: str | None
    ) -> str: ...


@dataclass(frozen=True)
class SigningIn:
    """What signing in needs; one a process."""

    control: Control
    mint: Mint
    passwords: Passwords
    throttle: Throttle
    revoked: Revoked
    journal: Journal
    clock: Callable[[], datetime]

    async def sign_in(self, name: str, password: str, *, origin: Origin) -> SignedIn | Refusal:
        """Sign somebody in. Unknown name, wrong password and locked account are answered alike, and as slowly.

        Raises:
            BusyError: too many sign in at once.
        """
        now, folded, address = self.clock(), names.folded(name), origin.address or NOWHERE
        async with self.control.reading() as session:
            account = await accounts.by_name(session, folded)
            known = await accounts.knows_address(session, folded, address)
        if seconds := self.throttle.begin(folded, address, known=known, now=now):
            return self._refused(account, "too many attempts", origin, _too_soon(seconds))
        try:
            right, new_hash = await self.passwords.verify(password, account.password_hash if account else None)
        except BaseException:
            self.throttle.take_back(folded, address)
            raise
        if account is None or not right or account.locked:
            return self._refused(account, _why(account, right=right), origin, WRONG)
        signed_in = await self._begin(account, new_hash, address, now=self.clock())
        if signed_in is None:
            return self._refused(account, "changed meanwhile", origin, WRONG)
        self.throttle.succeeded(folded, address)
        return signed_in

    async def refresh(self, token: str, *, origin: Origin) -> SignedIn | Refusal:
        """Take a refresh token and give the next; one that was taken before ends its sign-in, for two have it."""
        now = self.clock()
        if not await self._has_given(token):
            return self._refused(None, UNKNOWN_TOKEN, origin, NOT_SIGNED_IN, action="refresh")
        async with self.control.transaction() as session:
            found = await accounts.token_of(session, _hash(token))
            if found is None:
                return self._refused(None, UNKNOWN_TOKEN, origin, NOT_SIGNED_IN, action="refresh")
            refresh_token, sign_in = found
            if refresh_token.used_at is not None:
                return await self._reused(session, sign_in, origin, now)
            account = await accounts.by_name(session, sign_in.account)
            if account is None or account.locked or sign_in.ended_at is not None or refresh_token.expires_at <= now:
                return self._refused(account, "ended", origin, NOT_SIGNED_IN, action="refresh")
            return await self._next(session, account, sign_in, refresh_token, now)

    async def sign_out(self, token: str, *, origin: Origin) -> bool:
        """End the sign-in of a refresh token; return whether it lasted until now."""
        now = self.clock()
        if not await self._has_given(token):
            self._refused(None, UNKNOWN_TOKEN, origin, NOT_SIGNED_IN, action="logout")
            return False
        async with self.control.transaction() as session:
            found = await accounts.token_of(session, _hash(token))
            if found is None or found[1].ended_at is not None:
                self._refused(None, "ended", origin, NOT_SIGNED_IN, action="logout")
                return False
            sign_in = found[1]
            await ending.end(session, sign_in, by=sign_in.account, now=now)
            await audit.record(
                session, who=sign_in.account, action="logout", subject=sign_in.id, result=audit.SUCCEEDED, now=now
            )
        self.revoked.add(sign_in.id)
        return True

    async def _has_given(self, token: str) -> bool:
        """Return whether a refresh token is ours, so that strangers do not take the store's one lock."""
        async with self.control.reading() as session:
            return await accounts.token_of(session, _hash(token)) is not None

    async def _begin(self, account: Account, new_hash: str | None, address: str, *, now: datetime) -> SignedIn | None:
        """Begin a sign-in; None when the account is no longer what the password was compared with."""
        refresh_token = _new_token()
        sign_in = SignIn(
            id=secrets.token_urlsafe(12),
            account=account.name,
            address=address,
            started_at=now,
            expires_at=now + REFRESH,
        )
        async with self.control.transaction() as session:
            await accounts.forget_expired(session, now=now)
            current = await accounts.by_name(session, account.name)
            if current is None or current.locked or current.password_hash != account.password_hash:
                return None
            current.password_hash = new_hash or current.password_hash
            current.signed_in_at = now
            session.add(current)
            await accounts.begin_sign_in(session, sign_in, _hash(refresh_token))
            await audit.record(
                session, who=account.name, action="login", subject=sign_in.id, result=audit.SUCCEEDED, now=now
            )
            return self._signed_in(current, sign_in, refresh_token, now)

    async def _next(
        self, session: AsyncSession, account: Account, sign_in: SignIn, token: RefreshToken, now: datetime
    ) -> SignedIn:
        new_token = _new_token()
        await accounts.rotate(session, token, sign_in, _hash(new_token), now=now, expires_at=now + REFRESH)
        await audit.record(
            session, who=account.name, action="refresh", subject=sign_in.id, result=audit.SUCCEEDED, now=now
        )
        return self._signed_in(account, sign_in, new_token, now)

    async def _reused(self, session: AsyncSession, sign_in: SignIn, origin: Origin, now: datetime) -> Refusal:
        if sign_in.ended_at is None:
            await ending.end(session, sign_in, by="system", now=now)
            await audit.record(
                session,
                who=sign_in.account,
                action="refresh",
                subject=sign_in.id,
                result=audit.REFUSED,
                details={"reason": "a refresh token came twice; its sign-in was ended"},
                now=now,
                origin=origin,
            )
            self.revoked.add(sign_in.id)
            return NOT_SIGNED_IN
        return self._refused(None, "ended", origin, NOT_SIGNED_IN, action="refresh")

    def _signed_in(self, account: Account, sign_in: SignIn, refresh_token: str, now: datetime) -> SignedIn:
        return SignedIn(
            name=account.name,
            roles=account.roles,
            access_token=self.mint(account.name, account.roles, lifetime=ACCESS, now=now, sign_in=sign_in.id),
            expires_at=now + ACCESS,
            refresh_token=refresh_token,
            refresh_expires_at=sign_in.expires_at,
        )

    def _refused(
        self, account: Account | None, reason: str, origin: Origin, refusal: Refusal, *, action: str = "login"
    ) -> Refusal:
        """Note in the audit log why; a name that nobody has is left out, for it may be a misplaced password."""
        who = account.name if account else NOBODY
        self.journal.refused(who=who, action=action, reason=reason, origin=origin)
        return refusal


def _why(account: Account | None, *, right: bool) -> str:
    if account is None:
        return "unknown name"
    return "locked" if right else "wrong password"


def _too_soon(seconds: int) -> Refusal:
    return Refusal(
        "TOO_MANY_ATTEMPTS",
        f"Too many sign-ins have failed; the next one can be tried in {seconds} seconds.",
        hint="Each failure makes the wait longer, up to 15 minutes.",
    )


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _hash(token: str) -> str:
    return hashlib.sha256(token[:LONGEST_TOKEN].encode("utf-8", "replace")).hexdigest()
