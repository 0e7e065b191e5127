"""What a URL says of TLS holds on every way to a server, and a refusal is one sentence."""

import os
import re
import subprocess
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from db import migrations
from db.cluster import EmbeddedCluster
from db.control import Control
from db.control.store import StoreUnusableError
from db.engines import EngineRole, Engines
from db.errors import DatabaseUnavailableError
from db.monitoring.watch import Watch
from jobs import performance
from jobs.data import sample
from tests import forking
from tests.api.server_process import serving
from tests.conftest import Database
from tests.db.cluster.witness import eventually
from tests.tls.conftest import Encrypting, silent

MINE = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


async def is_encrypted(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval(MINE))


def verified(encrypting: Encrypting) -> dict[str, object]:
    return {"sslmode": "verify-full", "sslrootcert": encrypting.authority.file}


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
async def test_reads_and_writes_are_encrypted(encrypting: Encrypting, mode: str) -> None:
    given = {"sslmode": mode, "sslrootcert": encrypting.authority.file}

    async with Engines.open(encrypting.primary(**given), [encrypting.replica(**given)]) as engines:
        answer = await engines.read(is_encrypted)
        async with engines.transaction() as session:
            written = (await session.execute(text(MINE))).scalar_one()

    assert (answer.served_by, answer.value, written) == (EngineRole.REPLICA, True, True)


async def test_without_a_word_of_tls_it_is_used_where_it_is_offered(encrypting: Encrypting) -> None:
    async with Engines.open(silent(encrypting.cluster.primary_url)) as engines:
        assert (await engines.read(is_encrypted)).value


async def test_what_is_disabled_is_not_used(encrypting: Encrypting) -> None:
    async with Engines.open(encrypting.primary(sslmode="disable")) as engines:
        assert not (await engines.read(is_encrypted)).value


async def test_every_connection_of_the_engines_is_encrypted(encrypting: Encrypting) -> None:
    async with Engines.open(encrypting.verified) as engines:
        await engines.read(is_encrypted)
        admin = await asyncpg.connect(encrypting.cluster.admin_url)
        rows = await admin.fetch(
            "SELECT application_name AS name, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
            " WHERE application_name LIKE 'yukyu%' AND client_addr IS NOT NULL"
        )
        await admin.close()

    assert {row["name"] for row in rows} >= {"yukyu", "yukyu monitor"}
    assert all(row["ssl"] for row in rows)


async def test_migrations_sample_monitoring_and_plans_go_by_tls(encrypting: Encrypting) -> None:
    url = encrypting.primary(database="guarded", **verified(encrypting), **certified(encrypting))

    await migrations.upgrade(url)
    loaded = await sample.load(url, 20)
    watch = Watch(url)
    watched = await watch.ask(is_encrypted)
    watch.close()
    async with Engines.open(url) as engines:
        plan = await performance.explain(engines, "SELECT * FROM staff WHERE office = '名古屋'")

    assert await migrations.current(url) == migrations.head()
    assert loaded["staff"] == 20
    assert watched
    assert "staff" in plan.text


def certified(encrypting: Encrypting) -> dict[str, object]:
    return {"sslcert": encrypting.client.file, "sslkey": encrypting.client.key_file}


async def test_who_has_no_certificate_is_told_so_where_one_is_asked_for(encrypting: Encrypting) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"localhost:\d+ cannot be used: .*certificate"):
        await migrations.current(encrypting.primary(database="guarded", **verified(encrypting)))


async def test_a_server_that_wants_tls_says_so_to_who_comes_without(encrypting: Encrypting) -> None:
    with pytest.raises(DatabaseUnavailableError, match="no encryption"):
        await migrations.current(encrypting.primary(database="guarded", sslmode="disable"))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
async def test_the_control_store_goes_by_tls(encrypting: Encrypting, tmp_path: Path, scheme: str) -> None:
    url = encrypting.primary(database="control", **verified(encrypting))

    url = f"{scheme}://{url.partition('://')[2]}"
    async with Control.open(tmp_path, url=url) as control, control.reading() as session:
        assert (await (await session.connection()).exec_driver_sql(MINE)).scalar_one()


async def test_sqlalchemys_own_spelling_still_counts_for_the_control_store(
    encrypting: Encrypting, tmp_path: Path
) -> None:
    url = encrypting.primary(database="control", ssl="require", prepared_statement_cache_size=0)

    async with Control.open(tmp_path, url=url) as control, control.reading() as session:
        assert (await (await session.connection()).exec_driver_sql(MINE)).scalar_one()


