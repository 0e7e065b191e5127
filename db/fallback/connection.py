"""A connection on which a database file is read."""

import json
from collections.abc import Sequence
from typing import Any, Final

import aiosqlite

from db.fallback import query, searching, types
from db.other_store import OtherStore, Scope, Slices

Row = dict[str, Any]

# What was asked for stands in the order of the numbers and years in :accounts.
USAGE_DETAILS: Final = """
    SELECT d.id, d.employee_num, d.use_date, d.year, d.month, d.days_used
    FROM   json_each(:accounts) account
    JOIN   yukyu_usage_details d ON d.employee_num = account.value ->> 0 AND d.year = account.value ->> 1
    ORDER  BY d.use_date
"""
LEAVE_REQUESTS: Final = """
    SELECT q.id, q.employee_num, q.start_date, q.end_date, q.days_requested, q.hours_requested,
           q.leave_type, q.reason, q.status, q.requested_at, q.approved_by, q.approved_at, q.year
    FROM   json_each(:accounts) account
    JOIN   leave_requests q ON q.employee_num = account.value ->> 0 AND q.year = account.value ->> 1
    ORDER  BY q.requested_at DESC, q.id
"""


class FileConnection(OtherStore):
    """Answers in SQL of SQLite's what `db.search` and `db.records` ask PostgreSQL."""

    def __init__(self, driver: aiosqlite.Connection) -> None:
        self.driver = driver

    async def fetch(self, statement: str, values: dict[str, Any] | None = None) -> Sequence[Sequence[Any]]:
        """Return all rows of a statement."""
        return list(await self.driver.execute_fetchall(statement, values or {}))

    async def hits(  # noqa: PLR0913 - what `search.page` is given
        self, typed: str, scope: Scope, slices: Slices, *, most: int, after: tuple[Any, ...] | None, offset: int
    ) -> Sequence[Sequence[Any]]:
        parsed = query.parse(typed)
        if parsed is None:
            return []
        rank, older, moment, id_, table = after or (None,) * 5
        values = searching.parameters(parsed) | searching.scoped(scope)
        values |= {
            "after_rank": rank,
            "after_older": older,
            "after_moment": None if moment is None else types.moment_text(moment),
            "after_id": id_,
            "after_table": table,
            "most": most,
            "offset": offset,
        }
        statement = searching.page_with_rows(tuple((number, names) for number, (_, names) in slices))
        return [
            (record[0], bool(record[1]), types.moment_of(record[2]), *record[3:])
            for record in await self.fetch(statement, values)
        ]

    async def counts(self, typed: str, scope: Scope, *, most: int) -> Sequence[tuple[int, int]]:
        parsed = query.parse(typed)
        if parsed is None:
            return [(table, 0) for table in scope.tables]
        values = searching.scoped(scope) | {"by_any": parsed.by_any, "most": most}
        return [(table, records) for table, records in await self.fetch(searching.COUNTS, values)]

    async def suggestions(self, typed: str, *, most: int) -> Sequence[str]:
        parsed = query.parse(typed)
        if parsed is None:
            return []
        return [
            row[0] for row in await self.fetch(searching.SUGGESTIONS, searching.parameters(parsed) | {"most": most})
        ]

    async def by_key(self, table: str, columns: Sequence[str], key: str) -> Row | None:
        statement = f"SELECT {', '.join(columns)} FROM {table} WHERE id = :key"
        rows = await self._rows(statement, {"key": key})
        return rows[0] if rows else None

    async def usage_details(self, accounts: Sequence[tuple[str, int]]) -> Sequence[Row]:
        return await self._rows(USAGE_DETAILS, {"accounts": json.dumps(accounts)})

    async def leave_requests(self, accounts: Sequence[tuple[str, int]]) -> Sequence[Row]:
        return await self._rows(LEAVE_REQUESTS, {"accounts": json.dumps(accounts)})

    async def _rows(self, statement: str, values: dict[str, Any]) -> list[Row]:
        async with self.driver.execute(statement, values) as cursor:
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
