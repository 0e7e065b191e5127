"""A long look at what one server stores, less often."""

from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from db.monitoring import storage
from db.monitoring.snapshot import Index, Sequence, Statistics, Table, TransactionAge


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was seen; `bloat` in percent by a table's name, of those that were measured and those only estimated."""

    bloat: dict[str, float]
    estimated_bloat: dict[str, float]
    indexes: tuple[Index, ...]
    sequences: tuple[Sequence, ...]
    transaction_ages: tuple[TransactionAge, ...]

    def added_to(self, statistics: Statistics, *, surveyed_at: datetime) -> Statistics:
        return replace(
            statistics,
            surveyed_at=surveyed_at,
            tables=tuple(map(self._with_bloat, statistics.tables)),
            indexes=self.indexes,
            sequences=self.sequences,
            transaction_ages=self.transaction_ages,
        )

    def _with_bloat(self, table: Table) -> Table:
        if table.name in self.bloat:
            return replace(table, bloat_percent=self.bloat[table.name])
        estimate = self.estimated_bloat.get(table.name)
        return replace(table, bloat_percent=estimate, bloat_is_estimate=estimate is not None)


async def survey(connection: asyncpg.Connection) -> Survey:
    standby = await connection.fetchval("SELECT pg_is_in_recovery()")
    indexes = tuple(Index(**row) for row in map(dict, await connection.fetch(storage.INDEXES)))
    if standby:  # its pages, sequences and ages are the primary's
        return Survey(bloat={}, estimated_bloat={}, indexes=indexes, sequences=(), transaction_ages=())
    estimated = await connection.fetch(storage.ESTIMATED_BLOAT)
    sequences = await connection.fetch(storage.SEQUENCES)
    ages = await connection.fetch(storage.TRANSACTION_AGES)
    return Survey(
        bloat=await _bloat(connection),
        estimated_bloat={row["name"]: row["bloat_percent"] for row in estimated},
        indexes=indexes,
        sequences=tuple(Sequence(**row) for row in map(dict, sequences)),
        transaction_ages=tuple(TransactionAge(**row) for row in map(dict, ages)),
    )


async def _bloat(connection: asyncpg.Connection) -> dict[str, float]:
    """Look at every table's pages; one for which the statement's time does not suffice is left to the estimate."""
    if not await connection.fetchval(storage.HAS_PGSTATTUPLE):
        return {}
    found: dict[str, float] = {}
    for table in await connection.fetch(storage.MEASURABLE):
        try:
            bloat: float | None = await connection.fetchval(storage.BLOAT, table["relid"])
        except (asyncpg.QueryCanceledError, asyncpg.UndefinedTableError, asyncpg.LockNotAvailableError):
            continue
        except asyncpg.InsufficientPrivilegeError:
            return {}
        found[table["name"]] = bloat or 0.0
    return found
