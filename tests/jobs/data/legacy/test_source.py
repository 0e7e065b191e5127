"""What a file can be beside a good one."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jobs.data.legacy import NotReadableError, import_file
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import OldFile

TABLES = ("employees", "yukyu_usage_details", "genzai", "ukeoi", "staff", "leave_requests")
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def beside(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"name,year\n", "is not a SQLite database"),
        (b"SQLite format 3\0" + b"x" * 500, "cannot be read"),
    ],
    ids=["empty", "text", "torn"],
)
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "yukyu.db"
    file.write_bytes(content)

    with pytest.raises(NotReadableError, match=sentence):
        await import_file(NOWHERE, file)


async def test_a_file_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotReadableError, match="cannot be opened: No such file"):
        await import_file(NOWHERE, tmp_path / "yukyu.db")
    assert beside(tmp_path) == {}


async def test_a_database_of_something_else_is_refused(old: OldFile) -> None:
    old.run("".join(f"DROP TABLE {name};" for name in TABLES) + "CREATE TABLE songs (id)")

    with pytest.raises(NotReadableError, match="none of the old application's six tables, but songs"):
        await import_file(NOWHERE, old.path)


async def test_a_damaged_file_is_refused(old: OldFile) -> None:
    old.run("INSERT INTO genzai (id, employee_num, name) VALUES ('genzai_1', '1', 'x')")
    content = bytearray(old.path.read_bytes())
    content[4096 * 3 : 4096 * 3 + 64] = os.urandom(64)
    old.path.write_bytes(content)

    with pytest.raises(NotReadableError, match=r"is damaged|cannot be read"):
        await import_file(NOWHERE, old.path)


async def test_what_is_in_the_write_ahead_log_is_read(database: Database, old: OldFile, tmp_path: Path) -> None:
    with closing(sqlite3.connect(old.path)) as writer:
        writer.execute("PRAGMA journal_mode = wal")
        writer.execute("INSERT INTO genzai (id, employee_num, name) VALUES ('genzai_1', '1', '一')")
        writer.commit()
        left = tmp_path / "left"
        shutil.copytree(tmp_path, left, ignore=shutil.ignore_patterns("left"))

    assert (left / "yukyu.db-wal").stat().st_size > 0
    report = await import_file(database.primary_url, left / "yukyu.db")

    assert report.tables["genzai"].inserted == 1


async def test_a_file_closed_well_is_read_without_leaving_anything_beside_it(database: Database, old: OldFile) -> None:
    old.run("PRAGMA journal_mode = wal; INSERT INTO genzai (id, employee_num, name) VALUES ('genzai_1', '1', '一')")
    before = beside(old.path.parent)

    report = await import_file(database.primary_url, old.path)

    assert report.tables["genzai"].inserted == 1
    assert beside(old.path.parent) == before


async def test_a_file_that_is_being_written_to_is_refused(old: OldFile) -> None:
    with closing(sqlite3.connect(old.path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(NotReadableError, match="is being written to"):
            await asyncio.wait_for(import_file(NOWHERE, old.path), 30)
