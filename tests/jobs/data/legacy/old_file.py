"""Files as the old application left them: its own tables, everything text or real."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import asyncpg

SCHEMA = """
CREATE TABLE employees (
    id TEXT PRIMARY KEY, employee_num TEXT, name TEXT, haken TEXT, granted REAL, used REAL, balance REAL,
    expired REAL, usage_rate REAL, year INTEGER, grant_year INTEGER, last_updated TEXT);
CREATE TABLE yukyu_usage_details (
    id INTEGER PRIMARY KEY AUTOINCREMENT, employee_num TEXT, name TEXT, use_date TEXT, year INTEGER, month INTEGER,
    days_used REAL DEFAULT 1.0, last_updated TEXT, UNIQUE (employee_num, use_date));
CREATE TABLE genzai (
    id TEXT PRIMARY KEY, status TEXT, employee_num TEXT, dispatch_id TEXT, dispatch_name TEXT, department TEXT,
    line TEXT, job_content TEXT, name TEXT, kana TEXT, gender TEXT, nationality TEXT, birth_date TEXT, age INTEGER,
    hourly_wage INTEGER, wage_revision TEXT, last_updated TEXT, hire_date TEXT, leave_date TEXT);
CREATE TABLE ukeoi (
    id TEXT PRIMARY KEY, status TEXT, employee_num TEXT, contract_business TEXT, name TEXT, kana TEXT, gender TEXT,
    nationality TEXT, birth_date TEXT, age INTEGER, hourly_wage INTEGER, wage_revision TEXT, last_updated TEXT,
    hire_date TEXT, leave_date TEXT);
CREATE TABLE staff (
    id TEXT PRIMARY KEY, status TEXT, employee_num TEXT, office TEXT, name TEXT, kana TEXT, gender TEXT,
    nationality TEXT, birth_date TEXT, age INTEGER, visa_expiry TEXT, visa_type TEXT, spouse TEXT, postal_code TEXT,
    address TEXT, building TEXT, hire_date TEXT, leave_date TEXT, last_updated TEXT);
CREATE TABLE leave_requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, employee_num TEXT, employee_name TEXT, start_date TEXT, end_date TEXT,
    days_requested REAL, hours_requested REAL DEFAULT 0, leave_type TEXT DEFAULT 'full', reason TEXT, status TEXT,
    requested_at TEXT, approved_by TEXT, approved_at TEXT, year INTEGER, hourly_wage INTEGER, cost_estimate REAL,
    created_at TEXT);
"""


class OldFile:
    def __init__(self, path: Path, schema: str = SCHEMA) -> None:
        self.path = path
        self.run(schema)

    def run(self, script: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)

    def add(self, table: str, **values: object) -> None:
        self.add_all(table, [values])

    def add_all(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        columns, marks = ", ".join(rows[0]), ", ".join("?" * len(rows[0]))
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - the test's own words
                [tuple(row.values()) for row in rows],
            )


async def rows_of(url: str, query: str) -> list[dict[str, object]]:
    connection = await asyncpg.connect(url)
    try:
        return [dict(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
