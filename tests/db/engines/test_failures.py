import asyncio
from dataclasses import replace
from datetime import timedelta
from time import perf_counter, sleep

import pytest
from sqlalchemy import text

from db.engines import EngineRole, Engines
from db.errors import AppError, BadInputError, DatabaseUnavailableError
from db.lsn import Lsn
from tests.conftest import Database
from tests.db.cluster.witness import eventually
from tests.db.engines.gates import QUICK, Gate, Pair, served_by, where


async def is_served_by(engines: Engines, role: EngineRole) -> bool:
    return await served_by(engines) is role


async def returns_to(engines: Engines, role: EngineRole) -> None:
    await eventually(lambda: is_served_by(engines, role))


async def committed(engines: Engines) -> Lsn:
    async with engines.transaction() as session:
        await session.execute(text("INSERT INTO staff (employee_num, name) VALUES ('1', 'x')"))
    assert session.lsn is not None
    return session.lsn


async def test_primary_stands_in_for_a_replica_that_is_gone(pair: Pair) -> None:
    await pair.replica.shut()

    answers = [await pair.engines.read(where) for _ in range(5)]
    await pair.replica.open()
    await returns_to(pair.engines, EngineRole.REPLICA)

    assert {(answer.value, answer.served_by) for answer in answers} == {("primary", EngineRole.PRIMARY)}


async def test_connections_that_break_in_the_middle_fail_no_read(pair: Pair) -> None:
    reads = [
        asyncio.create_task(pair.engines.read(lambda connection: connection.fetchval("SELECT 1 FROM pg_sleep(0.3)")))
        for _ in range(5)
    ]
    await asyncio.sleep(0.1)

    pair.replica.cut()

    assert [(await read).value for read in reads] == [1] * 5
    await returns_to(pair.engines, EngineRole.REPLICA)


async def test_nodes_are_not_to_blame_for_a_loop_with_much_to_do(database: Database) -> None:
    options = replace(QUICK, probe_timeout=timedelta(milliseconds=300))
    async with Engines.open(database.primary_url, [database.replica_url], options=options) as engines:
        serving: list[bool] = []
        for _ in range(20):
            sleep(0.2)  # noqa: ASYNC251 - the loop is what is held up
            await asyncio.sleep(0)
            serving += [node.standing.serving for node in engines.nodes]

    assert all(serving)


async def test_replica_that_hangs_delays_reads_for_a_moment_only(pair: Pair) -> None:
    await pair.engines.read(where)
    pair.replica.jam()

    started = perf_counter()
    during = await asyncio.gather(*(pair.engines.read(where) for _ in range(20)))
    took = perf_counter() - started
    started = perf_counter()
    after = [await pair.engines.read(where) for _ in range(20)]
    took_after = perf_counter() - started
    pair.replica.clear()
    await returns_to(pair.engines, EngineRole.REPLICA)

    assert {answer.served_by for answer in (*during, *after)} == {EngineRole.PRIMARY}
    assert took < 30
    assert took_after < 20 * QUICK.probe_timeout.total_seconds() / 2  # none of them waits for it


async def test_reads_go_on_without_a_primary(pair: Pair) -> None:
    await pair.primary.shut()

    answers = [await pair.engines.read(where) for _ in range(20)]
    await asyncio.sleep(0.5)
    later = await pair.engines.read(where)

    assert {answer.served_by for answer in (*answers, later)} == {EngineRole.REPLICA}


async def test_read_that_follows_a_commit_is_answered_without_a_primary_when_the_replica_has_it(pair: Pair) -> None:
    lsn = await committed(pair.engines)
    await eventually(lambda: has_replayed(pair.engines, lsn))
    await pair.primary.shut()

    answer = await pair.engines.read(lambda connection: connection.fetchval("SELECT count(*) FROM staff"), after=lsn)

    assert (answer.value, answer.served_by) == (1, EngineRole.REPLICA)


async def has_replayed(engines: Engines, lsn: Lsn) -> bool:
    return (await engines.read(where, after=lsn)).served_by is EngineRole.REPLICA


