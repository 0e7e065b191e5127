"""Engines over gates, and a cluster that may be hurt."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from db.cluster import Binaries, EmbeddedCluster
from db.engines import Engines
from tests.conftest import NUMBERS, Database, create_database, database_of, drop_database, wait_replayed
from tests.db.cluster.witness import connected
from tests.db.engines.gates import QUICK, Gate, Pair


@pytest.fixture(scope="module")
async def database(cluster: EmbeddedCluster, template: str) -> AsyncIterator[Database]:
    """One database for a whole module: what is in it matters little here."""
    name = f"engines_{next(NUMBERS)}"
    await create_database(cluster, name, template=template)
    yield database_of(cluster, name)
    await drop_database(cluster, name)


@pytest.fixture
async def pair(cluster: EmbeddedCluster, database: Database) -> AsyncIterator[Pair]:
    """Engines over gates; nobody is on the staff yet, on the replica neither."""
    async with connected(database.primary_url) as connection:
        await connection.execute("TRUNCATE staff")
        lsn = await connection.fetchval("SELECT pg_current_wal_flush_lsn()::text")
    await wait_replayed(cluster, lsn)
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(Gate(database.primary_url))
        replica = await stack.enter_async_context(Gate(database.replica_url))
        engines = await stack.enter_async_context(Engines.open(primary.url, [replica.url], options=QUICK))
        yield Pair(engines, primary, replica)


@pytest.fixture(scope="module")
async def victim(
    scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[EmbeddedCluster]:
    """A cluster whose servers may be killed, as long as they are given the time to come back."""
    home = scratch / tmp_path_factory.mktemp("engines").name
    async with EmbeddedCluster.open(home, binaries=binaries, settings={"fsync": "off", "shared_buffers": "32MB"}) as it:
        yield it
