"""Clusters of their own for tests that kill, stop or damage servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.cluster import Binaries, EmbeddedCluster

# Small and forgetful of WAL, so that a replica that was away can be made to miss some.
FORGETFUL = {
    "fsync": "off",
    "shared_buffers": "32MB",
    "min_wal_size": "32MB",
    "max_wal_size": "32MB",
    "max_slot_wal_keep_size": "16MB",
}


@pytest.fixture(scope="module")
async def victim(
    scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[EmbeddedCluster]:
    """A cluster that may be hurt, as long as it is given the time to recover."""
    home = scratch / tmp_path_factory.mktemp("victim").name
    async with EmbeddedCluster.open(home, binaries=binaries, settings=FORGETFUL) as cluster:
        yield cluster


@pytest.fixture
def home(scratch: Path, tmp_path: Path) -> Path:
    """A data directory for one test."""
    return scratch / tmp_path.name
