"""`yukyu alerts`, on an installation that does not run."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.commands.alerts import app
from db.cluster.desired import Role, ServerSpec, States
from db.errors import AppError
from jobs.alerts.rules import RULES
from tests import forking
from tests.jobs.alerts.world import World
from tests.jobs.worker.sites import open_site


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The directory of an installation with one rule's alert that fires."""

    async def make() -> None:
        async with open_site(tmp_path) as site:
            world = World(site, now=site.clock())
            world.watched_by(world.rule("replica-down"))
            await world.tick(replica_down={"replica": 11})
            layout = site.installation.layout
            spec = ServerSpec(role=Role.PRIMARY, directory="primary", port=1)
            States(layout.state).change(lambda desired: desired.model_copy(update={"servers": {"primary": spec}}))

    asyncio.run(make())
    return tmp_path


def run(directory: Path, *arguments: str, **environment: str) -> Result:
    """Run the command in this process; starting one for each takes a second."""
    result = CliRunner().invoke(app, [*arguments, "--data-dir", str(directory)], env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit | AppError)
    return result


def test_what_fires_is_listed_and_the_exit_code_says_that_something_does(directory: Path) -> None:
    listed = run(directory, "list")
    as_json = run(directory, "list", "--json")

    assert listed.exit_code == as_json.exit_code == 1
    assert "WARNING FIRING replica-down: replica" in listed.stdout
    assert "replica has 11" in listed.stdout
    (alert,) = json.loads(as_json.stdout)
    assert (alert["rule_key"], alert["state"], alert["value"]) == ("replica-down", "FIRING", 11)
    assert run(directory, "list", "--severity", "critical").exit_code == 0


def test_rules_are_listed_as_they_are_applied(directory: Path, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules: {replication-lag: {threshold: 7, for: 2m}, xid-age: {enabled: false}}")
    listed = run(directory, "rules", YUKYU_ALERT_RULES=str(file))
    one = run(directory, "rules", "replication-lag", YUKYU_ALERT_RULES=str(file))
    found = {rule["key"]: rule for rule in json.loads(run(directory, "rules", "--json").stdout)}

    assert "> 7 seconds for 2m" in listed.stdout
    assert "Fires:     > 7 seconds for 2m" in one.stdout
    assert list(found) == [rule.key for rule in RULES]
    assert found["replication-lag"]["threshold"] == 30
    assert "There is no alert rule" in str(run(directory, "rules", "nonsense").exception)


def test_a_rule_is_silenced_and_told_again(directory: Path) -> None:
    made = run(directory, "silence", "replica-down", "--for", "2h", "--reason", "a new disk", "--json")
    silence = json.loads(made.stdout)["id"]

    assert "replica-down until" in run(directory, "silences").stdout
    assert "is told again" in run(directory, "unsilence", silence).stdout
    assert run(directory, "silences").stdout == "Nothing is silenced.\n"


def test_an_alert_is_acknowledged_once(directory: Path) -> None:
    (alert,) = json.loads(run(directory, "list", "--json").stdout)

    assert run(directory, "ack", alert["id"]).exit_code == 0
    again = run(directory, "ack", alert["id"])

    assert "acknowledged this alert" in str(again.exception)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nonsense", "--for", "2h"], "There is no alert rule 'nonsense'"),
        (["replica-down"], "Say how long with --for"),
        (["replica-down", "--for", "2h", "--until", "2199-01-01T00:00Z"], "Say how long with --for"),
        (["replica-down", "--for", "2 hours"], "is not a duration"),
        (["replica-down", "--for", "91d"], "90 days at most"),
        (["replica-down", "--until", "tomorrow"], "is not a moment"),
        (["replica-down", "--until", "2020-01-01T00:00"], "needs an offset"),
        (["replica-down", "--until", "2020-01-01T00:00Z"], "has passed"),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused(directory: Path, arguments: list[str], reason: str) -> None:
    refused = run(directory, "silence", *arguments, "--reason", "x")

    assert reason in str(refused.exception)


@pytest.mark.long
def test_a_file_of_overrides_that_cannot_be_meant_stops_every_command_that_starts_something(
    directory: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n  nonsense: {threshold: 1}\n")
    for command in ("up", "work"):
        environment = os.environ | {"YUKYU_ALERT_RULES": str(file), "YUKYU_PORT": "0"}
        refused = forking.yukyu(command, "--data-dir", directory, env=environment)
        assert refused.returncode == 2, command
        assert f"{file}, line 2: There is no rule 'nonsense'" in refused.stderr
