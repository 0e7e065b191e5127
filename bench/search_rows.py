"""Fills a database for the search benchmark: sample rows without their leave days, indexes built afterwards."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from time import perf_counter

import asyncpg

from db import migrations, personal, transfer
from db.tables import Employee, Genzai, Staff, Ukeoi
from jobs.data.sample.accounts import account_rows, draw_accounts
from jobs.data.sample.rosters import ROSTERS, Holder

TABLES = ("employees", "genzai", "ukeoi", "staff")
SEED = 1

# What people do first: every field of a row in one vector, ranked by ts_rank.
PLAIN = """
    CREATE UNLOGGED TABLE plain_{table} AS
    SELECT id, to_tsvector('simple', concat_ws(' ', employee_num, name, {columns})) AS plain FROM {table};
    CREATE INDEX ON plain_{table} USING gin (plain);
    ANALYZE plain_{table}
"""
PLAIN_COLUMNS = {
    "employees": "haken",
    "genzai": "kana, dispatch_name, department, line, job_content",
    "ukeoi": "kana, contract_business",
    "staff": "kana, office",
}


async def prepare(server_url: str, rows: int, say: Callable[[str], None]) -> tuple[str, dict[str, float]]:
    """Return the URL of a database with so many rows a table, and what filling it cost; it is kept for the next run."""
    name = f"yukyu_bench_{rows}"
    url = f"{server_url.rsplit('/', 1)[0]}/{name}"
    connection = await asyncpg.connect(server_url)
    try:
        if await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            with suppress(asyncpg.UndefinedTableError):
                return url, await _cost(url)
            await connection.execute(f'DROP DATABASE "{name}"')
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    await migrations.upgrade(url)
    cost = await _fill(url, rows, say)
    await _keep(url, cost)
    return url, cost


async def _fill(url: str, rows: int, say: Callable[[str], None]) -> dict[str, float]:
    connection = await asyncpg.connect(url)
    try:
        began = perf_counter()
        copied = began
        holders: list[list[Holder]] = [[], [], []]
        async with connection.transaction(), transfer.set_aside(connection, transfer.TABLES, rows):
            for roster, held in zip(ROSTERS, holders, strict=True):
                say(f"copying {rows:,} rows into {roster.model.__tablename__}")
                await _copy(connection, roster.model, roster.people(rows, SEED, held))
            say(f"copying {rows:,} leave accounts")
            in_turn = [holder for together in zip(*holders, strict=True) for holder in together]
            await _copy(connection, Employee, account_rows(list(draw_accounts(in_turn, rows, SEED)), SEED))
            copied = perf_counter()
            say("building indexes")
        built = perf_counter()
        for table in TABLES:
            say(f"preparing the comparison for {table}")
            await connection.execute(PLAIN.format(table=table, columns=PLAIN_COLUMNS[table]))
        await connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
        return {"copy seconds": copied - began, "index seconds": built - copied}
    finally:
        await connection.close()


async def _copy(
    connection: asyncpg.Connection, model: type[Employee | Genzai | Staff | Ukeoi], rows: Iterator[transfer.TableRow]
) -> None:
    table = transfer.table_of(model)
    columns = transfer.writable_columns(table)
    plain = personal.sealed_rows(table.name, columns, rows, None)
    await transfer.copy(connection, table.name, columns, plain, lambda _: None)


async def _keep(url: str, cost: dict[str, float]) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE bench_cost (what text, value float8)")
    await connection.executemany("INSERT INTO bench_cost VALUES ($1, $2)", list(cost.items()))
    await connection.close()


async def _cost(url: str) -> dict[str, float]:
    connection = await asyncpg.connect(url)
    try:
        return dict(await connection.fetch("SELECT what, value FROM bench_cost"))
    finally:
        await connection.close()
