"""What holds of any rows of the old shapes: none is lost in silence, and an import can be repeated and taken back."""

import sqlite3
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db import transfer
from db.personal import PERSONAL, opened_row
from jobs.data import verifying
from jobs.data.legacy import Manner, import_file
from jobs.data.legacy.source import opened
from jobs.data.rolling_back import roll_back
from tests.conftest import Database
from tests.jobs.data.legacy.contents import checksums
from tests.jobs.data.legacy.old_file import OldFile, rows_of

ALWAYS = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ERAS = (
    ("令和", "R", 2018, date(2019, 5, 1)),
    ("平成", "H", 1988, date(1989, 1, 8)),
    ("昭和", "S", 1925, date(1926, 12, 25)),
)


@dataclass(frozen=True)
class Spelled:
    """A value as an old file may have it, and what it means; `NONSENSE` where it means nothing."""

    text: Any
    meaning: Any


NONSENSE = object()
GIVEN_BACK = """
    SELECT count(*)
    FROM   data_import_changes JOIN data_imports ON number = import_number
    WHERE  rolled_back_by IS NOT NULL
"""
BLANKS = st.sampled_from([None, "", "None", "0000-00-00", "\u3000", " \u00a0", "nan", "NULL"]).map(
    lambda text: Spelled(text, None)
)
ZEROS = st.sampled_from([0, 0.0, "0", "０"]).map(lambda text: Spelled(text, None))


def spellings(day: date) -> list[Any]:
    plain = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.isoformat()}T09:30:00",
        f"{day.isoformat()} 00:00:00",
        f"{day:%Y%m%d}",
        f"\u3000{day:%Y/%m/%d} ",
        (day - date(1899, 12, 30)).days,
        str((day - date(1899, 12, 30)).days),
        f"{day.year}.{day.month}.{day.day}",
    ]
    name, letter, before, begins = next((era for era in ERAS if day >= era[3]), ERAS[-1])
    if day >= begins:
        year = day.year - before
        plain += [f"{name}{year}年{day.month}月{day.day}日", f"{letter}{year}.{day.month}.{day.day}"]
        if year == 1:
            plain.append(f"{name}元年{day.month}月{day.day}日")
    return plain


DAYS = st.dates(date(1927, 6, 1), date(2100, 12, 31)) | st.dates(date(2019, 5, 1), date(2019, 12, 31))
DATES = DAYS.flatmap(lambda day: st.sampled_from(spellings(day)).map(lambda text: Spelled(text, day)))
NO_DATES = st.sampled_from(["soon", "2025-02-30", "2025/13/1", "R7", "1025-01-01", "令和100年1月1日", 7, -1]).map(
    lambda text: Spelled(text, NONSENSE)
)
WIDE = str.maketrans("0123456789,.", "０１２３４５６７８９，．")
WAGES = st.integers(1, 2_000_000).flatmap(
    lambda wage: st.sampled_from(
        [
            wage,
            float(wage),
            str(wage),
            f"{wage:,}",
            f"{wage:,}".translate(WIDE),
            f" ¥{wage:,} ",
            f"{wage}円",
            f"{wage}.0",
        ]
    ).map(lambda text: Spelled(text, wage))
)
NO_WAGES = st.sampled_from(["ask", "1,45", "12.5", -1, "3000000000"]).map(lambda text: Spelled(text, NONSENSE))
TEXTS = st.sampled_from(["ｶﾅ ﾀﾛｳ", "髙橋　太郎", "Trần", "' OR 1=1 --", "{}%s$1"]).flatmap(
    lambda text: st.sampled_from([text, f"\u3000{text} ", f"\t{text}\u200b"]).map(
        lambda spelled: Spelled(spelled, text)
    )
)

PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "kana": TEXTS | BLANKS | ZEROS,
            "birth_date": DATES | BLANKS | ZEROS | NO_DATES,
            "hire_date": DATES | BLANKS | ZEROS,
            "hourly_wage": WAGES | BLANKS | ZEROS | NO_WAGES,
        }
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.long
@given(people=PEOPLE)
@ALWAYS
async def test_any_row_comes_over_with_the_meaning_it_had_or_is_named(
    module_database: Database, people: list[dict[str, Spelled]]
) -> None:
    url = module_database.primary_url
    await empty(url)
    with tempfile.TemporaryDirectory() as directory:
        old = OldFile(Path(directory) / "yukyu.db")
        old.add_all(
            "genzai",
            [
                {"id": f"g{n}", "employee_num": str(n), "name": "名"} | {name: row[name].text for name in sorted(row)}
                for n, row in enumerate(people)
            ],
        )
        report = (await import_file(url, old.path)).tables["genzai"]

    columns = PERSONAL["genzai"]
    here = {row["id"]: opened_row("genzai", row, columns, None) for row in await rows_of(url, "SELECT * FROM genzai")}
    named = {(problem.id, problem.column) for problem in report.rejects}
    for n, row in enumerate(people):
        bad = {(f"g{n}", name) for name, said in row.items() if said.meaning is NONSENSE}
        assert bad <= named
        assert (f"g{n}" in here) == (not bad)
        if not bad:
            assert {name: here[f"g{n}"][name] for name in row} == {name: said.meaning for name, said in row.items()}
    assert report.inserted == len(here)
    assert {id_ for id_, _ in named} | here.keys() == {f"g{n}" for n in range(len(people))}


# Few people, dates and ids: rows meet, move onto each other and repeat.
NUMBERS, IDS = st.sampled_from(["1", "2", "3", "３", 2.0]), st.sampled_from([1, 2, 3, 4, 5, 6])
AMOUNTS = st.sampled_from([1, 0.5, "１", 0.0625, "x", None, -1])
USAGE = st.fixed_dictionaries(
    {
        "id": IDS,
        "employee_num": NUMBERS,
        "name": st.sampled_from(["名", "新", None]),
        "use_date": st.sampled_from(["2025-04-01", "2025/4/2", "R7.4.3", "2025年4月4日", "never"]),
        "days_used": AMOUNTS,
    }
)
ACCOUNT = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["1_2025", "1_2024", "2_2025", None]),
        "employee_num": NUMBERS,
        "name": st.sampled_from(["名", "新"]),
        "year": st.sampled_from([2024, 2025, "2025", 0]),
        "granted": AMOUNTS,
    }
)
PERSON = st.fixed_dictionaries(
    {
        "employee_num": NUMBERS,
        "name": st.sampled_from(["名", "新", "0"]),
        "hire_date": st.sampled_from([None, "S60.1.2", 45000]),
    }
)
FILE = st.fixed_dictionaries(
    {
        "yukyu_usage_details": st.lists(USAGE, max_size=6, unique_by=lambda row: row["id"]),
        "employees": st.lists(ACCOUNT, max_size=4, unique_by=lambda row: row["id"]),
        "genzai": st.lists(PERSON, max_size=3),
    }
)
Tables = dict[str, list[dict[str, Any]]]


def write(directory: str, name: str, tables: Tables) -> OldFile:
    old = OldFile(Path(directory) / name)
    # The old application had this rule too, but for texts that are spelled the same.
    for table, rows in tables.items():
        for row in rows:
            try:
                old.add(table, **row)
            except sqlite3.IntegrityError as error:
                assert "UNIQUE" in str(error)  # noqa: PT017 - a row that the old file could not have had
    return old


async def empty(url: str) -> None:
    async with transfer.writing(url) as connection:
        await transfer.truncate(connection)


@given(before=FILE, coming=FILE, together=st.sampled_from([0, 100_000]))
@ALWAYS
async def test_twice_is_once_and_taking_back_leaves_what_was_there(
    module_database: Database, before: Tables, coming: Tables, together: int
) -> None:
    url = module_database.primary_url
    await empty(url)
    with tempfile.TemporaryDirectory() as directory:
        first, second = write(directory, "first.db", before), write(directory, "second.db", coming)
        await import_file(url, first.path)
        at_first = await checksums(url)

        done = await import_file(url, second.path, Manner(together=together))
        once = await checksums(url)
        again = await import_file(url, second.path)
        twice = await checksums(url)
        with opened(second.path) as source:
            compared = await verifying.verify(url, source)

    assert twice == once
    assert not any(table.updated + table.inserted for table in again.tables.values())
    for name, table in compared.tables.items():
        taken = done.tables[name]
        if not taken.rejected:  # of two rows that stand in each other's way, one is not here
            assert (table.same, table.different, table.only_in_source) == (taken.read, 0, 0), table.differences
    assert again.id is not None
    assert done.id is not None
    assert await roll_back(url, again.id, by="test", now=NOW) == {}
    await roll_back(url, done.id, by="test", now=NOW)
    assert await checksums(url) == at_first
    (left,) = await rows_of(url, GIVEN_BACK)
    assert left == {"count": 0}
