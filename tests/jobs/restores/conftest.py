"""An installation with a replica, an archive that is kept, and a worker: for tests that restore it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db import migrations
from db.cluster import Binaries, EmbeddedCluster
from db.control import Control
from db.repository import Repository
from jobs import archive, backups, restores
from jobs.site import Site
from jobs.worker.loop import work
from tests.jobs.restores.doing import SMALL, Restorable, back_up, end

KINDS = (*backups.KINDS, *restores.KINDS)


@pytest.fixture(scope="module")
async def restorable(
    scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Restorable]:
    """One that has a backup; tests promote what they restore, so that the primary's directory changes."""
    home = scratch / tmp_path_factory.mktemp("restores").name
    repository = Repository.at(home / "backups")
    async with EmbeddedCluster.open(home, binaries=binaries, settings=SMALL, archive=repository) as cluster:
        await migrations.upgrade(cluster.primary_url)
        installation = cluster.installation
        async with Control.open(installation.layout.state) as control:
            site = Site(control=control, repository=repository, installation=installation)
            found = Restorable(site, cluster)
            await found.execute("CREATE TABLE ledger (number bigserial PRIMARY KEY, told timestamptz)")
            await found.execute("INSERT INTO ledger (told) SELECT now() FROM generate_series(1, 10000)")
            tasks = [asyncio.create_task(archive.keep(site)), asyncio.create_task(work(site, KINDS))]
            try:
                await back_up(site)
                yield found
            finally:
                await end(tasks)
