"""What an import changes, written in the transaction that changes it: the import can be rolled back with it alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

# So many of the newest imports can be rolled back, for so long.
KEPT_IMPORTS = 10
KEPT_DAYS = 30
# So many reports are kept.
KEPT_REPORTS = 1_000

REVISION = "SELECT version_num FROM alembic_version"

# Taken before the import is written, for all that it changes is noted under its number.
NUMBER = "SELECT nextval(pg_get_serial_sequence('data_imports', 'number'))"

# Written again by the later of two transactions, which knows of all tables.
WRITE = """
    INSERT INTO data_imports (number, id, kind, source, imported_by, started_at, revision, report, finished_at)
    OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9)
    ON CONFLICT (number) DO UPDATE SET report = EXCLUDED.report, finished_at = EXCLUDED.finished_at
"""

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


@dataclass(frozen=True, slots=True)
class Journal:
    """One import's; what is given a connection belongs into a transaction of the import."""

    heading: Heading
    number: int
    revision: str

    @classmethod
    async def begin(cls, connection: asyncpg.Connection, heading: Heading) -> "Journal":
        return cls(heading, await connection.fetchval(NUMBER) or 0, await revision_of(connection))

    async def make_room(self, connection: asyncpg.Connection, *, now: datetime) -> None:
        """Give up what older imports changed, so that with this one no more than so many are kept."""
        outlived = await connection.fetch(OUTLIVED, now, KEPT_DAYS, KEPT_IMPORTS - 1)
        if outlived:
            await connection.execute(DROP, [each["number"] for each in outlived])
        await connection.execute(DROP_REPORTS, KEPT_REPORTS - 1)

    async def write(self, connection: asyncpg.Connection, report: dict[str, Any], *, now: datetime) -> None:
        """Keep what is known of the import; a second time, what is known by then."""
        of, said = self.heading, orjson.dumps(report).decode()
        await connection.execute(WRITE, self.number, of.id, of.kind, of.source, of.by, of.at, self.revision, said, now)
