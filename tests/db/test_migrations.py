"""The schema goes forward and back, is what the tables say it is, and keeps nonsense out."""

import asyncio

import asyncpg
import pytest

from db import migrations
from db.search import SearchRequest, search, suggest
from tests.conftest import Database
from tests.db.cluster.witness import connected

OURS = """
    SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE  nspname = 'public' AND relkind = 'r'
    UNION ALL
    SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('public', 'information_schema')
    UNION ALL
    SELECT proname FROM pg_proc JOIN pg_namespace AS n ON n.oid = pronamespace
    WHERE  nspname = 'public' AND proowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
"""

# Everything of ours that a revision can define, by its name.
DEFINED = """
    WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'search'))
    SELECT 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid)
    FROM   pg_proc p
    WHERE  pronamespace IN (SELECT oid FROM ours) AND prokind = 'f'
    UNION ALL
    SELECT 'view ' || c.oid::regclass, pg_get_viewdef(c.oid)
    FROM   pg_class c
    WHERE  relnamespace IN (SELECT oid FROM ours) AND relkind = 'v'
    UNION ALL
    SELECT 'column ' || c.oid::regclass || '.' || attname,
           concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attgenerated, pg_get_expr(adbin, adrelid))
    FROM   pg_class c
    JOIN   pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    LEFT   JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE  relnamespace IN (SELECT oid FROM ours) AND relkind IN ('r', 'c')
    UNION ALL
    SELECT 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid)
    FROM   pg_index
    JOIN   pg_class c ON c.oid = indexrelid
    WHERE  relnamespace IN (SELECT oid FROM ours)
    UNION ALL
    SELECT 'constraint ' || conname || ' of ' || conrelid::regclass, pg_get_constraintdef(oid)
    FROM   pg_constraint
    WHERE  connamespace IN (SELECT oid FROM ours) AND conrelid <> 0
    UNION ALL
    SELECT 'trigger ' || tgname || ' of ' || tgrelid::regclass, pg_get_triggerdef(oid)
    FROM   pg_trigger
    WHERE  NOT tgisinternal
"""

PERSON = "employee_num, name"
NONSENSE = [
    ("employees", f"{PERSON}, year, used", "'1', 'x', 2025, -1", "ck_employees_used_not_negative"),
    ("employees", f"{PERSON}, year, granted", "'1', 'x', 2025, 'NaN'", "ck_employees_granted_not_negative"),
    ("employees", f"{PERSON}, year, balance", "'1', 'x', 2025, 'NaN'", "ck_employees_balance_is_number"),
    ("employees", f"{PERSON}, year", "'1', 'x', 0", "ck_employees_year_plausible"),
    ("employees", f"{PERSON}, year", "' ', 'x', 2025", "ck_employees_employee_num_not_blank"),
    ("genzai", f"{PERSON}, hourly_wage", "'1', 'x', -1", "ck_genzai_hourly_wage_not_negative"),
    (
        "genzai",
        f"{PERSON}, hire_date, leave_date",
        "'1', 'x', '2025-02-01', '2025-01-01'",
        "ck_genzai_leaves_after_hire",
    ),
    ("ukeoi", f"{PERSON}, age", "'1', 'x', -1", "ck_ukeoi_age_not_negative"),
    ("staff", PERSON, "'', 'x'", "ck_staff_employee_num_not_blank"),
    (
        "leave_requests",
        "employee_num, start_date, end_date, days_requested, year",
        "'1', '2025-02-02', '2025-02-01', 1, 2025",
        "ck_leave_requests_ends_after_start",
    ),
    (
        "leave_requests",
        "employee_num, start_date, end_date, days_requested, year",
        "'1', '2025-02-01', '2025-02-01', -1, 2025",
        "ck_leave_requests_days_requested_not_negative",
    ),
    (
        "leave_requests",
        "employee_num, start_date, end_date, days_requested, year, status",
        "'1', '2025-02-01', '2025-02-01', 1, 2025, 'MAYBE'",
        "ck_leave_requests_status_known",
    ),
    (
        "yukyu_usage_details",
        "employee_num, use_date, year, month, days_used",
        "'1', '2025-01-01', 2025, 13, 1",
        "ck_yukyu_usage_details_month_of_year",
    ),
    (
        "yukyu_usage_details",
        "employee_num, use_date, year, month, days_used",
        "'1', '2025-01-01', 2025, 1, -0.5",
        "ck_yukyu_usage_details_days_used_not_negative",
    ),
]


