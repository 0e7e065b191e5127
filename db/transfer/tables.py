"""What is moved: the six tables, as their classes describe them."""

from typing import Any

import asyncpg
from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql import ClauseElement

from db.tables import Employee, Genzai, LeaveRequest, Staff, Ukeoi, UsageDetail


def table_of(model: type[Any]) -> Table:
    return model.__table__


def is_searched(table: Table) -> bool:
    """Return whether a table has columns that are worked out of the others, as those of people have for the search."""
    return any(column.computed for column in table.columns)


TABLES: tuple[Table, ...] = tuple(
    table_of(model) for model in (Genzai, Ukeoi, Staff, Employee, UsageDetail, LeaveRequest)
)

_DIALECT = dialect()

# The tables of an import of so many rows that two connections share it; the later one to be kept has those whose search
# columns take longest. Both are runs of TABLES, so that all who lock tables do it in one order.
LATER, SOONER = TABLES[:2], TABLES[2:]

# Nobody else writes until the transaction ends; everybody may read. Whoever is in the way is waited for, not for ever.
PATIENCE = "SELECT set_config('lock_timeout', $1, true)"
LOCK = "LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"
TRUNCATE = f"TRUNCATE {', '.join(table.name for table in TABLES)}"

# Tell the planner what there is now. Of the tables that are searched, pages are marked as visible to all, too, which
# index-only scans need.
TIDY = tuple(f"{'VACUUM (ANALYZE)' if is_searched(table) else 'ANALYZE'} {table.name}" for table in TABLES)


def writable_columns(table: Table) -> tuple[str, ...]:
    """Return the names of the columns that are stored as given, in the table's own order."""
    return tuple(column.name for column in table.columns if column.computed is None)


def sql(statement: ClauseElement) -> str:
    """Return a statement as text for asyncpg; it has no parameters beyond constants."""
    return str(statement.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


async def count(connection: asyncpg.Connection, table: Table) -> int:
    return (await connection.fetchval(sql(select(func.count()).select_from(table)))) or 0


async def truncate(connection: asyncpg.Connection) -> None:
    await connection.execute(TRUNCATE)
