"""One server, looked after by itself: what its node does where the data is gone, or somebody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from db.cluster import Binaries, ports
from db.cluster.desired import Observed, Role, States, Status
from db.cluster.node import Address, running_node
from tests.db.cluster.witness import eventually


@pytest.fixture(scope="module")
def port() -> int:
    return ports.pick(taken=set())


@pytest.fixture(scope="module")
async def stopped(scratch: Path, binaries: Binaries, port: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose primary has been started by its node, and stopped."""
    home = scratch / tmp_path_factory.mktemp("node").name
    async with running_node(home, Role.PRIMARY, Address(port), binaries=binaries):
        assert seen(home).status is Status.RUNNING
    assert seen(home).status is Status.STOPPED
    return home


def seen(home: Path) -> Observed:
    observed = States(home / "state").observed("primary")
    assert observed is not None
    return observed


@asynccontextmanager
async def node(home: Path, binaries: Binaries, port: int) -> AsyncIterator[None]:
    """Start the node where its server was seen to run, by one that was killed."""
    States(home / "state").observe("primary", seen(home).model_copy(update={"status": Status.RUNNING}))
    async with running_node(home, Role.PRIMARY, Address(port), binaries=binaries):
        yield


async def waits(home: Path, reason: str) -> None:
    async def told() -> bool:
        assert seen(home).status is not Status.RUNNING
        return reason in (seen(home).message or "")

    await eventually(told)
    assert not (home / "clusters" / "primary" / "postmaster.pid").exists()


async def runs(home: Path) -> None:
    async def running() -> bool:
        return seen(home).status is Status.RUNNING

    await eventually(running)


async def test_node_without_data_waits_until_it_is_brought_back(stopped: Path, binaries: Binaries, port: int) -> None:
    place = stopped / "clusters" / "primary"
    away = place.rename(stopped / "away")

    async with node(stopped, binaries, port):
        await waits(stopped, "is gone or damaged")
        assert not place.exists()
        away.rename(place)
        await runs(stopped)


async def test_node_does_not_take_another_cluster_s_data(stopped: Path, binaries: Binaries, port: int) -> None:
    states = States(stopped / "state")
    ours = states.desired().system_identifier
    states.change(lambda before: before.model_copy(update={"system_identifier": "1"}))

    async with node(stopped, binaries, port):
        await waits(stopped, "and should hold 1")
        states.change(lambda before: before.model_copy(update={"system_identifier": ours}))
        await runs(stopped)


async def test_node_does_not_take_data_of_another_version(stopped: Path, binaries: Binaries, port: int) -> None:
    version = stopped / "clusters" / "primary" / "PG_VERSION"
    right = version.read_text()
    version.write_text("14\n")

    async with node(stopped, binaries, port):
        await waits(stopped, "14")
        version.write_text(right)
        await runs(stopped)
