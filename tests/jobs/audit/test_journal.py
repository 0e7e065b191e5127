"""Entries beside the requests that they tell of: none is lost at a stop, and nobody fills the disk with them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.control import AuditEntry, Control, audit
from db.control.audit import Origin
from jobs.audit.journal import MOST_KINDS, MOST_WAITING, WRITTEN_AT_ONCE, Journal
from jobs.audit.verifying import verify
from tests.jobs.accounts.doing import Clock


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    async with Control.open(tmp_path) as control:
        yield control


async def entries(control: Control) -> list[AuditEntry]:
    async with control.reading() as session:
        return list(reversed(await audit.newest(session, limit=MOST_WAITING)))


def note(journal: Journal, **values: Any) -> None:
    given = {"who": "aiko", "action": "read-personal", "result": "succeeded", "origin": Origin("192.0.2.1", "id")}
    journal.note(**given | values)


def refuse(journal: Journal, address: str = "192.0.2.1", reason: str = "expired") -> None:
    journal.refused(who="anonymous", action="authenticate", reason=reason, origin=Origin(address))


async def test_what_is_noted_is_written_in_order_and_in_the_chain(control: Control) -> None:
    journal = Journal(control, clock=Clock())
    for number in range(WRITTEN_AT_ONCE + 10):
        note(journal, subject=f"{number}")
    await journal.write()

    written = await entries(control)

    assert [entry.subject for entry in written] == [f"{number}" for number in range(WRITTEN_AT_ONCE + 10)]
    assert (written[0].address, written[0].token) == ("192.0.2.1", "id")
    assert (await verify(control)).intact


async def test_what_waits_is_written_when_it_stops(control: Control) -> None:
    journal = Journal(control, clock=Clock())
    writing = asyncio.create_task(journal.keep_writing())
    await asyncio.sleep(0)
    note(journal)
    refuse(journal)
    refuse(journal)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    assert [entry.action for entry in await entries(control)] == ["read-personal", "authenticate", "authenticate"]


async def test_the_same_refusal_over_and_over_is_one_entry_and_one_more_with_the_number(control: Control) -> None:
    clock = Clock()
    journal = Journal(control, clock=clock)
    for _ in range(1000):
        refuse(journal)
    await journal.write()
    at_once = await entries(control)
    clock.goes_on(seconds=61)
    await journal.write()
    after_a_minute = await entries(control)
    refuse(journal)
    await journal.write()

    assert [entry.details for entry in at_once] == [{"reason": "expired"}]
    assert [entry.details for entry in after_a_minute[1:]] == [{"reason": "expired", "times": 999}]
    assert len(await entries(control)) == 3


async def test_refusals_of_different_addresses_and_reasons_are_told_apart(control: Control) -> None:
    journal = Journal(control, clock=Clock())
    refuse(journal)
    refuse(journal, reason="wrong signature")
    refuse(journal, address="192.0.2.2")
    await journal.write()

    assert {(entry.address, entry.details["reason"]) for entry in await entries(control)} == {
        ("192.0.2.1", "expired"),
        ("192.0.2.1", "wrong signature"),
        ("192.0.2.2", "expired"),
    }


async def test_many_addresses_do_not_fill_the_disk_either(control: Control) -> None:
    clock = Clock()
    journal = Journal(control, clock=clock)
    for number in range(5_000):
        refuse(journal, address=f"10.0.{number // 256}.{number % 256}")
    clock.goes_on(seconds=61)
    await journal.write()

    written = await entries(control)

    assert len(written) == MOST_KINDS + 2
    assert written[-1].details == {"reason": "various", "times": 5_000 - MOST_KINDS - 1}


async def test_what_cannot_be_written_waits_and_what_is_too_much_is_counted(control: Control) -> None:
    journal = Journal(control, clock=Clock())
    await rename(control, "audit_entry", "elsewhere")
    for _ in range(MOST_WAITING + 3):
        note(journal)
    await journal.write()
    await rename(control, "elsewhere", "audit_entry")
    await journal.write()

    async with control.reading() as session:
        count, told = await audit.count(session), await audit.newest(session, limit=5, action="audit")
    assert count == MOST_WAITING + 1
    assert [(entry.result, entry.details) for entry in told] == [("failed", {"lost": 3})]


@pytest.mark.usefixtures("unconfigured_logs")
async def test_without_a_store_it_goes_to_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(None, clock=Clock())
    note(journal, subject="someOperation")
    await journal.write()

    assert "someOperation" in capsys.readouterr().out


async def rename(control: Control, name: str, new_name: str) -> None:
    async with control.transaction() as session:
        await session.exec(text(f"ALTER TABLE {name} RENAME TO {new_name}"))
