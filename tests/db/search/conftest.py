"""Databases to search in: the examples over a background of sample rows, and small ones of a test's own."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db import personal, transfer
from db.search import EmployeeTable, SearchPage, SearchRequest, search
from db.tables import Employee
from jobs.data.sample.accounts import account_rows, draw_accounts
from jobs.data.sample.rosters import ROSTERS, Holder
from tests.conftest import (
    TEMPLATE,
    Clusters,
    Database,
    binaries_under_test,
    create_database,
    database_of,
    drop_database,
    make_template,
)

EXAMPLES: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "examples.json").read_text(encoding="utf-8"))
BACKGROUND = 20_000
SEED = 2


@pytest.fixture(scope="session")
async def background(clusters: Clusters) -> AsyncIterator[Database]:
    """The examples, the newest of all, over a background of sample rows."""
    cluster = await clusters.of(binaries_under_test())
    await make_template(cluster)
    await create_database(cluster, "search_background", template=TEMPLATE)
    database = database_of(cluster, "search_background")
    connection = await asyncpg.connect(database.primary_url)
    await fill(connection, BACKGROUND)
    await add_examples(connection)
    await connection.close()
    yield database
    await drop_database(cluster, "search_background")


@pytest.fixture
async def crowd(background: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the background; what a test writes there is undone."""
    connection = await asyncpg.connect(background.primary_url)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def people(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection to an empty database."""
    connection = await asyncpg.connect(database.primary_url)
    yield connection
    await connection.close()


async def fill(connection: asyncpg.Connection, rows: int) -> None:
    holders: list[list[Holder]] = [[], [], []]
    async with connection.transaction(), transfer.set_aside(connection, transfer.TABLES, rows):
        for roster, held in zip(ROSTERS, holders, strict=True):
            await copy(connection, roster.model, roster.people(rows, SEED, held))
        in_turn = [holder for together in zip(*holders, strict=True) for holder in together]
        await copy(connection, Employee, account_rows(list(draw_accounts(in_turn, rows, SEED)), SEED))
    # Every sampled row goes through the functions of the indexes: a tenth of them says the same of made-up rows.
    await connection.execute("SET default_statistics_target = 10")
    await connection.execute("VACUUM ANALYZE")


async def copy(connection: asyncpg.Connection, model: type, rows: transfer.Rows) -> None:
    table = transfer.table_of(model)
    columns = transfer.writable_columns(table)
    plain = personal.sealed_rows(table.name, columns, rows, None)
    await transfer.copy(connection, table.name, columns, plain, lambda _: None)


async def add_examples(connection: asyncpg.Connection) -> None:
    for example in EXAMPLES["examples"]:
        await add(connection, example["table"], **example["record"])


async def add(connection: asyncpg.Connection, table: str, **values: object) -> str:
    """Insert a row and return its id; the number and the name have defaults."""
    row: dict[str, object] = {"employee_num": "X1", "name": "誰か"} | ({"year": 2026} if table == "employees" else {})
    row |= values
    columns, places = ", ".join(row), ", ".join(f"${place}" for place in range(1, len(row) + 1))
    return await connection.fetchval(
        f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id",  # noqa: S608 - names of columns
        *row.values(),
    )


async def page(connection: asyncpg.Connection, query: str, **options: Any) -> SearchPage:
    return await search(connection, SearchRequest(query=query, **options))


async def names(connection: asyncpg.Connection, query: str, **options: Any) -> list[str]:
    return [hit.row["name"] for hit in (await page(connection, query, **options)).hits]


async def numbers(connection: asyncpg.Connection, query: str, **options: Any) -> list[str]:
    return [hit.row["employee_num"] for hit in (await page(connection, query, **options)).hits]


PEOPLE = (EmployeeTable.GENZAI, EmployeeTable.UKEOI, EmployeeTable.STAFF)
