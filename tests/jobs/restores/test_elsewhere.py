"""A cut-over whose servers run in other containers: what their nodes say counts, and nothing that cannot be seen."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.cluster import Binaries
from db.cluster.desired import Desired, Observed, Role, ServerSpec, Status
from db.cluster.embedded import installation_of
from db.cluster.layout import Layout
from db.control import Control
from db.repository import Repository
from jobs.restores import cutover
from jobs.site import Site
from tests.db.cluster.elsewhere import held_elsewhere

PRIMARY = "primary"


@pytest.fixture
async def site(scratch: Path, tmp_path: Path, binaries: Binaries) -> AsyncIterator[Site]:
    """An installation whose primary has been asked for, and that nobody has started."""
    layout = Layout.of(scratch / tmp_path.name)
    layout.create()
    installation = installation_of(layout, binaries, archive=None, synchronous_archive=False)
    spec = ServerSpec(role=Role.PRIMARY, directory=PRIMARY, port=5432, host=PRIMARY)
    installation.states.change(lambda _: Desired(servers={PRIMARY: spec}))
    async with Control.open(layout.state) as control:
        yield Site(control=control, repository=Repository.at(layout.root / "backups"), installation=installation)


def observe(site: Site, status: Status) -> None:
    states = site.installation.states
    states.observe(
        PRIMARY, Observed(generation=states.desired().generation, status=status, at=datetime.now(UTC), pid=42)
    )


async def test_server_runs_when_its_node_in_another_container_says_so(site: Site) -> None:
    with held_elsewhere(site.installation.layout, PRIMARY):
        assert not await cutover.wait_running(site, PRIMARY, seconds=0)
        observe(site, Status.STARTING)
        assert not await cutover.wait_running(site, PRIMARY, seconds=0)
        observe(site, Status.RUNNING)
        assert await cutover.wait_running(site, PRIMARY, seconds=0)


async def test_server_whose_container_is_gone_does_not_run_whatever_was_said(site: Site) -> None:
    observe(site, Status.RUNNING)

    assert not await cutover.wait_running(site, PRIMARY, seconds=0)
    with held_elsewhere(site.installation.layout, "replica"):  # somebody is there, and not for this one
        assert not await cutover.wait_running(site, PRIMARY, seconds=0)


async def test_server_is_held_when_its_node_has_seen_that_it_should_be(site: Site) -> None:
    with held_elsewhere(site.installation.layout, PRIMARY):
        observe(site, Status.STOPPED)
        pausing = asyncio.create_task(cutover.pause(site, [PRIMARY]))
        await asyncio.sleep(0.3)
        assert not pausing.done()  # what was said before the pause says nothing about it
        observe(site, Status.STOPPED)
        await pausing


async def test_server_whose_container_is_gone_is_held_already(site: Site) -> None:
    observe(site, Status.RUNNING)
    with held_elsewhere(site.installation.layout, "replica"):
        await cutover.pause(site, [PRIMARY])

    assert PRIMARY in site.installation.states.desired().paused
