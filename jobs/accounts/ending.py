"""Ends sign-ins: no refresh token of theirs counts any more, and no access token."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import SignIn, accounts, revocations

ACCESS = timedelta(minutes=15)
# Clocks differ; an access token is remembered as revoked for a little longer than it lasts.
REMEMBERED = ACCESS + timedelta(minutes=5)


async def end(session: AsyncSession, sign_in: SignIn, *, by: str, now: datetime) -> None:
    sign_in.ended_at = sign_in.ended_at or now
    session.add(sign_in)
    await revocations.revoke(session, sign_in.id, by=by, now=now, until=now + REMEMBERED)


async def end_all(session: AsyncSession, account: str, *, by: str, now: datetime) -> list[str]:
    """End every sign-in of an account; return their ids."""
    ended = list(await accounts.open_sign_ins(session, account, now=now))
    for sign_in in ended:
        await end(session, sign_in, by=by, now=now)
    return [sign_in.id for sign_in in ended]
