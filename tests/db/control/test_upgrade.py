"""Stores of older versions, as those versions made them, are brought to the newest."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from db.control import Account, Alert, AuditEntry, Control, audit
from db.control.store import engine_of
from db.control.tables import StoreVersion
from db.control.upgrade import VERSION
from jobs.audit.verifying import verify

NOW = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
NOWHERE = Path("/nonexistent")

# Versions 1 and 2 differ in tables that only version 2 has, and agree in these.
OLD = {
    "sqlite": """
        CREATE TABLE audit_entry (number INTEGER NOT NULL, at DATETIME NOT NULL, who VARCHAR NOT NULL,
            action VARCHAR NOT NULL, subject VARCHAR NOT NULL, result VARCHAR NOT NULL, details JSON NOT NULL,
            PRIMARY KEY (number))
    """,
    "postgresql": """
        CREATE TABLE audit_entry (number SERIAL NOT NULL, at TIMESTAMP WITH TIME ZONE NOT NULL, who VARCHAR NOT NULL,
            action VARCHAR NOT NULL, subject VARCHAR NOT NULL, result VARCHAR NOT NULL, details JSON NOT NULL,
            PRIMARY KEY (number))
    """,
}
ENTRY = """
    INSERT INTO audit_entry (at, who, action, subject, result, details)
    VALUES ('2026-11-22 10:00:00.123456{offset}', '愛子', 'backup', '{subject}', 'requested',
            '{{"名": [1, 2.5, null]}}')
"""


async def make_old(url: str, version: int) -> None:
    engine = engine_of(url)
    kind = engine.dialect.name
    async with engine.begin() as connection:
        await connection.execute(text(OLD[kind]))
        await connection.execute(text("CREATE TABLE store_version (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)"))
        await connection.execute(text("INSERT INTO store_version VALUES (1, :version)"), {"version": version})
        for subject in ("one", "two", "three"):
            offset = "+00" if kind == "postgresql" else ""
            await connection.exec_driver_sql(ENTRY.format(offset=offset, subject=subject))
    await engine.dispose()


@pytest.mark.parametrize("version", [1, 2])
async def test_an_older_store_gets_what_it_lacks_and_keeps_what_it_has(url: str, version: int) -> None:
    await make_old(url, version)

    async with Control.open(NOWHERE, url=url) as control, control.reading() as session:
        assert (await session.exec(select(StoreVersion.version))).one() == VERSION
        assert (await session.exec(select(Alert))).all() == []
        assert (await session.exec(select(Account))).all() == []
        entries = (await session.exec(select(AuditEntry).order_by(AuditEntry.number))).all()

    assert [entry.subject for entry in entries] == ["one", "two", "three"]
    assert entries[0].at == NOW
    assert entries[0].details == {"名": [1, 2.5, None]}
    assert entries[0].address is None


@pytest.mark.parametrize("version", [1, 2])
async def test_the_entries_of_an_older_audit_log_are_chained_and_later_ones_go_on_from_there(
    url: str, version: int
) -> None:
    await make_old(url, version)

    async with Control.open(NOWHERE, url=url) as control:
        async with control.transaction() as session:
            await audit.record(session, who="ken", action="test", subject="four", result="done", now=NOW)
        verdict = await verify(control)

    assert (verdict.intact, verdict.entries) == (True, 4)


async def test_numbers_that_an_older_store_left_out_are_no_missing_entries(url: str) -> None:
    await make_old(url, 1)
    engine = engine_of(url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE audit_entry SET number = 7 WHERE number = 3"))
    await engine.dispose()

    async with Control.open(NOWHERE, url=url) as control:
        verdict = await verify(control)

    assert (verdict.intact, verdict.entries) == (True, 3)


async def test_a_store_that_is_opened_a_second_time_is_left_as_it_is(url: str) -> None:
    await make_old(url, 2)

    heads = []
    for _ in range(2):
        async with Control.open(NOWHERE, url=url) as control:
            heads.append((await verify(control)).head)

    assert heads[0] == heads[1]
