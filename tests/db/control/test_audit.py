"""The audit log holds what it was given, in a chain, and the database itself refuses to change it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from db.control import Control, audit
from db.control.audit import Draft, Origin
from jobs.audit.verifying import verify

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


async def entries(control: Control, count: int) -> None:
    async with control.transaction() as session:
        await audit.record_all(session, [Draft(NOW, "aiko", "test", f"{number}", "done") for number in range(count)])


async def take_the_guard_down(session: AsyncSession) -> None:
    """Do what only the owner of the database can."""
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        await session.exec(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
        return
    for trigger in ("audit_entry_unchanged", "audit_entry_kept"):
        await session.exec(text(f"DROP TRIGGER {trigger}"))


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET who = 'ken' WHERE number = 1", "DELETE FROM audit_entry WHERE number = 3"]
)
async def test_the_database_refuses_to_change_or_remove_an_entry(control: Control, statement: str) -> None:
    await entries(control, 3)

    with pytest.raises(DBAPIError, match="append-only"):
        async with control.transaction() as session:
            await session.exec(text(statement))

    assert (await verify(control)).intact


async def test_an_untouched_log_is_intact_beyond_one_reading(control: Control) -> None:
    await entries(control, audit.READ_AT_ONCE + 5)

    verdict = await verify(control)

    assert (verdict.intact, verdict.entries) == (True, audit.READ_AT_ONCE + 5)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET who = 'ken' WHERE number = 2",
        "UPDATE audit_entry SET address = '192.0.2.1' WHERE number = 2",
        "UPDATE audit_entry SET details = '{\"a\": 1}' WHERE number = 2",
        "UPDATE audit_entry SET at = '2026-11-23 00:00:00' WHERE number = 2",
        "UPDATE audit_entry SET hash = (SELECT hash FROM audit_entry WHERE number = 1) WHERE number = 2",
    ],
)
async def test_whatever_is_changed_in_an_entry_it_is_named(control: Control, change: str) -> None:
    await entries(control, 4)
    async with control.transaction() as session:
        await take_the_guard_down(session)
        await session.exec(text(change))

    verdict = await verify(control)

    assert (verdict.intact, verdict.broken, verdict.entries) == (False, 2, 1)


async def test_an_entry_that_was_removed_is_missed(control: Control) -> None:
    await entries(control, 4)
    async with control.transaction() as session:
        await take_the_guard_down(session)
        await session.exec(text("DELETE FROM audit_entry WHERE number = 2"))

    verdict = await verify(control)

    assert (verdict.broken, verdict.reason) == (3, "Entry 2 is missing.")


async def test_a_hash_kept_elsewhere_shows_that_the_end_was_cut_off(control: Control) -> None:
    await entries(control, 4)
    kept = (await verify(control)).head
    async with control.transaction() as session:
        await take_the_guard_down(session)
        await session.exec(text("DELETE FROM audit_entry WHERE number = 4"))
    await entries(control, 1)

    assert (await verify(control)).intact
    assert not (await verify(control, known_hash=kept)).intact


async def test_the_same_hash_is_known_as_long_as_the_log_only_grows(control: Control) -> None:
    await entries(control, 2)
    kept = (await verify(control)).head
    await entries(control, 2)

    assert (await verify(control, known_hash=kept)).intact


async def test_an_entry_says_where_the_request_came_from_that_it_was_made_for(control: Control) -> None:
    origin = Origin("192.0.2.7", "a-token")
    with audit.asked_from(origin):
        async with control.transaction() as session:
            await audit.record(session, who="aiko", action="test", subject="", result="done")
    async with control.transaction() as session:
        await audit.record(session, who="aiko", action="test", subject="", result="done")
        after, during = await audit.newest(session, limit=2)

    assert (during.address, during.token, origin.entries) == ("192.0.2.7", "a-token", 1)
    assert (after.address, after.token) == (None, None)


async def test_whatever_somebody_types_can_be_stored(control: Control) -> None:
    async with control.transaction() as session:
        await audit.record(
            session,
            who="a\x00\ud800",
            action="test",
            subject="\x00",
            result="done",
            details={"typed": "\ud800"},
            origin=Origin("192.0.2.7", "a\x00token"),
        )

    assert (await verify(control)).intact
