"""`yukyu user` and `yukyu audit`, as commands on a control store."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests import forking

PASSWORD = "correct horse battery"


class Terminal:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "state").mkdir()

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"YUKYU_LOG_FORMAT": "json"}
        return forking.yukyu(*arguments, "--data-dir", self.directory, typed=typed, env=environment)

    def json(self, *arguments: str) -> list[dict[str, object]]:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.mark.long
def test_an_account_is_made_changed_and_removed_and_all_of_it_is_in_the_audit_log(terminal: Terminal) -> None:
    added = terminal.run("user", "add", "Aiko", "--role", "viewer", "--role", "hr", typed=f"{PASSWORD}\n")
    terminal.run("user", "roles", "aiko", "--role", "admin")
    terminal.run("user", "password", "aiko", typed=f"another {PASSWORD}\n")
    terminal.run("user", "lock", "aiko")
    listed = terminal.json("user", "list")
    terminal.run("user", "remove", "aiko")
    audited = terminal.json("audit", "list")

    assert (added.returncode, added.stdout) == (0, "aiko (viewer, hr) may sign in now.\n")
    assert [(each["name"], each["roles"], each["locked"]) for each in listed] == [("aiko", ["admin"], True)]
    assert "password_hash" not in listed[0]
    actions = ["remove-user", "lock-user", "set-user-password", "set-user-roles", "add-user"]
    assert [each["action"] for each in audited] == actions
    assert "(command line)" in str(audited[0]["who"])
    assert PASSWORD not in json.dumps(audited)


def test_what_cannot_be_is_refused_with_a_sentence(terminal: Terminal) -> None:
    for arguments, typed, said in (
        (("add", "aiko", "--role", "viewer"), "", "no password on standard input"),
        (("add", "aiko", "--role", "viewer"), "short\n", "12 to 1024 characters"),
        (("lock", "nobody"), "", "no account 'nobody'"),
    ):
        done = terminal.run("user", *arguments, typed=typed)
        assert done.returncode == 1
        assert said in done.stderr
        assert done.stdout == ""


@pytest.mark.long
def test_verifying_prints_a_hash_that_a_later_look_can_be_compared_with(terminal: Terminal) -> None:
    terminal.run("user", "revoke", "some-id")
    first = terminal.run("audit", "verify")
    known = first.stdout.split()[-1]
    terminal.run("user", "revoke", "another-id")
    second = terminal.run("audit", "verify", "--hash", known, "--json")
    foreign = terminal.run("audit", "verify", "--hash", "0" * 63 + "1")

    assert first.stdout.startswith("Intact: 1 entries")
    assert json.loads(second.stdout) | {"head": ""} == {
        "entries": 2,
        "broken": None,
        "reason": None,
        "head": "",
        "known": True,
        "intact": True,
    }
    assert (foreign.returncode, "not in the log" in foreign.stdout) == (1, True)
