"""A query that becomes slow on a real server is found, by its id, and nothing else is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from db.cluster import EmbeddedCluster
from db.control import audit
from db.errors import BadInputError, NotFoundError
from jobs.baselines import daily, taking
from jobs.baselines.taking import TooFewSnapshotsError
from jobs.worker.job import Job
from tests.db.cluster.witness import connected
from tests.jobs.baselines.conftest import Watched

QUERY = "SELECT count(*) FROM baseline_probe WHERE place = $1"
SAMPLES = 6


@pytest.fixture
async def probe(cluster: EmbeddedCluster) -> AsyncIterator[asyncpg.Connection]:
    """A connection, and a table that is searched by an index."""
    async with connected(cluster.primary_url) as connection:
        await connection.execute("DROP TABLE IF EXISTS baseline_probe")
        await connection.execute(
            "CREATE TABLE baseline_probe AS "
            "SELECT n AS place, repeat('x', 100) AS rest FROM generate_series(1, 400000) n"
        )
        await connection.execute("CREATE INDEX baseline_probe_place ON baseline_probe (place)")
        await connection.execute("ANALYZE baseline_probe")
        yield connection
        await connection.execute("DROP TABLE baseline_probe")


async def searched(watched: Watched, connection: asyncpg.Connection) -> None:
    await watched.tick()
    for sample in range(SAMPLES):
        for place in range(5):
            await connection.fetchval(QUERY, sample * 10 + place)
        await watched.tick()


@pytest.mark.every_version
async def test_a_query_whose_index_is_dropped_is_a_regression(watched: Watched, probe: asyncpg.Connection) -> None:
    await searched(watched, probe)
    baseline = await taking.create(watched.site, "with the index", by="aiko")
    watched.clock.ahead = timedelta(minutes=30)
    await searched(watched, probe)
    same = await taking.compare(watched.site, None)
    assert same is not None
    assert not any(QUERY in (change.query or "") for change in same.changes if change.regressed)

    await probe.execute("DROP INDEX baseline_probe_place")
    watched.clock.ahead = timedelta(minutes=60)
    await searched(watched, probe)
    compared = await taking.compare(watched.site, baseline.id)

    assert compared is not None
    assert compared.regressed
    worse = next(change for change in compared.changes if QUERY in (change.query or ""))
    assert worse.regressed
    assert worse.name.startswith("statement-time ")
    assert worse.after > 5 * worse.before
    found = await taking.findings(watched.site)
    assert found.newest_at == baseline.taken_at
    assert found.regressions is not None
    assert worse.name in {each.metric for each in found.regressions}
    assert next(each.query for each in found.regressions if each.metric == worse.name) == worse.query


async def test_a_baseline_has_the_whole_and_its_tables(watched: Watched, probe: asyncpg.Connection) -> None:
    await searched(watched, probe)

    metrics = {each.name: each for each in taking.metrics_of(await taking.create(watched.site, None, by="aiko"))}

    for name in ("cache-hit-ratio", "primary-latency", "transactions-per-second", "database-bytes", "connections"):
        assert metrics[name].samples >= 1
    assert 0 <= metrics["cache-hit-ratio"].value <= 1
    assert metrics["table-bytes baseline_probe"].value > 40_000_000


async def test_before_enough_is_measured_that_is_said(watched: Watched) -> None:
    with pytest.raises(TooFewSnapshotsError, match="There are 0 snapshots"):
        await taking.create(watched.site, None, by="aiko")
    assert await taking.compare(watched.site, None) is None
    found = await taking.findings(watched.site)
    assert (found.newest_at, found.regressions) == (None, None)


async def test_what_cannot_be_compared_is_not_known_and_not_well(watched: Watched) -> None:
    for _ in range(5):
        await watched.tick()
    baseline = await taking.create(watched.site, None, by="aiko")
    watched.clock.ahead = timedelta(hours=2)

    found = await taking.findings(watched.site)

    assert (found.newest_at, found.regressions) == (baseline.taken_at, None)
    with pytest.raises(TooFewSnapshotsError, match="last 10 minutes"):
        await taking.compare(watched.site, baseline.id)


async def test_the_last_ten_are_kept_newest_first(watched: Watched) -> None:
    for _ in range(5):
        await watched.tick()
    taken = [(await taking.create(watched.site, f" number {n} ", by="aiko")).id for n in range(12)]

    listed = await taking.listing(watched.site, last=10)

    assert [each.id for each in listed] == taken[:1:-1]
    assert listed[0].label == "number 11"
    assert [each.id for each in await taking.listing(watched.site, last=2)] == taken[:-3:-1]
    assert await taking.by_id(watched.site, taken[0]) is None
    async with watched.site.control.reading() as session:
        (entry,) = await audit.newest(session, subject=taken[-1], limit=1)
    assert (entry.who, entry.action) == ("aiko", "create-baseline")


@pytest.mark.parametrize("label", ["x" * 101, "two\nlines", "\x00"])
async def test_a_label_is_one_line(watched: Watched, label: str) -> None:
    with pytest.raises(BadInputError):
        await taking.create(watched.site, label, by="aiko")


async def test_an_unknown_baseline_is_told(watched: Watched) -> None:
    with pytest.raises(NotFoundError, match="no baseline"):
        await taking.compare(watched.site, "x" * 1000)


async def test_the_daily_one_is_asked_for_once_and_taken_when_enough_is_measured(watched: Watched) -> None:
    operation = await daily.request(watched.site)
    assert operation is not None
    assert await daily.request(watched.site) is None
    for _ in range(daily.ENOUGH):
        await watched.tick()

    outcome = await daily.run(Job(watched.site, operation))

    found = await taking.by_id(watched.site, outcome["baseline"])
    assert found is not None
    assert (found.label, found.created_by) == ("daily", "schedule")
