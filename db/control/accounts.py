"""Reads and writes accounts, sign-ins and refresh tokens."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy import select as columns_of
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.account_tables import Account, RefreshToken, SignIn


async def by_name(session: AsyncSession, name: str) -> Account | None:
    return await session.get(Account, name)


async def all_of(session: AsyncSession) -> Sequence[Account]:
    return (await session.exec(select(Account).order_by(col(Account.name)))).all()


async def begin_sign_in(session: AsyncSession, sign_in: SignIn, token_hash: str) -> None:
    session.add(sign_in)
    await session.flush()
    session.add(RefreshToken(hash=token_hash, sign_in=sign_in.id, expires_at=sign_in.expires_at))
    await session.flush()


async def token_of(session: AsyncSession, token_hash: str) -> tuple[RefreshToken, SignIn] | None:
    """Return a refresh token, used or not, and the sign-in it belongs to."""
    token = await session.get(RefreshToken, token_hash)
    sign_in = None if token is None else await session.get(SignIn, token.sign_in)
    return None if token is None or sign_in is None else (token, sign_in)


async def rotate(  # noqa: PLR0913 - the columns of the rows
    session: AsyncSession, token: RefreshToken, sign_in: SignIn, new_hash: str, *, now: datetime, expires_at: datetime
) -> None:
    """Put a new refresh token in the place of one."""
    token.used_at = now
    sign_in.expires_at = expires_at
    session.add_all([token, sign_in, RefreshToken(hash=new_hash, sign_in=sign_in.id, expires_at=expires_at)])
    await session.flush()


async def open_sign_ins(session: AsyncSession, account: str, *, now: datetime) -> Sequence[SignIn]:
    statement = select(SignIn).where(
        SignIn.account == account, col(SignIn.ended_at).is_(None), col(SignIn.expires_at) > now
    )
    return (await session.exec(statement)).all()


async def end_sign_in(session: AsyncSession, sign_in_id: str, *, now: datetime) -> None:
    """Let no refresh token of a sign-in count, where there is one of this id that lasts."""
    sign_in = await session.get(SignIn, sign_in_id)
    if sign_in is not None and sign_in.ended_at is None:
        sign_in.ended_at = now
        session.add(sign_in)


async def knows_address(session: AsyncSession, account: str, address: str) -> bool:
    """Return whether the account signed in from this address of late, in a sign-in that is still remembered."""
    statement = select(SignIn.id).where(SignIn.account == account, SignIn.address == address).limit(1)
    return (await session.exec(statement)).first() is not None


async def forget_expired(session: AsyncSession, *, now: datetime) -> None:
    """Remove the sign-ins that ended by themselves, and their tokens."""
    expired = columns_of(col(SignIn.id)).where(col(SignIn.expires_at) <= now)
    await session.exec(delete(RefreshToken).where(col(RefreshToken.sign_in).in_(expired)))
    await session.exec(delete(SignIn).where(col(SignIn.expires_at) <= now))


async def remove(session: AsyncSession, account: Account) -> None:
    """Remove an account with its sign-ins."""
    own = columns_of(col(SignIn.id)).where(col(SignIn.account) == account.name)
    await session.exec(delete(RefreshToken).where(col(RefreshToken.sign_in).in_(own)))
    await session.exec(delete(SignIn).where(col(SignIn.account) == account.name))
    await session.delete(account)
    await session.flush()
