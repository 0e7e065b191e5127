"""`yukyu monitor` as it is called from a shell."""

import json

import pytest
from typer.testing import CliRunner

from api.commands.monitor import app
from db.errors import BadInputError
from tests.conftest import Database


@pytest.fixture(autouse=True)
def _settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUKYU_DATABASE_URL", database.primary_url)
    monkeypatch.setenv("YUKYU_REPLICA_URLS", database.replica_url)
    monkeypatch.setenv("COLUMNS", "200")


def test_a_report_is_tables_for_people_and_says_what_is_unknown() -> None:
    done = CliRunner().invoke(app, ["report"])

    assert done.exit_code == 0, done.output
    assert "Slow queries are unknown" in done.stdout
    assert "yukyu_usage_details" in done.stdout
    assert "pg_stat_statements is not loaded" in done.stdout


def test_a_report_for_programs_is_json() -> None:
    done = CliRunner().invoke(app, ["report", "--json"])

    report = json.loads(done.stdout)
    assert report["slow_queries"] is None
    assert "staff" in {each["table"]["name"] for each in report["tables"]}
    assert len(report["unavailable"]) == 2


def test_a_plan_is_printed_with_advice() -> None:
    done = CliRunner().invoke(app, ["explain", "--analyze", "SELECT * FROM staff ORDER BY name"])

    assert done.exit_code == 0, done.output
    assert "Sort Key: name" in done.stdout
    assert "Execution Time:" in done.stdout


def test_a_statement_is_read_from_standard_input() -> None:
    done = CliRunner().invoke(app, ["explain", "-", "--json"], input="SELECT 1;\n")

    assert json.loads(done.stdout)["total_cost"] > 0


def test_what_is_not_a_select_is_refused() -> None:
    done = CliRunner().invoke(app, ["explain", "DROP TABLE staff"])

    assert isinstance(done.exception, BadInputError)


def test_suggestions_need_statements_that_are_counted() -> None:
    done = CliRunner().invoke(app, ["suggest"])

    assert "Slow queries are unknown" in str(done.exception)


@pytest.mark.parametrize("wrong", [["report", "--threshold", "-1"], ["report", "--first", "101"], ["explain"]])
def test_what_cannot_be_meant_is_wrong_usage(wrong: list[str]) -> None:
    assert CliRunner().invoke(app, wrong).exit_code == 2
