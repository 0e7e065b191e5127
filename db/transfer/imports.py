"""The imports that were done, as their reports tell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

COLUMNS = """
    number, id, kind, source, imported_by, started_at, finished_at, revision, report::text AS report,
    rolled_back_at, rolled_back_by, journal_dropped_at
"""

NEWEST = f"SELECT {COLUMNS} FROM data_imports WHERE number < $2 ORDER BY number DESC LIMIT $1"  # noqa: S608 - constants

BY_ID = f"SELECT {COLUMNS} FROM data_imports WHERE id = $1"  # noqa: S608 - constants

# Above any number that an import has.
NO_BOUND = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Import:
    """An import that was kept; `report` has counts a table, and the first problems."""

    number: int
    id: str
    kind: str
    source: str
    imported_by: str
    started_at: datetime
    finished_at: datetime
    revision: str
    report: dict[str, Any]
    rolled_back_at: datetime | None
    rolled_back_by: str | None
    journal_dropped_at: datetime | None


async def newest(connection: asyncpg.Connection, limit: int, *, before: int = NO_BOUND) -> list[Import]:
    return [_import(row) for row in await connection.fetch(NEWEST, limit, before)]


async def by_id(connection: asyncpg.Connection, key: str) -> Import | None:
    row = await connection.fetchrow(BY_ID, key)
    return None if row is None else _import(row)


def _import(row: asyncpg.Record) -> Import:
    return Import(**{**dict(row), "report": orjson.loads(row["report"])})
