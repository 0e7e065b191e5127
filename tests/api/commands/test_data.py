"""`yukyu data` as it is called from a shell."""

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from api.commands import audit
from api.commands.data import app
from jobs.data.rolling_back import RollbackRefusedError
from tests.conftest import Database
from tests.jobs.data.legacy.old_file import OldFile


@pytest.fixture(autouse=True)
def _settings(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A database that runs elsewhere, an audit log in the data directory, and a place for rejects."""
    monkeypatch.setenv("YUKYU_DATABASE_URL", database.primary_url)
    monkeypatch.setenv("YUKYU_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data" / "state").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)


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


def invoked(*arguments: str) -> Any:
    """Run a command, and return what it printed as JSON."""
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_rows_go_in_are_verified_go_out_come_in_again_and_are_taken_back(old: OldFile) -> None:
    id_ = invoked("import", str(old.path))["id"]
    assert invoked("verify", str(old.path))["alike"]
    assert invoked("export", "out")["tables"]["genzai"]["rows"] == 1
    assert invoked("verify", "out")["alike"]
    again = invoked("import", "out")
    assert again["tables"]["genzai"]["unchanged"] == 1
    assert [each["id"] for each in invoked("imports")] == [again["id"], id_]
    assert invoked("imports", id_)["report"]["tables"]["genzai"]["inserted"] == 1
    assert invoked("rollback", id_)["tables"] == {"genzai": {"removed": 1, "restored": 0, "brought_back": 0}}

    different = CliRunner().invoke(app, ["verify", str(old.path)])
    assert different.exit_code == 1
    assert "genzai: row 1: genzai_1 is not in the database" in different.stderr
    assert different.stdout.endswith("There are differences.\n")
    with pytest.raises(RollbackRefusedError, match="was rolled back already"):
        CliRunner().invoke(app, ["rollback", id_], catch_exceptions=False)
    log = json.loads(CliRunner().invoke(audit.app, ["list", "--json"]).stdout)
    told = [(each["action"], each["result"]) for each in reversed(log)]
    assert told == [
        ("import-data", "requested"), ("import-data", "succeeded"), ("export-data", "requested"),
        ("export-data", "succeeded"), ("import-data", "requested"), ("import-data", "succeeded"),
        ("rollback-import", "requested"), ("rollback-import", "succeeded"), ("rollback-import", "requested"),
        ("rollback-import", "refused"),
    ]  # fmt: skip


def test_rejects_lie_beside_whoever_imported(old: OldFile, tmp_path: Path) -> None:
    old.add("genzai", id="genzai_2", employee_num="2", name="二", hire_date="soon")

    done = CliRunner().invoke(app, ["import", str(old.path), "--strict", "--json"])

    report = json.loads(done.stdout)
    assert (done.exit_code, report["id"], report["refused"]) == (1, None, True)
    assert (tmp_path / report["rejects_file"] / "genzai.jsonl").is_file()
    assert invoked("imports") == []


def test_a_workbook_comes_in(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].title = "DBUkeoiX"
    book.worksheets[0].append(["社員№", "氏名", "請負業務"])
    book.worksheets[0].append(["030801", "西岡　守", "切粉回収"])
    book.save(tmp_path / "ledger.xlsx")

    report = invoked("import-excel", "ledger.xlsx", "--sheet", "DBUkeoiX")

    assert report["tables"]["ukeoi"]["inserted"] == 1
    assert [each["kind"] for each in invoked("imports")] == ["workbook"]
