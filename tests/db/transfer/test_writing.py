from datetime import timedelta

import asyncpg
import pytest

from db import transfer
from db.errors import DatabaseUnavailableError
from db.transfer.writing import NotMigratedError, NotWritableError, TablesBusyError
from tests.conftest import Database


async def enter(url: str, *, patience: timedelta = timedelta(seconds=15)) -> None:
    async with transfer.writing(url, patience=patience):
        pass


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(DatabaseUnavailableError) as told:
        await enter("postgresql://aiko:hush@127.0.0.1:9/nowhere")
    assert "hush" not in told.value.message


async def test_a_database_without_the_tables_is_told_what_to_run(empty_database: Database) -> None:
    with pytest.raises(NotMigratedError) as told:
        await enter(empty_database.primary_url)
    assert "yukyu db upgrade" in (told.value.hint or "")


async def test_a_replica_is_not_written_to(database: Database) -> None:
    with pytest.raises(NotWritableError):
        await enter(database.replica_url)


async def test_another_writer_is_waited_for_but_not_for_ever(database: Database) -> None:
    other = await asyncpg.connect(database.primary_url)
    async with other.transaction():
        await other.execute("LOCK TABLE genzai IN ROW EXCLUSIVE MODE")
        with pytest.raises(TablesBusyError, match=r"for 0.1 seconds"):
            await enter(database.primary_url, patience=timedelta(milliseconds=100))
    await other.close()


async def test_what_is_raised_inside_takes_everything_back(database: Database) -> None:
    async def insert_and_fail() -> None:
        async with transfer.writing(database.primary_url) as connection:
            await connection.execute("INSERT INTO genzai (employee_num, name) VALUES ('1', 'x')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await insert_and_fail()

    async with transfer.writing(database.primary_url) as connection:
        assert await transfer.count(connection, transfer.TABLES[0]) == 0
