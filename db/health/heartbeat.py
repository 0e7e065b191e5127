"""The one row that says on a replica how old its data is."""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from db.errors import AppError

# Back to one row, should somebody have emptied the table.
BEAT: Final = text("""
    INSERT INTO replication_heartbeat (id, beat_at)
    VALUES (1, :now)
    ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at
""")


UNDEFINED_TABLE: Final = "42P01"


class NoHeartbeatError(AppError):
    """The database is not migrated yet."""

    def __init__(self) -> None:
        super().__init__(
            "The database does not have the table of the heartbeat yet.", hint="`yukyu db upgrade` makes it."
        )


async def beat(session: AsyncSession, *, now: datetime) -> None:
    """Write a beat.

    Raises:
        NoHeartbeatError: there is no table for it.
    """
    try:
        await session.execute(BEAT, {"now": now})
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE:
            raise NoHeartbeatError from error
        raise
