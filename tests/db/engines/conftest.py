"""Engines over gates, and a cluster that may be hurt."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from db.cluster import Binaries, EmbeddedCluster
from db.engines import Engines
from tests.conftest import Database
from tests.db.engines.gates import QUICK, Gate, Pair


@pytest.fixture
async def pair(database: Database) -> AsyncIterator[Pair]:
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
