"""A site over the session's servers with a clock that can be set forward."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.cluster import EmbeddedCluster
from db.control import Control, snapshots
from db.repository import Repository
from jobs.monitoring.taking import Taking
from jobs.site import Site
from tests.jobs.monitoring.conftest import behind


@dataclass
class Clock:
    ahead: timedelta = field(default=timedelta(0))

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Watched:
    """A site, and the hand that takes its snapshots."""

    site: Site
    clock: Clock
    taking: Taking

    async def tick(self) -> None:
        found = await self.taking.take()
        async with self.site.control.transaction() as session:
            await snapshots.store(session, found)


@pytest.fixture
async def watched(cluster: EmbeddedCluster, tmp_path: Path) -> AsyncIterator[Watched]:
    installation, clock = behind(cluster, tmp_path, {}), Clock()
    async with Control.open(installation.layout.state) as control:
        site = Site(control, Repository.at(tmp_path / "backups"), installation, clock=clock)
        taking = Taking(site)
        yield Watched(site, clock, taking)
        taking.close()
