"""The one row that says on a replica how old its data is."""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Back to one row, should somebody have emptied the table.
BEAT: Final = text("""
    INSERT INTO replication_heartbeat (id, beat_at)
    VALUES (1, :now)
    ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at
""")


async def beat(session: AsyncSession, *, now: datetime) -> None:
    await session.execute(BEAT, {"now": now})
