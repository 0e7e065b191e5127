import asyncio

import asyncpg
import pytest

from db.cluster import Binaries
from db.monitoring.snapshot import Statement
from db.performance import hypothetical
from db.performance.catalog import TableFacts
from jobs import performance
from jobs.performance.predicates import wanted_by
from jobs.performance.suggesting import suggestions
from tests.db.cluster.witness import connected
from tests.jobs.performance.conftest import Staffed


def table(name: str, *columns: str, rows: int = 50_000, leading: frozenset[str] = frozenset({"id"})) -> TableFacts:
    return TableFacts(name=name, relname=name, rows=rows, pages=100, columns=("id", *columns), leading=leading)


TABLES = {
    "shifts": table("shifts", "person", "place", "day", "note"),
    "visits": table("visits", "person", "day", "Room"),
    "people": table("people", "name", rows=200),
}


def statement(query: str, mean_ms: float = 200) -> Statement:
    return Statement(
        query_id="7",
        query=query,
        calls=3,
        total_ms=3 * mean_ms,
        mean_ms=mean_ms,
        max_ms=mean_ms,
        rows=1,
        blocks_hit=1,
        blocks_read=1,
    )


def wanted(query: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.table, each.columns) for each in suggestions([statement(query)], TABLES)]


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        ("SELECT * FROM shifts WHERE person = $1", [("shifts", ("person",))]),
        ("SELECT * FROM shifts s WHERE s.day > $1 AND s.person = $2", [("shifts", ("person", "day"))]),
        ("SELECT * FROM shifts WHERE person IN ($1, $2) ORDER BY day DESC LIMIT $3", [("shifts", ("person", "day"))]),
        ("SELECT * FROM shifts WHERE day BETWEEN $1 AND $2", [("shifts", ("day",))]),
        ("SELECT * FROM shifts WHERE person = ANY($1)", [("shifts", ("person",))]),
        ("UPDATE shifts SET note = $1 WHERE person = $2", [("shifts", ("person",))]),
        ("DELETE FROM shifts WHERE person = $1", [("shifts", ("person",))]),
        ("SELECT * FROM people p JOIN shifts s ON s.person = p.id", [("shifts", ("person",))]),
        ("WITH late AS (SELECT * FROM shifts WHERE day > $1) SELECT * FROM late", [("shifts", ("day",))]),
        ("SELECT * FROM people WHERE id IN (SELECT person FROM shifts WHERE place = $1)", [("shifts", ("place",))]),
        ('SELECT * FROM visits WHERE "Room" = $1', [("visits", ("Room",))]),
        # An index leads with a column already.
        ("SELECT * FROM shifts WHERE id = $1 AND person = $2", []),
        # Small, unknown, or of nobody's columns.
        ("SELECT * FROM people WHERE name = $1", []),
        ("SELECT * FROM elsewhere WHERE person = $1", []),
        ("SELECT * FROM shifts, visits WHERE person = $1", []),
        # An index would not serve these as they are written.
        ("SELECT * FROM shifts WHERE person = $1 OR place = $2", []),
        ("SELECT * FROM shifts WHERE lower(place) = $1", []),
        ("SELECT * FROM shifts WHERE place LIKE $1", []),
        ("SELECT * FROM shifts", []),
        ("not a statement at all (", []),
    ],
)
def test_an_index_follows_what_a_statement_compares(query: str, indexes: list[tuple[str, tuple[str, ...]]]) -> None:
    assert wanted(query) == indexes


def test_names_that_need_quotes_have_them() -> None:
    found = suggestions([statement('SELECT * FROM visits WHERE "Room" = $1')], TABLES)

    assert found[0].statement == 'CREATE INDEX CONCURRENTLY ON visits ("Room")'


def test_an_index_is_suggested_once_for_what_it_is_wanted_most() -> None:
    first, second = (
        statement("SELECT 1 FROM shifts WHERE person = $1"),
        statement("SELECT 2 FROM shifts WHERE person = $1"),
    )

    assert [each.query for each in suggestions([first, second], TABLES)] == [first.query]


def test_equality_comes_first_and_three_columns_are_enough() -> None:
    query = "SELECT * FROM shifts WHERE day > $1 AND person = $2 AND place = $3 AND note = $4"

    assert wanted_by(query, TABLES)[0].columns == ("person", "place", "note")


async def suggest(staffed: Staffed, *queries: str) -> list[performance.Suggestion]:
    return await performance.suggest(staffed.engines, [statement(query) for query in queries])


@pytest.mark.every_version
async def test_statements_that_are_not_slow_want_nothing(staffed: Staffed) -> None:
    quick = [statement("SELECT * FROM shifts WHERE person = $1", mean_ms=2)]

    assert await performance.suggest(staffed.engines, quick) == []


@pytest.mark.every_version
async def test_without_hypopg_costs_are_unknown(staffed: Staffed) -> None:
    await no_hypopg(staffed)

    (found,) = await suggest(staffed, "SELECT * FROM shifts WHERE person = $1")

    assert (found.table, found.columns) == ("shifts", ("person",))
    assert (found.cost_before, found.cost_after) == (None, None)
    assert "40,000 rows" in found.reason


@pytest.mark.every_version
async def test_hypopg_that_is_dropped_while_it_is_asked_tells_nothing(staffed: Staffed) -> None:
    await no_hypopg(staffed)

    async with connected(staffed.database.replica_url) as replica:
        query, index = "SELECT * FROM shifts WHERE person = $1", "CREATE INDEX ON shifts (person)"
        assert await hypothetical.costs(replica, query, index) is None
        assert await replica.fetchval("SELECT 1") == 1


@pytest.mark.every_version
async def test_with_hypopg_an_index_is_tried_out(staffed: Staffed, binaries: Binaries) -> None:
    await hypopg(staffed)

    helps, fails = "SELECT * FROM shifts WHERE person = $1", "SELECT * FROM shifts WHERE note = $1"
    (found,) = await suggest(staffed, helps, fails)

    assert found.query == helps
    assert found.cost_before is not None
    assert found.cost_after is not None
    assert found.cost_after < found.cost_before / 10


@pytest.mark.every_version
async def test_what_cannot_be_planned_is_suggested_without_costs(staffed: Staffed) -> None:
    await hypopg(staffed)

    query = "SELECT * FROM shifts WHERE place = $1 AND note = interval $2"
    (found,) = await suggest(staffed, query)
    again = await suggest(staffed, query, "SELECT * FROM shifts WHERE person = $1")

    assert found.cost_before is None
    assert [each.cost_before is None for each in again] == [True, False]


async def hypopg(staffed: Staffed) -> None:
    """Install it; it is packaged for Debian's PostgreSQL and not with the embedded one."""
    async with connected(staffed.database.admin_url) as admin:
        try:
            await admin.execute("CREATE EXTENSION IF NOT EXISTS hypopg")
        except asyncpg.FeatureNotSupportedError:
            pytest.skip("HypoPG is not installed for this PostgreSQL: apt-get install postgresql-15-hypopg")
    await on_replica(staffed, installed=True)


async def no_hypopg(staffed: Staffed) -> None:
    async with connected(staffed.database.admin_url) as admin:
        await admin.execute("DROP EXTENSION IF EXISTS hypopg")
    await on_replica(staffed, installed=False)


async def on_replica(staffed: Staffed, *, installed: bool) -> None:
    known = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'hypopg')"
    async with asyncio.timeout(60), connected(staffed.database.replica_url) as replica:
        while await replica.fetchval(known) is not installed:  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(0.02)
