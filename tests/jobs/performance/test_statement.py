from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.errors import BadInputError
from jobs.performance.statement import one_select

READING = [
    "SELECT 1",
    "SELECT * FROM staff WHERE name = '山田; DROP TABLE staff';",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "VALUES (1), (2)",
    "TABLE staff",
    "SELECT count(*) FROM genzai g JOIN staff s USING (employee_num) -- a remark",
    "SELECT * FROM staff WHERE (search_entries)[1] LIKE $1 LIMIT $2",
]

NOT_READING = {
    "": "1 to 20,000 characters",
    "   ": "1 to 20,000 characters",
    "SELECT '" + "x" * 20_000 + "'": "1 to 20,000 characters",
    "SELECT \0": "1 to 20,000 characters",
    "SELECT 1; DROP TABLE staff": "2 statements",
    "SELECT 1;;SELECT 2": "2 statements",
    "-- nothing": "no statements",
    "DROP TABLE staff": "Only a SELECT",
    "INSERT INTO staff DEFAULT VALUES": "Only a SELECT",
    "UPDATE staff SET name = ''": "Only a SELECT",
    "DELETE FROM staff": "Only a SELECT",
    "TRUNCATE staff": "Only a SELECT",
    "CREATE TABLE t AS SELECT 1": "Only a SELECT",
    "COPY staff TO '/tmp/x'": "Only a SELECT",
    "EXPLAIN ANALYZE DELETE FROM staff": "Only a SELECT",
    "DO $$ BEGIN NULL; END $$": "Only a SELECT",
    "CALL something()": "Only a SELECT",
    "SET statement_timeout = 0": "Only a SELECT",
    "BEGIN": "Only a SELECT",
    "EXECUTE prepared": "Only a SELECT",
    "LISTEN everything": "Only a SELECT",
    "VACUUM FULL": "Only a SELECT",
    "WITH gone AS (DELETE FROM staff RETURNING *) SELECT * FROM gone": "The statement writes",
    "SELECT * FROM (WITH x AS (INSERT INTO staff DEFAULT VALUES RETURNING 1) TABLE x) y": "The statement writes",
    "SELECT * INTO copy FROM staff": "SELECT INTO",
    "SELECT * FROM staff FOR UPDATE": "locks rows",
    "SELECT * FROM (SELECT * FROM staff FOR SHARE) AS locked": "locks rows",
    "SELECT '": "cannot be read",
    "SELECT (": "cannot be read",
    "SELECT $": "cannot be read",
    'SELECT U&"pg\\005fsleep"(9)': "are not read",
    "SELECT " + "(" * 9_000 + "1" + ")" * 9_000: "cannot be read",
}


@pytest.mark.parametrize("sql", READING)
def test_a_statement_that_reads_is_taken(sql: str) -> None:
    assert one_select(sql).sql.rstrip(";") == sql.strip().rstrip(";")


@pytest.mark.parametrize(("sql", "why"), list(NOT_READING.items()), ids=[each[:40] for each in NOT_READING])
def test_any_other_is_refused_with_the_reason(sql: str, why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        one_select(sql)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT pg_sleep(1)", "pg_sleep"),
        ("SELECT PG_Sleep /* and */ (1)", "pg_sleep"),
        ('SELECT pg_catalog."pg_sleep"(1)', "pg_sleep"),
        ("SELECT * FROM staff, LATERAL set_config('a', 'b', false)", "set_config"),
        ("SELECT 1 WHERE EXISTS (SELECT pg_advisory_lock(1))", "pg_advisory_lock"),
    ],
)
def test_every_function_is_found_however_it_is_written(sql: str, name: str) -> None:
    assert name in one_select(sql).functions


def test_parameters_are_told_from_strings() -> None:
    assert one_select("SELECT $1").has_parameters
    assert not one_select("SELECT '$1', $$ $2 $$").has_parameters


@given(st.text() | st.text(alphabet="SELECT()'\"$;-/* U&1").map("SELECT ".__add__))
def test_no_text_is_too_odd(sql: str) -> None:
    with suppress(BadInputError):
        assert one_select(sql).sql