@pytest.mark.every_version
async def test_the_schema_goes_forward_and_back_and_forward_again(empty_database: Database) -> None:
    url = empty_database.primary_url
    async with connected(url) as connection:
        before = await connection.fetch(OURS)

        await migrations.upgrade(url)
        await migrations.downgrade(url, "base")
        after = [row for row in await connection.fetch(OURS) if row[0] != "alembic_version"]
        await migrations.upgrade(url)

    assert after == before
    assert await migrations.current(url) == migrations.head()


@pytest.mark.every_version
async def test_each_step_back_leaves_what_the_revision_before_it_made(empty_database: Database) -> None:
    url = empty_database.primary_url
    async with connected(url) as connection:

        async def defined() -> dict[str, str]:
            return dict(map(tuple, await connection.fetch(DEFINED)))

        revisions = [f"{number:04}" for number in range(1, int(migrations.head()) + 1)]
        made: dict[str, dict[str, str]] = {}
        for revision in revisions:
            await migrations.upgrade(url, revision)
            made[revision] = await defined()
        for revision in reversed(revisions[:-1]):
            await migrations.downgrade(url, revision)
            assert await defined() == made[revision], revision
    assert len(made[revisions[-1]]) > len(made[revisions[0]]) > 0


async def test_names_with_several_iteration_marks_are_found_after_an_upgrade(database: Database) -> None:
    url, found = database.primary_url, "SELECT count(*) FROM search.page('佐々々木')"
    await migrations.downgrade(url, "0005")
    async with connected(url) as connection:
        await connection.execute("INSERT INTO staff (employee_num, name) VALUES ('1', '佐々々木 蓮')")
        assert await connection.fetchval(found) == 0

    await migrations.upgrade(url)

    async with connected(url) as connection:
        assert await connection.fetchval(found) == 1


STEPS = [
    (migrations.downgrade, "0007"),
    (migrations.downgrade, "0006"),
    (migrations.upgrade, "0007"),
    (migrations.upgrade, "0008"),
]


@pytest.mark.every_version
async def test_connections_that_have_searched_go_on_over_migrations(database: Database) -> None:
    url, request = database.primary_url, SearchRequest(query="佐藤", count_total=True)
    async with connected(url) as connection:
        await connection.execute("INSERT INTO staff (employee_num, name) VALUES ('1', '佐藤 蓮')")

        for migrate, revision in STEPS:
            await migrate(url, revision)
            found = await search(connection, request)
            suggested = await suggest(connection, "佐", 5)

            assert [hit.row["employee_num"] for hit in found.hits] == ["1"], revision
            assert found.total == 1
            assert suggested == ["佐藤 蓮"]


@pytest.mark.every_version
async def test_the_database_is_what_the_tables_say(database: Database) -> None:
    assert await migrations.drift(database.primary_url) == []


async def test_two_that_upgrade_at_once_take_turns(empty_database: Database) -> None:
    await asyncio.gather(*(migrations.upgrade(empty_database.primary_url) for _ in range(3)))

    assert await migrations.current(empty_database.primary_url) == migrations.head()


@pytest.mark.parametrize(("table", "columns", "values", "constraint"), NONSENSE, ids=lambda value: str(value)[:60])
async def test_nonsense_is_kept_out(
    module_database: Database, table: str, columns: str, values: str, constraint: str
) -> None:
    async with connected(module_database.primary_url) as connection:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})")  # noqa: S608 - written above

    assert refused.value.constraint_name == constraint
