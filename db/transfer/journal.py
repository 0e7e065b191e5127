"""What an import changes, written in its own transaction: with it, and not otherwise, the import can be rolled back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from db.transfer import images

# So many of the newest imports can be rolled back, for so long.
KEPT_IMPORTS = 10
KEPT_DAYS = 30
# So many reports are kept.
KEPT_REPORTS = 1_000

REVISION = "SELECT version_num FROM alembic_version"

BEGIN = """
    INSERT INTO data_imports (id, kind, source, imported_by, started_at, revision, report)
    VALUES ($1, $2, $3, $4, $5, $6, '{}')
    RETURNING number
"""

FINISH = "UPDATE data_imports SET report = $2::jsonb, finished_at = $3 WHERE number = $1"

# Those that are too old or too many; those that were rolled back have no journal any more.
OUTLIVED = """
    UPDATE data_imports
    SET    journal_dropped_at = $1::timestamptz
    WHERE  journal_dropped_at IS NULL
    AND    rolled_back_at IS NULL
    AND    (finished_at < $1::timestamptz - make_interval(days => $2)
            OR number NOT IN (SELECT number FROM data_imports WHERE rolled_back_at IS NULL
                              ORDER BY number DESC LIMIT $3))
    RETURNING number
"""
DROP = "DELETE FROM data_import_changes WHERE import_number = ANY ($1)"
DROP_REPORTS = """
    DELETE FROM data_imports
    WHERE  number <= (SELECT number FROM data_imports ORDER BY number DESC OFFSET $1 LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """What is known of an import when it begins."""

    id: str
    kind: str
    source: str
    by: str
    at: datetime


async def revision_of(connection: asyncpg.Connection) -> str:
    """Return the schema revision that a database is at; empty where no migration has run."""
    return (await connection.fetchval(REVISION)) or ""


class Journal:
    """One import's; its methods belong into the import's transaction."""

    def __init__(self, connection: asyncpg.Connection, number: int) -> None:
        self._connection = connection
        self.number = number

    @classmethod
    async def begin(cls, connection: asyncpg.Connection, heading: Heading) -> "Journal":
        await connection.execute(images.ALIKE)
        revision = await revision_of(connection)
        number = await connection.fetchval(
            BEGIN, heading.id, heading.kind, heading.source, heading.by, heading.at, revision
        )
        return cls(connection, number or 0)

    async def finish(self, report: dict[str, Any], *, now: datetime) -> None:
        """Keep the report, and give up what older imports changed."""
        await self._connection.execute(FINISH, self.number, orjson.dumps(report).decode(), now)
        outlived = await self._connection.fetch(OUTLIVED, now, KEPT_DAYS, KEPT_IMPORTS)
        if outlived:
            await self._connection.execute(DROP, [each["number"] for each in outlived])
        await self._connection.execute(DROP_REPORTS, KEPT_REPORTS)
