"""An old file comes into a database file as it comes into PostgreSQL: the same rows and the same report."""

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db import transfer
from db.fallback import NeedsPostgresError, opening, path_of
from jobs.data.legacy import import_file
from jobs.data.legacy.importing import Manner
from jobs.data.legacy.source import opened
from jobs.data.rolling_back import roll_back
from jobs.data.verifying import verify
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import OldFile


@pytest.fixture
def old(tmp_path: Path) -> OldFile:
    """An old file with rows of every kind: well, repeated, against a rule, and of another spelling."""
    file = OldFile(tmp_path / "old.db")
    accounts = [{"employee_num": n, "name": "名", "year": 2025, "granted": 10, "used": 1} for n in range(5)]
    add_all(
        file,
        "employees",
        [
            *accounts,
            {"employee_num": 1, "name": "again", "year": 2025},
            {"employee_num": 7, "name": "less", "year": 2025, "used": -1},
            {"employee_num": 8, "name": "long ago", "year": 25},
        ],
    )
    add_all(
        file,
        "genzai",
        [
            {"id": "genzai_1", "employee_num": 1, "name": "田中 一", "hire_date": "2025年4月1日"},
            {"id": "genzai_2", "employee_num": 2, "name": "early", "hire_date": "2025/4/1", "leave_date": "2024-01-01"},
        ],
    )
    add_all(
        file,
        "yukyu_usage_details",
        [
            {"employee_num": 1, "use_date": "2025/4/1", "days_used": 0.5},
            {"employee_num": 1, "use_date": "2025-04-01", "days_used": 1},
            {"employee_num": 2, "use_date": "soon"},
        ],
    )
    request = {"start_date": "2025-04-01", "end_date": "2025-04-01", "days_requested": 1}
    file.add_all("leave_requests", [{"employee_num": n} | request for n in range(3)])
    return file


def add_all(file: OldFile, table: str, rows: list[dict[str, object]]) -> None:
    """Add rows that do not all say the same columns."""
    columns = dict.fromkeys(name for row in rows for name in row)
    file.add_all(table, [columns | row for row in rows])


async def in_postgresql(database: Database) -> dict[str, list[Any]]:
    connection = await asyncpg.connect(database.primary_url)
    found = {
        table.name: sorted(
            [
                tuple(row)
                for row in await connection.fetch(
                    f"SELECT {', '.join(transfer.writable_columns(table))} FROM {table.name}"  # noqa: S608 - ours
                )
            ],
            key=str,
        )
        for table in transfer.TABLES
    }
    await connection.close()
    return found


def in_file(url: str) -> dict[str, list[Any]]:
    with closing(opening.connect(path_of(url))) as connection:
        return {
            table.name: sorted(
                connection.execute(f"SELECT {', '.join(transfer.writable_columns(table))} FROM {table.name}"),  # noqa: S608 - ours
                key=str,
            )
            for table in transfer.TABLES
        }


async def test_rows_and_report_are_those_of_an_import_into_postgresql(
    database: Database, url: str, old: OldFile
) -> None:
    for change in (
        "SELECT 1",
        "UPDATE genzai SET name = '新 一' WHERE id = 'genzai_1'",
        "UPDATE employees SET employee_num = 9 WHERE employee_num = 4",
        "UPDATE yukyu_usage_details SET use_date = '2025-05-01' WHERE days_used = 1",
    ):
        old.run(change)
        there = await import_file(database.primary_url, old.path)
        here = await import_file(url, old.path)

        for name, table in there.tables.items():
            assert asdict(here.tables[name]) == asdict(table)
        # A file keeps nothing by which an import could be called and undone.
        assert asdict(here) | {"id": there.id} == asdict(there)
        assert in_file(url) == await in_postgresql(database)


async def test_the_second_import_changes_nothing(url: str, old: OldFile) -> None:
    first = await import_file(url, old.path)
    before = in_file(url)

    second = await import_file(url, old.path)

    assert sum(table.inserted for table in first.tables.values()) > 5
    assert not any(table.inserted or table.updated for table in second.tables.values())
    assert in_file(url) == before


async def test_undoing_and_comparing_need_postgresql(url: str, old: OldFile) -> None:
    await import_file(url, old.path)

    with pytest.raises(NeedsPostgresError, match="need PostgreSQL"):
        await roll_back(url, "20261128T120000Z-0000", by="a test", now=datetime.now(UTC))
    with opened(old.path) as source, pytest.raises(NeedsPostgresError, match="need PostgreSQL"):
        await verify(url, source)


async def test_a_dry_run_leaves_everything_as_it_is(url: str, old: OldFile) -> None:
    before = in_file(url)

    report = await import_file(url, old.path, Manner(dry_run=True))

    assert sum(table.inserted for table in report.tables.values()) > 5
    assert in_file(url) == before
