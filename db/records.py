"""Single rows by their key, and the leave days and requests that stand beside leave accounts."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import asyncpg

from db import tables
from db.other_store import OtherStore

Connection = asyncpg.Connection


class Row(Protocol):
    """A row by its column names, as asyncpg's Record is."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401 - each column has a type of its own

    def items(self) -> Iterable[tuple[str, Any]]: ...


def columns_of(table: type[tables.Row]) -> tuple[str, ...]:
    """Return a table's own columns, without those the database computes for search."""
    return tuple(
        column.name for column in tables.METADATA.tables[table.__tablename__].columns if column.computed is None
    )


COLUMNS = {
    table.__tablename__: columns_of(table)
    for table in (
        tables.Employee,
        tables.Genzai,
        tables.LeaveRequest,
        tables.Staff,
        tables.Ukeoi,
        tables.UsageDetail,
    )
}
BY_KEY = {
    table: f"SELECT {', '.join(columns)} FROM {table} WHERE id = $1"  # noqa: S608 - names of our own tables and columns
    for table, columns in COLUMNS.items()
}

# Each account's days by the unique index on (employee_num, use_date); a year is a few dozen of a person's rows.
USAGE_DETAILS = """
    SELECT id, employee_num, use_date, year, month, days_used
    FROM   unnest($1::text[], $2::smallint[]) AS account (employee_num, year)
    JOIN   yukyu_usage_details USING (employee_num, year)
    ORDER  BY use_date
"""

# Newest first within each account, in the order of ix_leave_requests_employee_num_year.
LEAVE_REQUESTS = """
    SELECT id, employee_num, start_date, end_date, days_requested, hours_requested,
           leave_type, reason, status, requested_at, approved_by, approved_at, year
    FROM   unnest($1::text[], $2::smallint[]) AS account (employee_num, year)
    JOIN   leave_requests USING (employee_num, year)
    ORDER  BY requested_at DESC, id
"""

Account = tuple[str, int]


async def by_key(connection: Connection, table: str, key: str) -> Row | None:
    """Return one row of one of the six tables; None where there is no such row or no such table."""
    statement = BY_KEY.get(table)
    if statement is not None and isinstance(connection, OtherStore):
        return await connection.by_key(table, COLUMNS[table], key)
    return None if statement is None else await connection.fetchrow(statement, key)


async def usage_details(connection: Connection, accounts: Sequence[Account]) -> list[list[Row]]:
    """Return each account's (employee number, year) leave days, oldest first, in the order of `accounts`."""
    if isinstance(connection, OtherStore):
        return _by_account(await connection.usage_details(accounts), accounts)
    return _by_account(await connection.fetch(USAGE_DETAILS, *zip(*accounts, strict=True)), accounts)


async def leave_requests(connection: Connection, accounts: Sequence[Account]) -> list[list[Row]]:
    """Return each account's leave requests, newest first, in the order of `accounts`."""
    if isinstance(connection, OtherStore):
        return _by_account(await connection.leave_requests(accounts), accounts)
    return _by_account(await connection.fetch(LEAVE_REQUESTS, *zip(*accounts, strict=True)), accounts)


def _by_account(rows: Iterable[Row], accounts: Sequence[Account]) -> list[list[Row]]:
    found: dict[Account, list[Row]] = {account: [] for account in accounts}
    for row in rows:
        found[row["employee_num"], row["year"]].append(row)
    return [found[account] for account in accounts]
