import socket
from pathlib import Path

import pytest

from db.cluster import (
    AlreadyRunningError,
    Binaries,
    EmbeddedCluster,
    NotInstalledError,
    NotRunningError,
    PortInUseError,
)
from db.cluster.desired import Desired, ServerSpec, States
from db.cluster.errors import DataDirectoryError, StartError
from tests.db.cluster.conftest import FORGETFUL
from tests.db.cluster.witness import answer, connected, processes_of


@pytest.fixture(scope="module")
async def stopped(scratch: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose cluster has been started, written to and stopped."""
    home = scratch / tmp_path_factory.mktemp("stopped").name
    async with EmbeddedCluster.open(home, binaries=binaries, settings=FORGETFUL) as cluster:
        async with connected(cluster.primary_url) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 'yes' AS answer")
        assert len(processes_of(home)) > 2
    assert processes_of(home) == []
    return home


async def test_second_start_has_the_same_addresses_and_data(stopped: Path, binaries: Binaries) -> None:
    before = addresses(stopped)

    async with EmbeddedCluster.open(stopped, binaries=binaries, settings=FORGETFUL) as cluster:
        assert await answer(cluster.replica_url, "SELECT answer FROM kept") == "yes"
        assert addresses(stopped) == before
        with pytest.raises(AlreadyRunningError):
            await EmbeddedCluster.open(stopped, binaries=binaries).__aenter__()

    assert processes_of(stopped) == []


def addresses(home: Path) -> dict[str, int]:
    return {name: spec.port for name, spec in States(home / "state").desired().servers.items()}


async def test_start_without_the_replica_keeps_no_slot_for_it(stopped: Path, binaries: Binaries) -> None:
    async with EmbeddedCluster.open(stopped, binaries=binaries, settings=FORGETFUL, replica=False) as cluster:
        assert cluster.replica_url is None
        assert EmbeddedCluster.locate(stopped).replica_url is None
        assert await answer(cluster.admin_url, "SELECT count(*) FROM pg_replication_slots") == 0

    async with EmbeddedCluster.open(stopped, binaries=binaries, settings=FORGETFUL) as cluster:
        assert await answer(cluster.replica_url, "SELECT answer FROM kept") == "yes"


async def test_busy_port_is_named_with_the_setting_that_changes_it(stopped: Path, binaries: Binaries) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortInUseError, match=rf"Port {port} is in use .* YUKYU_PRIMARY_PORT"):
            await EmbeddedCluster.open(stopped, binaries=binaries, primary_port=port).__aenter__()

    assert processes_of(stopped) == []
    async with EmbeddedCluster.open(stopped, binaries=binaries, settings=FORGETFUL, primary_port=port) as cluster:
        assert f":{port}/yukyu?" in cluster.primary_url
        assert await answer(cluster.replica_url, "SELECT answer FROM kept") == "yes"


async def test_mistake_in_the_own_settings_is_told_in_the_words_of_postgresql(
    stopped: Path, binaries: Binaries
) -> None:
    own = stopped / "postgresql.local.conf"
    before = own.read_text()
    own.write_text("shared_bufers = 1GB\n")
    try:
        with pytest.raises(StartError, match="shared_bufers"):
            await EmbeddedCluster.open(stopped, binaries=binaries).__aenter__()
    finally:
        own.write_text(before)


async def test_data_of_another_version_is_left_alone(stopped: Path, binaries: Binaries) -> None:
    version = stopped / "clusters" / "primary" / "PG_VERSION"
    version.write_text("14\n")
    try:
        with pytest.raises(
            DataDirectoryError, match=f"belongs to PostgreSQL 14, and the programs are .*{binaries.major}"
        ):
            await EmbeddedCluster.open(stopped, binaries=binaries).__aenter__()
    finally:
        version.write_text(f"{binaries.major}\n")


async def test_primary_whose_data_is_gone_is_not_replaced_by_an_empty_one(stopped: Path, binaries: Binaries) -> None:
    primary = stopped / "clusters" / "primary"
    primary.rename(stopped / "elsewhere")
    try:
        with pytest.raises(DataDirectoryError, match="is gone or damaged"):
            await EmbeddedCluster.open(stopped, binaries=binaries).__aenter__()
        assert not primary.exists()
    finally:
        (stopped / "elsewhere").rename(primary)


def test_cluster_that_does_not_run_is_located_with_a_clear_refusal(stopped: Path, tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match=f"The primary of {stopped} is not running"):
        EmbeddedCluster.locate(stopped)
    with pytest.raises(NotInstalledError, match=f"There is no installation in {tmp_path}"):
        EmbeddedCluster.locate(tmp_path)


def test_every_change_of_the_desired_state_has_the_next_generation(tmp_path: Path) -> None:
    states = States(tmp_path)

    def with_port(port: int) -> Desired:
        return states.change(
            lambda before: before.model_copy(
                update={"servers": {"primary": ServerSpec(role="primary", directory="primary", port=port)}}
            )
        )

    assert [with_port(port).generation for port in (5433, 5433, 5434)] == [1, 1, 2]
    assert states.desired().servers["primary"].port == 5434
