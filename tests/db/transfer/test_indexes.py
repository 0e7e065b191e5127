import asyncpg

from db import transfer
from db.migrations import drift
from tests.conftest import Database

INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"


async def indexes(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    return await connection.fetch(INDEXES)


async def test_indexes_that_no_constraint_needs_are_set_aside_and_made_again_as_they_were(database: Database) -> None:
    async with transfer.writing(database.primary_url) as connection:
        before = await indexes(connection)
        async with transfer.set_aside(connection, transfer.TABLES, 5_000):
            kept = {index["indexname"] for index in await indexes(connection)}
        after = await indexes(connection)

    assert {name for name in kept if name.startswith("ix_") and "data_import" not in name} == set()
    assert {"pk_genzai", "uq_employees_employee_num_year"} <= kept
    assert after == before
    assert await drift(database.primary_url) == []


async def test_a_few_rows_come_in_beside_the_indexes(database: Database) -> None:
    async with transfer.writing(database.primary_url) as connection:
        before = await indexes(connection)
        async with transfer.set_aside(connection, transfer.TABLES, 10):
            assert await indexes(connection) == before
