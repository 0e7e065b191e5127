"""Each look-up the API makes reads by the index that was made for it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from db import records
from tests.conftest import Database
from tests.db.cluster.witness import connected

CROWD = """
    INSERT INTO yukyu_usage_details (id, employee_num, use_date, year, month, days_used)
    SELECT n || '-' || d, n::text, date '2025-01-01' + 30 * d, 2025, 1, 1
    FROM   generate_series(1, 2000) AS n, generate_series(0, 9) AS d;
    INSERT INTO leave_requests (id, employee_num, start_date, end_date, days_requested, year, requested_at)
    SELECT n || '-' || d, n::text, '2025-01-01', '2025-01-01', 1, 2025, timestamptz '2025-01-01Z' + d * interval '1 day'
    FROM   generate_series(1, 2000) AS n, generate_series(0, 9) AS d;
    INSERT INTO staff (id, employee_num, name)
    SELECT 's' || n, n::text, '田中' FROM generate_series(1, 2000) AS n;
    ANALYZE;
"""

LOOK_UPS = [
    (records.BY_KEY["staff"], ("s7",), "pk_staff"),
    (records.USAGE_DETAILS, (["7", "8"], [2025, 2025]), "uq_yukyu_usage_details_employee_num_use_date"),
    (records.LEAVE_REQUESTS, (["7", "8"], [2025, 2025]), "ix_leave_requests_employee_num_year"),
]


@pytest.fixture(scope="module")
async def crowd(module_database: Database) -> AsyncIterator[asyncpg.Connection]:
    async with connected(module_database.primary_url) as connection:
        await connection.execute(CROWD)
        yield connection


@pytest.mark.parametrize(("statement", "arguments", "index"), LOOK_UPS, ids=[index for _, _, index in LOOK_UPS])
async def test_a_look_up_reads_by_its_index(
    crowd: asyncpg.Connection, statement: str, arguments: tuple[object, ...], index: str
) -> None:
    plan = "\n".join(row[0] for row in await crowd.fetch(f"EXPLAIN {statement}", *arguments))

    assert f"Index Scan using {index} " in plan or f"Bitmap Index Scan on {index} " in plan
    assert "Seq Scan" not in plan


async def test_each_account_gets_its_own_rows_in_the_order_asked_for(crowd: asyncpg.Connection) -> None:
    accounts = [("8", 2025), ("7", 2025), ("7", 2024), ("nobody", 2025)]

    days = await records.usage_details(crowd, accounts)
    requests = await records.leave_requests(crowd, accounts)

    assert [{row["employee_num"] for row in rows} for rows in days] == [{"8"}, {"7"}, set(), set()]
    assert [len(rows) for rows in requests] == [10, 10, 0, 0]
    assert days[0] == sorted(days[0], key=lambda row: row["use_date"])
    assert requests[0] == sorted(requests[0], key=lambda row: row["requested_at"], reverse=True)


@pytest.mark.parametrize("table", ["pg_authid", "staff; DROP TABLE staff", ""])
async def test_a_table_that_is_not_one_of_ours_has_no_rows(crowd: asyncpg.Connection, table: str) -> None:
    assert await records.by_key(crowd, table, "1") is None
