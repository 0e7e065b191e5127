"""Everything comes under the current key: after a kill too, and whoever writes meanwhile loses nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db import migrations
from db.control import Control, audit
from db.errors import BadInputError
from db.keys import KeyFile, KeyRing, new_key
from db.personal import PERSONAL, UnreadableCellError, opened_row, rotation, sealed_rows
from db.repository import Repository
from jobs.data import sample
from jobs.data.legacy import Manner, import_file
from jobs.data.rolling_back import roll_back
from jobs.keys import rotating, standing
from tests import forking
from tests.conftest import Database
from tests.db.cluster.witness import connected, eventually
from tests.jobs.data.legacy.old_file import OldFile

NOW = datetime(2026, 11, 28, tzinfo=UTC)
OLD = KeyRing({"old": (old := new_key("old", now=NOW))}, "old")
RING = OLD.with_current(new_key("new", now=NOW))

NO_BACKUPS = Repository(Path("/nonexistent"))

MANY = """
    INSERT INTO staff (id, employee_num, name, birth_date, address)
    SELECT 's' || n, 'S' || n, 'x', '2000-01-31', 'x' || n FROM generate_series(1, $1::int) AS n
"""
UNDER_NEW = "SELECT count(*) FROM staff WHERE starts_with(address, 'enc:1:new:')"


async def rotate(url: str, ring: KeyRing = RING, **options: Any) -> rotating.Rotation:
    return await rotating.rotate(url, ring, **({"control": None} | options), by="aiko", now=NOW)


async def everybody(url: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the personal values as they are meant, by table and id."""
    async with connected(url) as connection:
        return {
            (table, row["id"]): {column: opened[column] for column in columns}
            for table, columns in PERSONAL.items()
            for row in await connection.fetch(f"SELECT id, {', '.join(columns)} FROM {table}")  # noqa: S608 - our own names
            for opened in [opened_row(table, row, columns, RING)]
        }


async def under(url: str) -> set[str]:
    async with connected(url) as connection:
        return {key for keys in (await rotation.counts(connection)).values() for key in keys}


@pytest.fixture
async def url(database: Database) -> str:
    return database.primary_url


async def test_plain_values_come_under_a_key_from_it_under_another_and_are_plain_again(
    url: str, tmp_path: Path
) -> None:
    await sample.load(url, 120)
    meant = await everybody(url)
    assert await under(url) == {""}

    async with Control.open(tmp_path) as control:
        for ring, key in ((OLD, "old"), (RING, "new")):
            done = await rotate(url, ring, control=control)
            assert (await under(url), done.remaining, done.key) == ({key}, {}, key)
            assert await everybody(url) == meant
        assert (await rotate(url, control=control)).rows == dict.fromkeys(PERSONAL, 0)

        await rotate(url, decrypt=True, control=control)
        assert await under(url) == {""}
        assert await everybody(url) == meant
        async with control.reading() as session:
            entries = await audit.newest(session, limit=10, action="rotate-keys")

    assert [entry.subject for entry in entries] == ["plain", "new", "new", "old"]
    assert {entry.result for entry in entries} == {"succeeded"}


async def test_the_sample_is_encrypted_as_it_is_loaded(url: str) -> None:
    await sample.load(url, 60)
    meant = await everybody(url)

    await sample.load(url, 60, ring=RING, replace=True)

    assert await under(url) == {"new"}
    assert await everybody(url) == meant


