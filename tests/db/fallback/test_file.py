"""A database file: migrated, kept right by whoever writes, and no write of it lost."""

import asyncio
import os
import signal
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from db import migrations
from db.engines import EngineOptions
from db.errors import BadInputError, DatabaseUnavailableError
from db.fallback import FileEngines, library, opening, path_of
from db.fallback.errors import FileUnusableError, OldLibraryError
from tests import forking

WRITER = """
import sys
from pathlib import Path
from db.fallback import opening
connection = opening.connect(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    connection.execute("BEGIN IMMEDIATE")
    row = (f"{sys.argv[2]}-{number}", f"{sys.argv[2]} {number}")
    connection.execute("INSERT INTO staff (employee_num, name) VALUES (?, ?)", row)
    connection.execute("COMMIT")
    print(number, flush=True)
"""


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """The address of a migrated file."""
    made = f"sqlite+aiosqlite:///{tmp_path / 'yukyu.db'}"
    await migrations.upgrade(made)
    return made


async def test_a_file_goes_forward_and_back_and_is_what_the_tables_say(url: str) -> None:
    assert await migrations.current(url) == migrations.head(url)
    assert await migrations.drift(url) == []

    await migrations.downgrade(url, "base")
    with closing(opening.connect(path_of(url))) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")] == [
            "alembic_version"
        ]
    await migrations.upgrade(url)

    assert await migrations.drift(url) == []


async def test_two_that_migrate_at_once_take_turns(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"

    await asyncio.gather(*(migrations.upgrade(url) for _ in range(4)))

    assert await migrations.current(url) == migrations.head(url)


@pytest.mark.parametrize(
    ("table", "values", "constraint"),
    [
        ("employees", {"year": 2025, "used": "-1.000"}, "used_not_negative"),
        ("employees", {"year": 2025, "granted": 1.5}, "granted_not_negative"),
        ("employees", {"year": 0}, "year_plausible"),
        ("genzai", {"hire_date": "2025-02-01", "leave_date": "2025-01-01"}, "leaves_after_hire"),
        ("genzai", {"hire_date": "2025/2/1"}, "hire_date_is_date"),
        ("staff", {"last_updated": "yesterday"}, "last_updated_is_moment"),
        ("ukeoi", {"age": -1}, "age_not_negative"),
    ],
)
async def test_nonsense_is_kept_out(url: str, table: str, values: dict[str, object], constraint: str) -> None:
    row = {"employee_num": "1", "name": "誰"} | values
    places = ", ".join("?" * len(row))
    with (
        closing(opening.connect(path_of(url))) as connection,
        pytest.raises(sqlite3.IntegrityError, match=f"ck_{table}_{constraint}"),
    ):
        connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values()))  # noqa: S608


async def test_who_has_not_the_analysis_writes_nothing(url: str) -> None:
    with closing(sqlite3.connect(path_of(url))) as connection:
        with pytest.raises(sqlite3.OperationalError, match="yukyu_analysis"):
            connection.execute("INSERT INTO staff (employee_num, name) VALUES ('1', '誰')")
        assert connection.execute("SELECT count(*) FROM staff").fetchone() == (0,)


async def test_what_is_searched_by_follows_every_change(url: str) -> None:
    with closing(opening.connect(path_of(url))) as connection:
        connection.execute("INSERT INTO staff (id, employee_num, name) VALUES ('a', '1', '田中 一')")
        connection.execute("UPDATE staff SET name = '佐藤 一' WHERE id = 'a'")
        assert connection.execute("SELECT name FROM search_records").fetchall() == [("佐藤一",)]
        assert connection.execute("SELECT count(*) FROM search_lexemes('n田中')").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM search_lexemes('n佐藤')").fetchone() == (1,)
        connection.execute("DELETE FROM staff")
        assert connection.execute("SELECT count(*) FROM search_records").fetchone() == (0,)
        connection.execute("INSERT INTO search_lexemes (search_lexemes) VALUES ('integrity-check')")


