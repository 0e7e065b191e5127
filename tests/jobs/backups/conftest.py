"""A primary with an archive, for tests that take backups of it and hurt both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from db.cluster import Binaries, EmbeddedCluster
from db.control import Control, operations
from db.repository import Repository
from jobs import backups
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


@pytest.fixture(autouse=True)
async def nothing_is_left_in_the_queue(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Give up what a test has asked for and not done: the next one would be told to wait for it."""
    yield
    if "site" not in request.fixturenames:
        return
    site: Site = request.getfixturevalue("site")
    async with site.control.transaction() as session:
        for operation in await operations.open_of(session, [kind.name for kind in backups.KINDS]):
            await operations.give_up(session, operation.id, "Its test has ended.", now=site.clock())
