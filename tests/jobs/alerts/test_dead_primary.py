"""A primary that is killed and kept down: what is told, what is not, and that it is over by itself."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from db import migrations
from db.cluster import Binaries, EmbeddedCluster
from db.control import Control, Delivery, alerts
from db.repository import Repository
from jobs.alerts.evaluation import evaluate
from jobs.alerts.feed import Feed
from jobs.alerts.rule import DATABASE
from jobs.alerts.rulebook import Rulebook
from jobs.alerts.rules import RULES
from jobs.monitoring import keeping
from jobs.site import Monitoring, Site
from tests.jobs.alerts.world import describe

SETTINGS = {"fsync": "off", "shared_buffers": "16MB", "min_wal_size": "32MB", "max_wal_size": "64MB"}
PATIENCE_SECONDS = 90
SHORT = timedelta(seconds=3)
DOWN_SECONDS = 60

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@dataclass
class Alive:
    cluster: EmbeddedCluster
    site: Site

    @property
    def data(self) -> Path:
        desired = self.cluster.installation.states.desired()
        return self.cluster.installation.layout.clusters / desired.servers["primary"].directory


@pytest.fixture
async def alive(scratch: Path) -> AsyncIterator[Alive]:
    """Servers whose rules need three seconds at most, looked at every half."""
    rules = [replace(rule, for_=min(rule.for_, SHORT)) for rule in RULES if rule.for_ < timedelta(hours=1)]
    async with EmbeddedCluster.open(scratch / "dead", binaries=Binaries.find(), settings=SETTINGS) as cluster:
        await migrations.upgrade(cluster.primary_url)
        async with Control.open(cluster.installation.layout.state) as control:
            site = Site(
                control,
                Repository.at(scratch / "dead" / "backups"),
                cluster.installation,
                monitoring=Monitoring(interval=timedelta(seconds=0.5)),
                rulebook=Rulebook(rules=rules, settle=timedelta(seconds=1)),
            )
            keeper = asyncio.create_task(keeping.keep(site, listeners=[evaluate]))
            yield Alive(cluster, site)
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)


async def test_a_dead_primary_is_told_what_it_explains_is_not_and_it_is_over_by_itself(alive: Alive) -> None:
    told: list[str] = []

    async def follow() -> None:
        async with aclosing(Feed(alive.site.control, poll_seconds=0.05).follow()) as events:
            async for event in events:
                told.append(describe(event))

    following = asyncio.create_task(follow())
    await asyncio.sleep(5)
    assert told == []

    control_file = alive.data / "global" / "pg_control"
    postmaster = int((alive.data / "postmaster.pid").read_text().split()[0])
    control_file.rename(control_file.with_suffix(".kept"))  # it cannot be started again meanwhile
    os.kill(postmaster, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while f"FIRED primary-down {DATABASE}" not in told:
            await asyncio.sleep(0.1)
    await asyncio.sleep(DOWN_SECONDS)
    async with alive.site.control.reading() as session:
        open_ones = {each.rule_key: each for each in await alerts.unresolved(session)}
        outbox = (await session.exec(select(Delivery))).all()
    assert told == [f"FIRED primary-down {DATABASE}"]
    assert [(each.channel, each.group) for each in outbox] == [("log", "primary-down")]
    assert open_ones["replica-not-streaming"].muted_by == "primary-down"

    control_file.with_suffix(".kept").rename(control_file)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while f"RESOLVED primary-down {DATABASE}" not in told:
            await asyncio.sleep(0.1)
    following.cancel()
    assert told == [f"FIRED primary-down {DATABASE}", f"RESOLVED primary-down {DATABASE}"]
