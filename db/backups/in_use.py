"""Which backups restores are working with."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import RestoreRun, RestoreState

ENDED = (RestoreState.PROMOTED, RestoreState.ROLLED_BACK, RestoreState.DISCARDED, RestoreState.FAILED)


async def backups(session: AsyncSession) -> set[str]:
    """Return the ids of the backups that unfinished restores were made of."""
    statement = select(RestoreRun.backup_id).where(col(RestoreRun.state).not_in(ENDED))
    return {backup_id for backup_id in (await session.exec(statement)).all() if backup_id}
