"""Servers of these tests' own, a primary and a replica, behind gates that a test can shut or lead elsewhere."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from db import migrations
from db.cluster import Binaries, EmbeddedCluster, urls
from db.cluster.desired import States
from db.cluster.layout import Layout
from db.control import Control
from db.repository import Repository
from jobs.alerts.rule import Rule
from jobs.site import Site
from tests.db.engines.gates import Gate
from tests.jobs.alerts.rules.watching import Watching

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "deadlock_timeout": "50ms",
    "wal_retrieve_retry_interval": "200ms",
}


@dataclass
class Servers:
    site: Site
    primary: Gate
    replica: Gate
    # URLs of the superuser and of the application, past the gates.
    admin_url: str
    replica_admin_url: str
    url: str

    def by(self, *rules: Rule) -> Watching:
        return Watching.by(self.site, *rules)


@pytest.fixture(scope="session")
async def own_cluster(scratch: Path) -> AsyncIterator[EmbeddedCluster]:
    async with EmbeddedCluster.open(scratch / "rules", binaries=Binaries.find(), settings=SETTINGS) as cluster:
        await migrations.upgrade(cluster.primary_url)
        yield cluster


@pytest.fixture
async def servers(own_cluster: EmbeddedCluster, tmp_path: Path) -> AsyncIterator[Servers]:
    assert own_cluster.replica is not None
    assert own_cluster.replica_url is not None
    layout = Layout.of(tmp_path)
    layout.create()
    shutil.copy(own_cluster.layout.passwords, layout.passwords)
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(Gate(own_cluster.primary_url))
        replica = await stack.enter_async_context(Gate(own_cluster.replica_url))
        states, desired = States(layout.state), own_cluster.installation.states.desired()
        for name, gate in (("primary", primary), ("replica", replica)):
            desired = desired.with_server(name, port=urlsplit(gate.url).port)
        states.change(lambda _: desired)
        control = await stack.enter_async_context(Control.open(layout.state))
        installation = replace(own_cluster.installation, layout=layout, states=states)
        yield Servers(
            Site(control, Repository.at(tmp_path / "backups"), installation),
            primary,
            replica,
            urls.admin(own_cluster.primary, own_cluster.passwords),
            urls.admin(own_cluster.replica, own_cluster.passwords),
            own_cluster.primary_url,
        )
