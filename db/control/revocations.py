"""Which tokens are revoked: by their own id, or by that of the sign-in they belong to."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control.account_tables import Revocation


async def revoke(session: AsyncSession, token_id: str, *, by: str, now: datetime, until: datetime) -> Revocation:
    """Revoke every token with this id; a second time changes nothing but how long it is remembered."""
    found = await session.get(Revocation, token_id)
    revocation = found or Revocation(id=token_id, revoked_by=by, revoked_at=now, until=until)
    revocation.until = max(revocation.until, until)
    session.add(revocation)
    await session.flush()
    await session.exec(delete(Revocation).where(col(Revocation.until) <= now))
    return revocation


async def in_force(session: AsyncSession, *, now: datetime) -> frozenset[str]:
    """Return the ids that no token may have."""
    return frozenset((await session.exec(select(Revocation.id).where(col(Revocation.until) > now))).all())