async def test_what_several_iteration_marks_are_searched_by_is_made_anew(url: str) -> None:
    searched = "SELECT name, place FROM search_records ORDER BY id"
    await migrations.downgrade(url, "f001")
    with closing(opening.connect(path_of(url))) as connection:
        connection.execute("INSERT INTO staff (id, employee_num, name) VALUES ('a', '1', '佐々々木 蓮')")
        connection.execute("INSERT INTO staff (id, employee_num, name, office) VALUES ('b', '2', '南', '〻佐々々')")
        connection.execute("INSERT INTO staff (id, employee_num, name) VALUES ('c', '3', '佐々木')")
        connection.execute("UPDATE search_records SET name = 'old', place = 'old'")

    await migrations.upgrade(url)

    with closing(opening.connect(path_of(url))) as connection:
        assert connection.execute(searched).fetchall() == [
            ("佐佐佐木蓮", None),
            ("南", "〻佐佐佐"),
            ("old", "old"),
        ]


async def test_no_write_is_lost_among_many_writers_of_whom_one_is_killed(url: str) -> None:
    async def start(name: str, rows: int) -> forking.Process:
        return await forking.python("-c", WRITER, path_of(url), name, rows, stdout=asyncio.subprocess.PIPE)

    killed, *others = [await start("killed", 100_000), *[await start(f"w{number}", 40) for number in range(2)]]
    assert killed.stdout is not None
    acknowledged = -1
    async with asyncio.timeout(120):
        while acknowledged < 10:
            acknowledged = int(await killed.stdout.readline())
        os.kill(killed.pid, signal.SIGKILL)
        rest = (await killed.stdout.read()).split()
        await asyncio.gather(killed.wait(), *(each.communicate() for each in others))
    acknowledged = int(rest[-1]) if rest else acknowledged

    with closing(opening.connect(path_of(url))) as connection:
        found = dict(
            connection.execute(
                "SELECT substr(employee_num, 1, instr(employee_num, '-') - 1), count(*) FROM staff GROUP BY 1"
            ).fetchall()
        )
        integrity = connection.execute("PRAGMA integrity_check").fetchall()
        searched = connection.execute("SELECT count(*) FROM search_records").fetchone()[0]
    assert {name: rows for name, rows in found.items() if name != "killed"} == {"w0": 40, "w1": 40}
    assert found["killed"] in {acknowledged + 1, acknowledged + 2}
    assert integrity == [("ok",)]
    assert searched == sum(found.values())


async def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    async with FileEngines.open_file(f"sqlite:///{tmp_path / 'none.db'}") as engines:
        assert not engines.node.standing.serving
        with pytest.raises(FileUnusableError, match=r"no database file .*none\.db"):
            await engines.read(lambda connection: connection.fetch("SELECT 1"))
    assert not (tmp_path / "none.db").exists()


async def test_a_statement_that_takes_too_long_is_ended_and_the_next_is_answered(url: str) -> None:
    options = EngineOptions(read_connections=1, statement_timeout=timedelta(milliseconds=200))
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    async with FileEngines.open_file(url, options=options) as engines:
        with pytest.raises(DatabaseUnavailableError, match=r"within 0\.2 seconds"):
            await engines.node.pool.ask(lambda connection: connection.fetch(endless))

        assert await engines.node.pool.ask(lambda connection: connection.fetch("SELECT 1")) == [(1,)]


async def test_reads_change_nothing(url: str) -> None:
    async with FileEngines.open_file(url) as engines:
        with pytest.raises(FileUnusableError, match="readonly"):
            await engines.node.pool.ask(lambda connection: connection.fetch("DELETE FROM staff"))


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    place = tmp_path / "no.db"
    place.write_text("This is a letter to the tax office, and no database of any kind." * 40)

    with pytest.raises(FileUnusableError, match="not a database"):
        await migrations.current(f"sqlite:///{place}")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite+aiosqlite://host/x.db", "sqlite:///x.db?mode=ro"])
def test_addresses_that_name_no_file_are_refused(url: str) -> None:
    with pytest.raises(BadInputError, match="names no file"):
        path_of(url)


async def test_the_file_is_its_owners_alone(url: str) -> None:
    assert stat.S_IMODE(path_of(url).stat().st_mode) == 0o600


def test_an_sqlite_without_full_text_search_is_refused() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.set_authorizer(_without_modules)
        with pytest.raises(OldLibraryError, match="full text search"):
            library.require_full_text(connection)
    library.require()


def _without_modules(action: int, *_: object) -> int:
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_CREATE_VTABLE else sqlite3.SQLITE_OK
