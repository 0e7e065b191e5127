import os

import asyncpg
import psutil
import pytest

from db.cluster import Binaries, EmbeddedCluster, urls
from tests.db.cluster.witness import answer, connected, postmaster

pytestmark = pytest.mark.every_version


async def test_both_servers_answer_and_the_replica_streams(cluster: EmbeddedCluster) -> None:
    assert await answer(cluster.primary_url, "SELECT pg_is_in_recovery()") is False
    assert await answer(cluster.replica_url, "SELECT pg_is_in_recovery()") is True
    assert await answer(cluster.admin_url, "SELECT state FROM pg_stat_replication") == "streaming"


async def test_replica_streams_through_a_slot_of_its_own(cluster: EmbeddedCluster) -> None:
    slot = await answer(cluster.admin_url, "SELECT slot_name::text FROM pg_replication_slots WHERE active")

    assert slot == "yukyu_replica"


async def test_servers_are_of_the_version_that_was_asked_for(cluster: EmbeddedCluster, binaries: Binaries) -> None:
    assert str(await answer(cluster.primary_url, "SHOW server_version")).startswith(binaries.version)


async def test_application_owns_its_database_and_may_see_statistics(cluster: EmbeddedCluster) -> None:
    async with connected(cluster.primary_url) as connection:
        assert await connection.fetchval("SELECT current_database()") == "yukyu"
        assert await connection.fetchval(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        ) == await connection.fetchval("SELECT current_user::text")
        assert await connection.fetchval("SELECT pg_has_role('pg_monitor', 'member')")
        assert await connection.fetchval("SELECT count(*) FROM pg_stat_statements") > 0
        assert not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")


async def test_letters_beyond_ascii_have_case_and_sort_by_code_point(cluster: EmbeddedCluster) -> None:
    async with connected(cluster.primary_url) as connection:
        assert await connection.fetchval("SELECT lower('TRẦN Ōno Ｙ')") == "trần ōno ｙ"
        assert await connection.fetchval("SELECT 'Z' < 'a' AND 'あ' < '亜'")
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"


async def test_pages_have_checksums(cluster: EmbeddedCluster) -> None:
    assert await answer(cluster.primary_url, "SHOW data_checksums") == "on"


async def test_only_scram_lets_anybody_in(cluster: EmbeddedCluster) -> None:
    methods = await answer(cluster.admin_url, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")

    assert methods == ["scram-sha-256"]


async def test_wrong_password_is_refused(cluster: EmbeddedCluster) -> None:
    wrong = cluster.passwords.model_copy(update={"application": "guessed"})

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(urls.application(cluster.primary, wrong))


async def test_passwords_are_in_a_file_for_its_owner_alone(cluster: EmbeddedCluster) -> None:
    assert cluster.layout.passwords.stat().st_mode & 0o777 == 0o600
    assert cluster.layout.state.stat().st_mode & 0o777 == 0o700
    # As root, PostgreSQL's user has to get through to its data; it cannot look around.
    assert cluster.layout.root.stat().st_mode & 0o777 == (0o711 if os.geteuid() == 0 else 0o700)


async def test_passwords_are_in_no_process_list_and_no_log(cluster: EmbeddedCluster) -> None:
    secrets = set(cluster.passwords.model_dump().values())
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    logs = [path.read_text() for path in cluster.layout.logs.rglob("*.log")]

    assert len(logs) > 2
    assert not [text for text in lines + logs if any(secret in text for secret in secrets)]


async def test_servers_never_run_as_root(cluster: EmbeddedCluster) -> None:
    for server in ("primary", "replica"):
        assert postmaster(cluster, server).process.uids().effective != 0
        directory = cluster.layout.data_directory(server).stat()
        assert directory.st_uid != 0
        assert directory.st_mode & 0o777 == 0o700


async def test_servers_have_a_session_of_their_own_so_that_ctrl_c_does_not_reach_them(cluster: EmbeddedCluster) -> None:
    for server in ("primary", "replica"):
        pid = postmaster(cluster, server).pid
        assert os.getsid(pid) == pid


async def test_located_cluster_has_the_same_urls(cluster: EmbeddedCluster) -> None:
    located = EmbeddedCluster.locate(cluster.layout.root)

    assert located.primary_url == cluster.primary_url
    assert located.replica_url == cluster.replica_url
    assert located.admin_url == cluster.admin_url


async def test_each_test_has_a_database_of_its_own_on_both_servers(database: object) -> None:
    query = "SELECT current_database()::text"

    assert await answer(database.primary_url, query) == await answer(database.replica_url, query) == database.name  # type: ignore[attr-defined]