async def test_stale_read_is_refused_without_a_primary(pair: Pair) -> None:
    lsn = await committed(pair.engines)
    await pair.primary.shut()

    with pytest.raises(DatabaseUnavailableError, match="may not have received your last change") as refusal:
        await pair.engines.read(where, after=Lsn(lsn + 1_000_000))
    assert refusal.value.hint is not None
    assert await served_by(pair.engines) is EngineRole.REPLICA


async def test_nobody_answering_is_said_quickly(pair: Pair) -> None:
    await pair.replica.shut()
    await pair.primary.shut()
    started = perf_counter()

    for _ in range(5):
        with pytest.raises(DatabaseUnavailableError) as refusal:
            await pair.engines.read(where)
        with pytest.raises(DatabaseUnavailableError):
            async with pair.engines.transaction():
                pytest.fail("there is no primary")

    assert perf_counter() - started < 5 * QUICK.patience.total_seconds()  # of ten that were refused
    assert "yukyu check" in str(refusal.value.hint)


async def test_everything_hanging_is_said_in_bounded_time(pair: Pair) -> None:
    pair.replica.jam()
    pair.primary.jam()
    started = perf_counter()

    with pytest.raises(DatabaseUnavailableError):
        await pair.engines.read(where)

    assert perf_counter() - started < 30


async def test_opens_while_every_node_is_down_and_serves_once_they_are_up(database: Database) -> None:
    async with Gate(database.primary_url) as primary, Gate(database.replica_url) as replica:
        await primary.shut()
        await replica.shut()
        async with Engines.open(primary.url, [replica.url], options=QUICK) as engines:
            with pytest.raises(DatabaseUnavailableError):
                await engines.read(where)
            await replica.open()
            await returns_to(engines, EngineRole.REPLICA)
            await primary.open()
            await eventually(lambda: has_primary(engines))
            await committed(engines)


async def has_primary(engines: Engines) -> bool:
    return engines.primary is not None


async def test_roles_follow_what_the_servers_say(pair: Pair, database: Database) -> None:
    """After a failover the addresses are the same, and the servers behind them have changed places."""
    await committed(pair.engines)
    pair.primary.lead_to(database.replica_url)
    pair.replica.lead_to(database.primary_url)

    await eventually(lambda: leads(pair.engines, 1))
    await committed(pair.engines)
    answer = await pair.engines.read(where)

    assert (answer.value, answer.served_by) == ("standby", EngineRole.REPLICA)
    assert answer.node == pair.engines.nodes[0].name


async def leads(engines: Engines, index: int) -> bool:
    return engines.primary is engines.nodes[index]


async def test_write_that_meets_a_standby_is_refused_with_what_to_do(pair: Pair, database: Database) -> None:
    """The primary has become a standby since it was last looked at."""
    pair.primary.lead_to(database.replica_url)

    with pytest.raises(DatabaseUnavailableError) as refusal:
        await committed(pair.engines)

    assert refusal.value.hint is not None
    await eventually(lambda: has_no_primary(pair.engines))


async def has_no_primary(engines: Engines) -> bool:
    return engines.primary is None


@pytest.mark.parametrize("url", ["", "mysql://u:hush@h/d", "host=h password=hush", "postgresql:/" + "/u:hush@[h/d"])
async def test_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadInputError) as refusal:
        async with Engines.open(url):
            pytest.fail("this is no address")
    assert "hush" not in told(refusal.value)


async def test_wrong_password_is_told_without_it(database: Database) -> None:
    wrong = database.primary_url.replace("@", "hush@")
    async with Engines.open(wrong, options=QUICK) as engines:
        with pytest.raises(DatabaseUnavailableError) as refusal:
            await engines.read(where)
        assert "assword authentication failed" in str(engines.nodes[0].standing.fault)
    assert "hush" not in told(refusal.value) + repr(vars(refusal.value)) + engines.nodes[0].name


def told(error: AppError) -> str:
    return f"{error.message} {error.hint}"
