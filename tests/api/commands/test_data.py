"""`yukyu data` as it is called from a shell."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands.data import app
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import OldFile


@pytest.fixture(autouse=True)
def _settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUKYU_DATABASE_URL", database.primary_url)


@pytest.fixture
def old(tmp_path: Path) -> OldFile:
    old = OldFile(tmp_path / "yukyu.db")
    old.add("genzai", id="genzai_1", employee_num="1", name="一")
    return old


def test_sample_prints_how_many_rows_each_table_got() -> None:
    done = CliRunner().invoke(app, ["sample", "6", "--json"])

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["tables"]["employees"] == 6


@pytest.mark.parametrize("rows", ["0", "2000001", "many"])
def test_sample_of_no_sensible_size_is_wrong_usage(rows: str) -> None:
    assert CliRunner().invoke(app, ["sample", rows]).exit_code == 2


def test_import_of_good_rows_exits_with_0(old: OldFile) -> None:
    done = CliRunner().invoke(app, ["import", str(old.path), "--json"])

    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["rejected"] == 0
    assert report["tables"]["genzai"]["inserted"] == 1


def test_import_with_a_bad_row_names_it_and_exits_with_1(old: OldFile) -> None:
    old.add("genzai", id="genzai_2", employee_num="2", name="二", hire_date="soon")

    done = CliRunner().invoke(app, ["import", str(old.path)])

    assert done.exit_code == 1
    assert "Rejected: genzai row 2 (id genzai_2): hire_date is not a date: soon" in done.stderr
    again = json.loads(CliRunner().invoke(app, ["import", str(old.path), "--json"]).stdout)
    assert again["tables"]["genzai"]["unchanged"] == 1
    assert again["tables"]["genzai"]["rejects"] == [
        {
            "table": "genzai",
            "row": 2,
            "id": "genzai_2",
            "column": "hire_date",
            "value": "soon",
            "reason": "is not a date",
            "place": "row 2",
        }
    ]
