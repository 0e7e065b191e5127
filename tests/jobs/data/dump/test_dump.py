"""Out as JSON Lines and in again, and what a directory can be beside a whole one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import transfer
from db.errors import BadInputError
from jobs.data import dump, sample, verifying
from jobs.data.dump.values import encoded, line_of, row_of
from jobs.data.legacy import ImportReport, Manner, NotReadableError, import_file, import_source
from tests.conftest import Database
from tests.jobs.data.legacy.contents import checksums
from tests.jobs.data.legacy.old_file import OldFile, rows_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
ROWS = 40


@pytest.fixture(scope="module")
async def filled(module_database: Database) -> Database:
    await sample.load(module_database.primary_url, ROWS)
    return module_database


@pytest.fixture
async def directory(filled: Database, tmp_path: Path) -> Path:
    await dump.export(filled.primary_url, tmp_path / "out", now=NOW)
    return tmp_path / "out"


async def brought_in(url: str, directory: Path, manner: Manner | None = None) -> ImportReport:
    with dump.opened(directory) as source:
        return await import_source(url, source, "dump", manner or Manner())


async def test_what_goes_out_comes_in_as_it_was(filled: Database, database: Database, directory: Path) -> None:
    report = await brought_in(database.primary_url, directory)

    assert await checksums(database.primary_url) == await checksums(filled.primary_url)
    assert report.rejected == 0
    with dump.opened(directory) as source:
        assert (await verifying.verify(database.primary_url, source)).alike
    manifest = json.loads((directory / "manifest.json").read_text())
    assert manifest["tables"]["genzai"]["rows"] == ROWS
    assert {file.stat().st_mode & 0o777 for file in directory.iterdir()} == {0o600}


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


DAMAGE: list[tuple[Callable[[Path], Any], str]] = [
    (lambda out: (out / "manifest.json").unlink(), "has no manifest.json: it is no export, or one that did not"),
    (lambda out: flip(out / "genzai.jsonl"), "is not what was exported"),
    (lambda out: (out / "staff.jsonl").unlink(), "lacks staff.jsonl"),
    (lambda out: (out / "songs.jsonl").write_text("{}"), "holds songs.jsonl, of which its manifest says nothing"),
    (lambda out: (out / "manifest.json").write_text("{"), "is not a manifest: JSON"),
    (lambda out: (out / "manifest.json").write_bytes(b" " * 2_000_000), "is larger than 1024 KiB"),
    (
        lambda out: (out / "manifest.json").write_text(
            (out / "manifest.json").read_text().replace('"revision": "', '"revision": "9')
        ),
        "which this version does not know",
    ),
    (
        lambda out: (out / "manifest.json").write_text(
            (out / "manifest.json").read_text().replace('"staff"', '"../staff"')
        ),
        "is not a manifest",
    ),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGE, ids=[sentence[:20] for _, sentence in DAMAGE])
async def test_what_is_not_whole_is_refused(directory: Path, damage: Callable[[Path], Any], sentence: str) -> None:
    damage(directory)

    with pytest.raises(NotReadableError, match=sentence):
        await brought_in(NOWHERE, directory)


async def test_a_directory_with_something_in_it_is_not_written_to(filled: Database, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")

    with pytest.raises(BadInputError, match="is not an empty directory"):
        await dump.export(filled.primary_url, tmp_path, now=NOW)
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


async def test_rejects_are_mended_and_imported(database: Database, old: OldFile, tmp_path: Path) -> None:
    url, rejects = database.primary_url, tmp_path / "rejects"
    old.add("genzai", id="g1", employee_num="1", name="一", hire_date="soon", kana=b"\xff", hourly_wage=float("inf"))
    old.add("employees", id="1_2025", employee_num="1", name="一", year=2025)
    old.add("employees", id="x", employee_num="1.0", name="一", year=2025)

    first = await import_file(url, old.path, Manner(rejects=rejects))
    unchanged = await brought_in(url, rejects)

    assert first.rejects_file == str(rejects)
    assert [problem.sentence for problem in unchanged.tables["genzai"].rejects] == [
        problem.sentence for problem in first.tables["genzai"].rejects
    ]
    line = json.loads((rejects / "genzai.jsonl").read_text())
    assert line["_row"] == 1
    assert "hire_date is not a date: soon" in line["_reasons"]
    line |= {"hire_date": "R7.4.1", "kana": "ｲﾁ", "hourly_wage": "1,450"}
    (rejects / "genzai.jsonl").write_text(json.dumps(line))
    mended = await brought_in(url, rejects)
    assert (mended.tables["genzai"].inserted, mended.tables["genzai"].rejected) == (1, 0)
    assert await rows_of(url, "SELECT kana, hourly_wage FROM genzai") == [{"kana": "ｲﾁ", "hourly_wage": "1450"}]


@pytest.mark.parametrize(("line", "sentence"), [("[1]", "line 2 is not a JSON object"), ("{", "line 2 is not JSON")])
async def test_a_line_mended_badly_is_named(
    database: Database, old: OldFile, tmp_path: Path, line: str, sentence: str
) -> None:
    old.add("genzai", id="g1", employee_num="1", name="一", hire_date="soon")
    await import_file(database.primary_url, old.path, Manner(rejects=tmp_path / "rejects"))
    with (tmp_path / "rejects" / "genzai.jsonl").open("a") as stream:
        stream.write(line)

    with pytest.raises(NotReadableError, match=sentence):
        await brought_in(database.primary_url, tmp_path / "rejects")


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False)
        | st.text()
        | st.binary(),
    )
)
def test_any_value_of_an_old_file_comes_back_from_a_line(row: dict[str, Any]) -> None:
    written = line_of({name: encoded(value) for name, value in row.items()})

    assert row_of(written) == row


def test_all_six_tables_are_exported(directory: Path) -> None:
    assert {file.stem for file in directory.glob("*.jsonl")} == {table.name for table in transfer.TABLES}
