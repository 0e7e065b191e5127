import asyncio
import os
import signal
import sqlite3
from asyncio.subprocess import PIPE
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlmodel import select

from db.control import AuditEntry, Control, OperationState, audit, operations
from db.control.file import FileConnection
from db.control.store import StoreUnusableError
from db.control.tables import StoreVersion
from db.control.upgrade import StoreVersionError
from tests import forking

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


async def beside(*arguments: str) -> forking.Process:
    return await forking.python("-m", "tests.db.control.process", *arguments, stdout=PIPE)


async def test_what_was_committed_is_there_when_the_store_is_opened_again(control: Control, url: str) -> None:
    async with control.transaction() as session:
        operation = await operations.request(session, "test", {"名": "値"}, by="aiko", now=NOW)

    async with Control.open(Path("/nonexistent"), url=url) as again, again.reading() as session:
        found = await operations.by_id(session, operation.id)

    assert found is not None
    assert found.arguments == {"名": "値"}
    assert found.requested_at == NOW


async def test_a_moment_comes_back_in_utc(control: Control) -> None:
    japan = NOW.astimezone(timezone(timedelta(hours=9)))

    async with control.transaction() as session:
        operation = await operations.request(session, "test", {}, by="aiko", now=japan)
    async with control.reading() as session:
        found = await operations.by_id(session, operation.id)

    assert found is not None
    assert found.requested_at == NOW
    assert found.requested_at.utcoffset() == timedelta(0)


async def test_nothing_is_kept_of_a_transaction_that_raises(control: Control) -> None:
    with suppress(ZeroDivisionError):
        async with control.transaction() as session:
            await audit.record(session, who="aiko", action="test", subject="x", result="never")
            raise ZeroDivisionError

    async with control.reading() as session:
        assert (await session.exec(select(AuditEntry))).all() == []


async def test_no_increment_is_lost_between_processes(control: Control, url: str) -> None:
    async with control.transaction() as session:
        operation = await operations.request(session, "test", {}, by="aiko", now=NOW)
        operation.id, operation.outcome = "counter", {"number": 0}

    processes = [await beside(url, "count", "40") for _ in range(2)]
    assert [await process.wait() for process in processes] == [0, 0]

    async with control.reading() as session:
        counter = await operations.by_id(session, "counter")
    assert counter is not None
    assert counter.outcome == {"number": 80}


async def test_a_process_killed_in_a_transaction_leaves_nothing_and_blocks_nobody(control: Control, url: str) -> None:
    process = await beside(url, "hold")
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"

    os.kill(process.pid, signal.SIGKILL)
    await process.wait()

    async with asyncio.timeout(60):
        async with control.transaction() as session:
            await audit.record(session, who="aiko", action="test", subject="after", result="done")
    async with control.reading() as session:
        assert [entry.subject for entry in await audit.newest(session, limit=5)] == ["after"]


async def test_work_that_is_cancelled_anywhere_holds_nobody_up(control: Control) -> None:
    async def work() -> None:
        async with control.transaction() as session:
            await operations.request(session, "test", {}, by="aiko", now=NOW)
            await operations.take(session, ["test"], now=NOW)
            await session.exec(select(AuditEntry))

    ended: list[BaseException | None] = []  # kept, and so is all that their tracebacks hold
    for milliseconds in range(30):
        working = asyncio.create_task(work())
        await asyncio.sleep(milliseconds / 1000)
        working.cancel()
        ended += await asyncio.gather(working, return_exceptions=True)
        await work()

    assert any(isinstance(each, asyncio.CancelledError) for each in ended)
    assert not any(isinstance(each, Exception) for each in ended)


def test_a_connection_may_be_closed_twice_while_a_cursor_of_it_lives(tmp_path: Path) -> None:
    connection = FileConnection(tmp_path / "control.sqlite", isolation_level=None)
    cursor = connection.execute("BEGIN IMMEDIATE")

    connection.close()
    connection.close()

    with closing(sqlite3.connect(tmp_path / "control.sqlite", timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
    assert cursor.connection is connection


async def test_of_two_workers_each_operation_goes_to_one(control: Control, url: str) -> None:
    async with control.transaction() as session:
        asked = [(await operations.request(session, "test", {}, by="aiko", now=NOW)).id for _ in range(40)]

    processes = [await beside(url, "take") for _ in range(2)]
    taken = [(await process.communicate())[0].decode().split() for process in processes]

    assert sorted(taken[0] + taken[1]) == sorted(asked)
    async with control.reading() as session:
        states = {operation.state for operation in await operations.newest(session, ["test"], limit=100)}
    assert states == {OperationState.RUNNING}


async def test_processes_that_open_a_new_store_at_once_all_succeed(url: str) -> None:
    processes = [await beside(url, "take") for _ in range(3)]

    assert [await process.wait() for process in processes] == [0, 0, 0]


async def test_a_store_of_another_version_is_refused_and_left_alone(control: Control, url: str, tmp_path: Path) -> None:
    async with control.transaction() as session:
        row = (await session.exec(select(StoreVersion))).one()
        row.version = 99

    with pytest.raises(StoreVersionError, match="has version 99"):
        async with Control.open(tmp_path, url=url):
            pass

    async with control.reading() as session:
        assert (await session.exec(select(StoreVersion.version))).one() == 99


async def test_sqlite_writes_through_to_the_disk(tmp_path: Path) -> None:
    async with Control.open(tmp_path) as control, control.reading() as session:
        connection = await session.connection()
        journal = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one()
        synchronous = (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one()

    assert (journal, synchronous) == ("wal", 2)
    assert (tmp_path / "control.sqlite").exists()


async def test_a_damaged_store_is_told_in_a_sentence_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "control.sqlite").write_bytes(b"nonsense" * 1000)

    with pytest.raises(StoreUnusableError, match=r"control\.sqlite cannot be opened") as told:
        async with Control.open(tmp_path):
            pass

    assert "manifests" in str(told.value.hint)


async def test_a_store_that_is_out_of_reach_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusableError, match="cannot be opened") as told:
        async with Control.open(tmp_path, url="postgresql://aiko:hush@127.0.0.1:9/nowhere"):
            pass

    assert "hush" not in told.value.message