OTHER_NAME = (
    r"Its certificate is not valid for '127\.0\.0\.1'\. Use a host name that its certificate is made out to, "
    r"or renew that with this name in it\."
)
STRANGER = r"Its certificate is signed by nobody whom sslrootcert vouches for\. Name the file of the authority"
NO_TLS = r"It offers no TLS, and sslmode insists on it\. Turn ssl on in its postgresql\.conf"


@pytest.fixture(params=["another name", "an unknown authority", "no TLS"])
def refused(request: pytest.FixtureRequest, encrypting: Encrypting, cluster: EmbeddedCluster) -> tuple[str, str]:
    """A URL, and what is said of it."""
    if request.param == "another name":
        return encrypting.primary("127.0.0.1", **verified(encrypting)), OTHER_NAME
    if request.param == "an unknown authority":
        return encrypting.primary(sslmode="verify-full", sslrootcert=encrypting.stranger.file), STRANGER
    return f"{silent(cluster.primary_url)}?sslmode=require", NO_TLS


async def test_the_engines_do_not_read_from_a_server_that_is_refused(refused: tuple[str, str]) -> None:
    url, why = refused

    async with Engines.open(url) as engines:
        with pytest.raises(DatabaseUnavailableError) as told:
            await engines.read(is_encrypted)
        with pytest.raises(DatabaseUnavailableError):
            async with engines.transaction():
                pass
        (node,) = engines.nodes

        async def is_told() -> bool:
            await engines.recheck()
            return re.match(why, node.standing.fault or "") is not None

        await eventually(is_told)  # on a busy machine, that it did not answer in time comes first

    assert told.value.code == "DATABASE_UNAVAILABLE"
    assert node.name in url


async def test_migrations_and_transfers_name_the_server_that_is_refused(refused: tuple[str, str]) -> None:
    url, why = refused

    with pytest.raises(DatabaseUnavailableError, match=rf"^The database at \S+:\d+ cannot be used: {why}"):
        await migrations.upgrade(url)
    with pytest.raises(DatabaseUnavailableError, match=rf"^The database at \S+:\d+ could not be reached.*: {why}"):
        await sample.load(url, 1)


async def test_a_control_store_that_is_refused_is_named(refused: tuple[str, str], tmp_path: Path) -> None:
    url, why = refused

    with pytest.raises(StoreUnusableError, match=rf"^The control store at \S+:\d+ cannot be opened: {why}"):
        async with Control.open(tmp_path, url=url):
            pass


async def test_the_api_searches_over_verified_tls_alone(encrypting: Encrypting, tmp_path: Path) -> None:
    given = verified(encrypting)
    urls = Database("yukyu", encrypting.primary(**given), encrypting.replica(**given), encrypting.cluster.admin_url)
    store = encrypting.primary(database="control", **given)

    async with serving(urls, tmp_path, control_url=store) as process, process.client() as client:
        asked = await client.post("/graphql", json={"query": '{ search(query: "a", first: 1) { servedBy } }'})
        admin = await asyncpg.connect(encrypting.cluster.admin_url)
        connections = await admin.fetch(
            "SELECT datname, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'yukyu'"
        )
        await admin.close()

    assert asked.json()["data"] == {"search": {"servedBy": "REPLICA"}}
    assert {row["datname"] for row in connections} == {"yukyu", "control"}
    assert all(row["ssl"] for row in connections)


def yukyu(tmp_path: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {f"YUKYU_{name.upper()}": value for name, value in settings.items()}
    return forking.yukyu(*arguments, "--data-dir", tmp_path, env=os.environ | environment)


@pytest.mark.parametrize("command", [("db", "upgrade"), ("data", "sample", "1"), ("check",)], ids=" ".join)
def test_a_command_that_is_refused_says_so_without_a_traceback(
    encrypting: Encrypting, tmp_path: Path, command: tuple[str, ...]
) -> None:
    url = encrypting.primary(sslmode="verify-full", sslrootcert=encrypting.stranger.file)

    done = yukyu(tmp_path, *command, database_url=url)

    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode in {1, 2}
    assert "Traceback" not in said
    assert encrypting.cluster.passwords.application not in said
    assert "localhost" in said
    assert "sslrootcert" in said
