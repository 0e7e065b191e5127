"""Rules about connections, transactions and locks, each with its condition on a real server."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime

import asyncpg
import pytest

from db.control import processes
from tests.db.cluster.witness import answer, connected
from tests.jobs.alerts.rules.conftest import Servers
from tests.jobs.alerts.rules.watching import eased

pytestmark = pytest.mark.xdist_group("rules")


@pytest.mark.parametrize(
    "rule", [eased("connections-high", threshold=20), eased("connections-exhausted", threshold=20)]
)
async def test_connections_that_run_out_are_told(servers: Servers, rule: object) -> None:
    watching = servers.by(rule)  # pyright: ignore[reportArgumentType]
    most = int(str(await answer(servers.admin_url, "SHOW max_connections")))
    async with AsyncExitStack() as stack:
        for _ in range(most // 5 + 1):
            await stack.enter_async_context(connected(servers.url))
        fired = await watching.fires("primary")

    assert "connections to primary are taken" in fired.summary
    await watching.resolves("primary")


async def test_reads_that_wait_for_a_connection_are_told(servers: Servers) -> None:
    watching = servers.by(eased("pool-exhausted"))

    async def report(waiting: int) -> None:
        pool = {"node": "replica", "size": 4, "inUse": 4, "waiting": waiting, "maximum": 4}
        async with servers.site.control.transaction() as session:
            await processes.report(session, "host:1", [pool], now=datetime.now(UTC))

    await report(3)
    fired = await watching.fires("replica: host:1")
    await report(0)

    assert fired.value == 3
    await watching.resolves("replica: host:1")


async def test_a_session_that_idles_in_a_transaction_is_told(servers: Servers) -> None:
    watching = servers.by(eased("idle-in-transaction", threshold=0.5))
    async with connected(servers.url) as idle, idle.transaction():
        await idle.execute("SELECT 1")
        fired = await watching.fires("primary")

    assert "idle in a transaction" in fired.summary
    await watching.resolves("primary")


async def test_a_transaction_that_lasts_is_told(servers: Servers) -> None:
    watching = servers.by(eased("long-transaction", threshold=0.5))
    async with connected(servers.url) as connection:
        busy = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
        fired = await watching.fires("primary")
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)

    assert "pg_sleep" in fired.summary
    await watching.resolves("primary")


async def test_a_wait_for_a_lock_is_told_with_who_holds_it(servers: Servers) -> None:
    watching = servers.by(eased("lock-waits", threshold=0.1))
    async with connected(servers.url) as holder, connected(servers.url) as waiter:
        async with holder.transaction():
            await holder.execute("LOCK TABLE staff")
            waiting = asyncio.create_task(waiter.fetchval("SELECT count(*) FROM staff"))
            fired = await watching.fires("primary")
        await waiting

    assert f"waits for process {holder.get_server_pid()}" in fired.summary
    await watching.resolves("primary")


async def test_a_deadlock_is_told(servers: Servers) -> None:
    watching = servers.by(eased("deadlocks"))
    await watching.look()
    async with connected(servers.url) as one, connected(servers.url) as other:

        async def lock_both(connection: asyncpg.Connection, first: int, second: int) -> None:
            with suppress(asyncpg.DeadlockDetectedError):
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock($1::bigint)", first)
                    await asyncio.sleep(0.1)
                    await connection.execute("SELECT pg_advisory_xact_lock($1::bigint)", second)

        await asyncio.gather(lock_both(one, 1, 2), lock_both(other, 2, 1))
        for connection in (one, other):
            await connection.execute("SELECT pg_stat_force_next_flush()")
    await watching.fires("primary")
    await watching.resolves("primary")