async def test_one_that_is_killed_is_finished_by_the_next(url: str, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.write(RING, new=True)
    async with connected(url) as connection:
        await connection.execute(MANY, 30_000)

        async def some_are_done() -> bool:
            return bool(await connection.fetchval(UNDER_NEW))

        environment = os.environ | {"YUKYU_DATABASE_URL": url, "YUKYU_KEYS_FILE": str(file.path)}
        process = await forking.start("yukyu", "keys", "rotate", "--data-dir", tmp_path / "none", env=environment)
        await eventually(some_are_done)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert 0 < await connection.fetchval(UNDER_NEW) < 30_000

    done = await rotate(url)

    assert 0 < done.rows["staff"] < 30_000
    assert await under(url) == {"new"}
    assert len(await everybody(url)) == 30_000


@pytest.fixture
async def writer(url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connected(url) as connection:
        await connection.execute(MANY, 4_000)
        yield connection


async def test_what_somebody_writes_meanwhile_is_not_lost(url: str, writer: asyncpg.Connection) -> None:
    rotated = asyncio.create_task(rotate(url))
    written: dict[str, str] = {}
    while not rotated.done():
        key = f"s{len(written) * 7 % 4_000 + 1}"
        address = f"written {len(written)}"
        (row,) = sealed_rows("staff", ("id", "address"), [(key, address)], OLD)
        await writer.execute("UPDATE staff SET address = $2 WHERE id = $1", *row)
        written[key] = address

    await rotate(url)
    found = await everybody(url)

    assert len(written) > 10
    assert {key: found["staff", key]["address"] for key in written} == written
    assert await under(url) == {"new"}


async def test_a_row_that_is_being_changed_keeps_the_change(url: str, writer: asyncpg.Connection) -> None:
    async with writer.transaction():
        await writer.execute("UPDATE staff SET address = 'moved' WHERE id = 's7'")
        rotated = asyncio.create_task(rotate(url))
        async with connected(url) as looking:

            async def waits() -> bool:
                return bool(await looking.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

            await eventually(waits)

    await rotated

    assert (await everybody(url))["staff", "s7"]["address"] == "moved"
    assert await under(url) == {"new"}


async def test_only_one_rotates_at_a_time(url: str) -> None:
    async with rotation.turn(url):
        with pytest.raises(rotation.RotationRunningError, match="under way"):
            await rotate(url)


async def test_a_key_that_is_missing_stops_it_and_is_named(url: str, writer: asyncpg.Connection) -> None:
    await rotate(url)

    with pytest.raises(UnreadableCellError, match=r"staff s\d+ cannot be read.*key new"):
        await rotate(url, OLD)

    assert (await standing.of(url, OLD, NO_BACKUPS)).missing == ["new"]


async def test_a_value_that_was_moved_stops_it(url: str, writer: asyncpg.Connection) -> None:
    await rotate(url, OLD)
    await writer.execute("UPDATE staff SET address = (SELECT address FROM staff WHERE id = 's2') WHERE id = 's1'")

    with pytest.raises(UnreadableCellError, match=r"address of staff s1 .*moved"):
        await rotate(url)


async def test_a_key_goes_when_nothing_needs_it(url: str, writer: asyncpg.Connection) -> None:
    await rotate(url, OLD)
    with pytest.raises(Exception, match="8,000 values are encrypted with old"):
        standing.require_unneeded(await standing.of(url, RING, NO_BACKUPS), RING, "old")

    await rotate(url)

    standing.require_unneeded(await standing.of(url, RING, NO_BACKUPS), RING, "old")
    assert "old" not in RING.without("old")


async def test_a_key_stays_while_a_rollback_would_bring_its_values_back(url: str, tmp_path: Path) -> None:
    old_file = OldFile(tmp_path / "yukyu.db")
    old_file.add("staff", id="s1", employee_num="1", name="社員", address="愛知県", birth_date="2000-01-31")
    await import_file(url, old_file.path, Manner(ring=OLD))
    old_file.run("UPDATE staff SET address = NULL, birth_date = NULL")
    changed = await import_file(url, old_file.path, Manner(ring=OLD))
    await rotate(url)

    found = await standing.of(url, RING, NO_BACKUPS)
    assert found.journaled == {"old": 2}
    with pytest.raises(BadInputError, match="2 values that imports have changed are kept under old"):
        standing.require_unneeded(found, RING, "old")

    await roll_back(url, str(changed.id), by="aiko", now=NOW)
    assert (await everybody(url))["staff", "s1"]["address"] == "愛知県"
    await rotate(url)
    standing.require_unneeded(await standing.of(url, RING, NO_BACKUPS), RING, "old")


async def test_the_schema_does_not_go_back_while_there_is_something_encrypted(
    url: str, writer: asyncpg.Connection
) -> None:
    await rotate(url)
    with pytest.raises(Exception, match="staff has encrypted values"):
        await migrations.downgrade(url, "0003")
    assert await migrations.current(url) == "0004"

    await rotate(url, decrypt=True)
    await migrations.downgrade(url, "0003")

    assert str(await writer.fetchval("SELECT birth_date FROM staff LIMIT 1")) == "2000-01-31"
    await migrations.upgrade(url)
    assert await writer.fetchval("SELECT birth_date FROM staff LIMIT 1") == "2000-01-31"
