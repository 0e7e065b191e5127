"""The replica, and clients, while what is live is exchanged."""

import shutil
from collections.abc import Collection

import asyncpg
import pytest

from db.cluster.desired import Desired
from db.cluster.postmaster import Postmaster
from jobs.restores import Target
from tests.jobs.restores.doing import Restorable, eventually, no_backup_runs, promoted, restored
from tests.jobs.restores.ledger import TABLE, Ledger, numbers_of

pytestmark = [pytest.mark.xdist_group("restores"), pytest.mark.long]

BOTH = ("primary", "replica")
GOALS = "SELECT count(*) FROM pg_settings WHERE name ~ '^recovery_target' AND setting <> boot_val"
# What a client sees of a server that is stopped, is away, or is another one.
CLEAN = (
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the farewell came between two messages of a query
    ConnectionError,
)


async def test_a_replica_cloned_after_a_restore_stays_a_replica(restorable: Restorable) -> None:
    moment = await restorable.add(3)
    await restorable.archived(await restorable.add(2))
    await promoted(restorable.site, await restored(restorable.site, Target.time(moment)))
    await restorable.replica_follows()
    await no_backup_runs(restorable.site)
    place = restorable.site.installation.data_directory(
        restorable.site.installation.states.desired().servers["replica"]
    )

    await turn(restorable, ["replica"], wanted=False)
    shutil.rmtree(place)
    await turn(restorable, ["replica"], wanted=True)
    await restorable.replica_follows()
    await turn(restorable, BOTH, wanted=False)
    await turn(restorable, BOTH, wanted=True)
    await restorable.add(1)
    await restorable.replica_follows()

    assert await restorable.value("SELECT pg_is_in_recovery()", server="replica")
    assert not await restorable.value("SELECT pg_is_in_recovery()")
    port = restorable.site.installation.states.desired().servers["primary"].port
    assert f"port={port}" in str(await restorable.value("SHOW primary_conninfo", server="replica")).replace("'", "")
    for server in BOTH:
        assert await restorable.value(GOALS, server=server) == 0
    for directory in (place, restorable.live_directory):
        for settings in directory.glob("*.conf"):
            assert "recovery_target" not in "\n".join(
                line for line in settings.read_text().splitlines() if not line.startswith("#")
            )


async def test_clients_write_while_a_restore_becomes_live(restorable: Restorable) -> None:
    ledger = Ledger(restorable)
    await restorable.execute(TABLE)
    async with ledger.writing(writers=3):
        await acknowledged(ledger, 100)
        moment = await restorable.add(1)
        await acknowledged(ledger, 100)
        await restorable.archived(moment)
        run = await promoted(restorable.site, await restored(restorable.site, Target.time(moment)))
        await acknowledged(ledger, 100)
    async with restorable.connected() as connection:
        there = await numbers_of(connection)

    heard = [entry for entry in ledger.entries if entry.acknowledged]
    before = {entry.number for entry in heard if entry.timeline != run.promoted_timeline and entry.sent <= moment}
    since = {entry.number for entry in heard if entry.timeline == run.promoted_timeline}
    set_aside = {entry.number for entry in heard if entry.timeline != run.promoted_timeline and entry.sent > moment}
    assert {entry.number for entry in heard if entry.acknowledged and entry.acknowledged <= moment} <= there
    assert since <= there
    assert len(since) >= 100
    assert len(before) >= 100
    assert set_aside
    assert not set_aside & there
    assert [failure for failure in ledger.failures if not isinstance(failure, CLEAN)] == []


async def acknowledged(ledger: Ledger, rows: int) -> None:
    """Wait until so many more rows are acknowledged."""
    goal = sum(1 for entry in ledger.entries if entry.acknowledged) + rows

    async def enough() -> bool:
        return sum(1 for entry in ledger.entries if entry.acknowledged) >= goal

    await eventually(enough)


async def turn(restorable: Restorable, names: Collection[str], *, wanted: bool) -> None:
    """Let servers run, or stop them, and wait until they are."""
    installation = restorable.site.installation

    def changed(desired: Desired) -> Desired:
        servers = {
            name: spec.model_copy(update={"running": wanted}) if name in names else spec
            for name, spec in desired.servers.items()
        }
        return desired.model_copy(update={"servers": servers})

    desired = installation.states.change(changed)

    async def done() -> bool:
        found = [Postmaster.find(installation.data_directory(desired.servers[name])) for name in names]
        return all(each is not None and each.accepts_connections if wanted else each is None for each in found)

    await eventually(done)
