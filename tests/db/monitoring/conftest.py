from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from db.monitoring.watch import Watch
from tests.conftest import Database
from tests.db.cluster.witness import connected


@dataclass
class Watched:
    """A migrated database with the extensions that an installation has, watched on both servers."""

    database: Database
    primary: Watch
    replica: Watch


@pytest.fixture
async def watched(database: Database) -> AsyncIterator[Watched]:
    async with connected(database.admin_url) as admin:
        await admin.execute("CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pgstattuple")
    found = Watched(database, Watch(database.primary_url), Watch(database.replica_url))
    yield found
    found.primary.close()
    found.replica.close()
