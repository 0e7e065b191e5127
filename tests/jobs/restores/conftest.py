"""An installation with a replica, an archive that is kept, and a worker: for tests that restore it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from db import migrations
from db.cluster import Binaries, EmbeddedCluster
from db.control import Control
from db.keys import KeyFile
from db.repository import Repository
from jobs import archive
from jobs.site import Site
from tests.jobs.restores.doing import SMALL, Restorable, back_up, end


class Restorables:
    """The session's installations, one a version, each with a backup, opened when it is first asked for."""

    def __init__(self, directory: Path, stack: AsyncExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._open: dict[Path, Restorable] = {}

    async def of(self, binaries: Binaries) -> Restorable:
        if binaries.directory not in self._open:
            home = self._directory / f"restores{binaries.major}"
            self._open[binaries.directory] = await self._stack.enter_async_context(opened(home, binaries))
        return self._open[binaries.directory]


@pytest.fixture(scope="session")
async def restorables(scratch: Path) -> AsyncIterator[Restorables]:
    async with AsyncExitStack() as stack:
        yield Restorables(scratch, stack)


@pytest.fixture(scope="session")
async def restorable(restorables: Restorables, binaries: Binaries) -> Restorable:
    """One that tests share; they promote what they restore, so that the primary's directory changes."""
    return await restorables.of(binaries)


@pytest.fixture(scope="module")
async def fresh(
    scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Restorable]:
    """One of a module's own, on its first timeline."""
    async with opened(scratch / tmp_path_factory.mktemp("restores").name, binaries) as found:
        yield found


@asynccontextmanager
async def opened(home: Path, binaries: Binaries, keys: KeyFile | None = None) -> AsyncIterator[Restorable]:
    repository = Repository.at(home / "backups", keys)
    async with EmbeddedCluster.open(home, binaries=binaries, settings=SMALL, archive=repository) as cluster:
        await migrations.upgrade(cluster.primary_url)
        installation = cluster.installation
        async with Control.open(installation.layout.state) as control:
            site = Site(control=control, repository=repository, installation=installation)
            found = Restorable(site, cluster)
            await found.execute("CREATE TABLE ledger (number bigserial PRIMARY KEY, told timestamptz)")
            await found.execute("INSERT INTO ledger (told) SELECT now() FROM generate_series(1, 10000)")
            keeping = asyncio.create_task(archive.keep(site))
            try:
                async with found.working():
                    await back_up(site)
                    yield found
            finally:
                await end([keeping])
