"""A database with a large table that is indexed by its id alone, and engines on it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from db.engines import EngineRole, Engines
from jobs.monitoring.servers import Target
from tests.conftest import Database
from tests.db.cluster.witness import answer, connected, eventually

LARGE = """
    CREATE TABLE shifts (id int PRIMARY KEY, person int NOT NULL, place text, day date, note text);
    INSERT INTO shifts
    SELECT n, n % 5000, 'place ' || n % 7, date '2026-01-01' + n % 365, repeat('x', 60)
    FROM   generate_series(1, 40000) AS n;
    CREATE TABLE people (id int, name text);
    INSERT INTO people SELECT n, 'name ' || n FROM generate_series(1, 200) AS n;
    CREATE TABLE never_analysed AS SELECT n FROM generate_series(1, 500) AS n;
    ALTER TABLE never_analysed SET (autovacuum_enabled = off);
"""


@dataclass
class Staffed:
    database: Database
    engines: Engines

    @property
    def targets(self) -> list[Target]:
        return [
            Target("primary", EngineRole.PRIMARY, self.database.primary_url),
            Target("replica", EngineRole.REPLICA, self.database.replica_url),
        ]


@pytest.fixture(scope="module")
async def staffed(module_database: Database) -> AsyncIterator[Staffed]:
    database = module_database
    async with connected(database.admin_url) as admin:
        await admin.execute("CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pgstattuple")
    async with connected(database.primary_url) as owner:
        await owner.execute(LARGE)
        await owner.execute("ANALYZE shifts, people")

    async def replayed() -> bool:
        return await answer(database.replica_url, "SELECT reltuples > 0 FROM pg_class WHERE relname = 'people'") is True

    await eventually(replayed, seconds=60)
    async with Engines.open(database.primary_url, [database.replica_url]) as engines:
        yield Staffed(database, engines)
