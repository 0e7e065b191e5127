"""A primary with an archive, for tests that take backups of it and hurt both."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.cluster import Binaries, EmbeddedCluster
from db.control import Control
from db.repository import Repository
from jobs.site import Site

SMALL = {"fsync": "off", "shared_buffers": "32MB", "min_wal_size": "32MB", "max_wal_size": "128MB"}


@pytest.fixture(scope="module")
async def archived(
    scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[EmbeddedCluster]:
    home = scratch / tmp_path_factory.mktemp("backups").name
    repository = Repository.at(home / "backups")
    async with EmbeddedCluster.open(
        home, binaries=binaries, replica=False, settings=SMALL, archive=repository
    ) as cluster:
        yield cluster


@pytest.fixture(scope="module")
async def site(archived: EmbeddedCluster) -> AsyncIterator[Site]:
    installation = archived.installation
    assert installation.archive is not None
    async with Control.open(installation.layout.state) as control:
        yield Site(control=control, repository=installation.archive, installation=installation)
