from contextlib import suppress

import asyncpg
import pytest

from db.monitoring.survey import Survey
from db.monitoring.watch import Watch
from tests.conftest import Database
from tests.db.cluster.witness import answer, connected, eventually
from tests.db.monitoring.conftest import Watched

HOLLOW = """
    CREATE TABLE hollow AS SELECT n, repeat('x', 200) AS filler FROM generate_series(1, 2000) AS n;
    DELETE FROM hollow WHERE n % 4 <> 0;
"""


async def survey(database: Database, *statements: str) -> Survey:
    async with connected(database.primary_url) as connection:
        for statement in statements:
            await connection.execute(statement)
    return await Watch(database.primary_url).survey()


@pytest.mark.every_version
async def test_bloat_is_measured_where_pages_can_be_looked_at(watched: Watched) -> None:
    found = await survey(watched.database, HOLLOW, "VACUUM ANALYZE hollow")

    assert 60 < found.bloat["hollow"] < 90
    assert found.bloat["employees"] == 0


@pytest.mark.every_version
async def test_bloat_is_estimated_where_they_cannot(database: Database) -> None:
    found = await survey(database, HOLLOW, "VACUUM ANALYZE hollow")

    assert found.bloat == {}
    assert 60 < found.estimated_bloat["hollow"] < 90


@pytest.mark.every_version
async def test_a_full_table_is_estimated_to_be_full(database: Database) -> None:
    found = await survey(
        database,
        "CREATE TABLE dense AS SELECT n, md5(n::text) AS hash FROM generate_series(1, 20000) AS n",
        "VACUUM ANALYZE dense",
    )

    assert found.estimated_bloat["dense"] < 15


@pytest.mark.every_version
async def test_duplicate_and_invalid_indexes_are_told_from_those_that_constraints_need(database: Database) -> None:
    async with connected(database.primary_url) as connection:
        await connection.execute("CREATE TABLE twins (a int PRIMARY KEY, b int, c text)")
        await connection.execute("INSERT INTO twins VALUES (1, 1), (2, 1)")
        await connection.execute("CREATE INDEX of_key ON twins (a)")
        await connection.execute("CREATE INDEX first_of_b ON twins (b)")
        await connection.execute("CREATE INDEX second_of_b ON twins (b)")
        await connection.execute("CREATE INDEX part_of_b ON twins (b) WHERE b > 0")
        await connection.execute("CREATE INDEX b_downwards ON twins (b DESC)")
        with suppress(asyncpg.UniqueViolationError):
            await connection.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON twins (b)")

    found = {each.name: each for each in (await survey(database)).indexes if each.table == "twins"}

    assert {name: each.duplicate_of for name, each in found.items() if each.duplicate_of} == {
        "of_key": "twins_pkey",
        "second_of_b": "first_of_b",
    }
    assert [name for name, each in found.items() if not each.is_valid] == ["broken"]
    assert [name for name, each in found.items() if each.constraint] == ["twins_pkey"]
    assert found["part_of_b"].definition.endswith("WHERE (b > 0)")


@pytest.mark.every_version
async def test_a_sequence_ends_where_its_column_does(database: Database) -> None:
    found = await survey(
        database,
        "CREATE TABLE narrow (id smallserial)",
        "ALTER SEQUENCE narrow_id_seq AS bigint",
        "SELECT setval('narrow_id_seq', 32000)",
        "CREATE SEQUENCE around MAXVALUE 10 CYCLE",
        "SELECT setval('around', 10)",
        "CREATE SEQUENCE wide",
        "SELECT nextval('wide')",
    )

    used = {each.name: each.used_percent for each in found.sequences}
    assert 97 < used["public.narrow_id_seq"] < 98
    assert used["public.wide"] == 0
    assert "public.around" not in used


@pytest.mark.every_version
async def test_every_database_has_an_age(database: Database) -> None:
    ages = {each.database: each.age for each in (await survey(database)).transaction_ages}

    assert ages[database.name] >= 0
    assert "postgres" in ages


@pytest.mark.every_version
async def test_a_standby_counts_its_own_scans_and_leaves_the_rest_to_the_primary(watched: Watched) -> None:
    found = await watched.replica.survey()

    assert {"pk_staff", "pk_genzai"} <= {each.name for each in found.indexes}
    assert (found.bloat, found.sequences, found.transaction_ages) == ({}, (), ())


async def test_a_survey_leaves_no_connection_behind(watched: Watched) -> None:
    await watched.primary.survey()

    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'yukyu-monitor' AND datname = $1"

    async def gone() -> bool:
        return await answer(watched.database.admin_url, left, watched.database.name) == 0

    await eventually(gone, seconds=60)
