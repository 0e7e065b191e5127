"""A primary with an archive, for tests that take backups of it and hurt both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from db.cluster import Binaries, EmbeddedCluster
from db.control import Control
from db.repository import Repository
from jobs.site import Site

SMALL = {"fsync": "off", "shared_buffers": "32MB", "min_wal_size": "32MB", "max_wal_size": "128MB"}


class Sites:
    """The session's sites, one a version, each opened when it is first asked for."""

    def __init__(self, directory: Path, stack: AsyncExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._open: dict[Path, Site] = {}

    async def of(self, binaries: Binaries) -> Site:
        if binaries.directory not in self._open:
            home = self._directory / f"backups{binaries.major}"
            archive = Repository.at(home / "backups")
            cluster = await self._stack.enter_async_context(
                EmbeddedCluster.open(home, binaries=binaries, replica=False, settings=SMALL, archive=archive)
            )
            control = await self._stack.enter_async_context(Control.open(cluster.layout.state))
            self._open[binaries.directory] = Site(control, archive, cluster.installation)
        return self._open[binaries.directory]


@pytest.fixture(scope="session")
async def sites(scratch: Path) -> AsyncIterator[Sites]:
    async with AsyncExitStack() as stack:
        yield Sites(scratch, stack)


@pytest.fixture(scope="session")
async def site(sites: Sites, binaries: Binaries) -> Site:
    """A running primary with its archive and a control store, shared by all tests of backups."""
    return await sites.of(binaries)
