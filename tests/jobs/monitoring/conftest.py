"""A site over the session's servers, each behind a gate that a test can shut or jam."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from db.cluster import EmbeddedCluster
from db.cluster.desired import States
from db.cluster.installation import Installation
from db.cluster.layout import Layout
from db.control import Control
from db.repository import Repository
from jobs.site import Monitoring, Site
from tests.db.engines.gates import Gate


@dataclass
class Gated:
    site: Site
    primary: Gate
    replica: Gate


@pytest.fixture
async def gated(cluster: EmbeddedCluster, tmp_path: Path) -> AsyncIterator[Gated]:
    assert cluster.replica_url is not None
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(Gate(cluster.primary_url))
        replica = await stack.enter_async_context(Gate(cluster.replica_url))
        installation = behind(cluster, tmp_path, {"primary": primary, "replica": replica})
        control = await stack.enter_async_context(Control.open(installation.layout.state))
        site = Site(
            control,
            Repository.at(tmp_path / "backups"),
            installation,
            monitoring=Monitoring(interval=timedelta(seconds=1)),
        )
        yield Gated(site, primary, replica)


def behind(cluster: EmbeddedCluster, directory: Path, gates: dict[str, Gate]) -> Installation:
    """Return the cluster as an installation of another directory, whose servers are reached through gates."""
    layout = Layout.of(directory)
    layout.create()
    shutil.copy(cluster.layout.passwords, layout.passwords)
    states, desired = States(layout.state), cluster.installation.states.desired()
    for name, gate in gates.items():
        desired = desired.with_server(name, port=urlsplit(gate.url).port)
    states.change(lambda _: desired)
    return replace(cluster.installation, layout=layout, states=states)
