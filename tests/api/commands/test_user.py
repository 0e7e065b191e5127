"""`yukyu user` and `yukyu audit`, as commands on a control store."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
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


SECRET = "a secret of more than thirty-two characters"


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False})


def test_a_token_of_the_command_line_is_in_the_audit_log_by_the_id_that_revokes_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUKYU_JWT_SECRET", SECRET)

    minted = terminal.run("token", "--role", "viewer", "--role", "hr", "--name", "aiko", "--hours", "1")
    (entry,) = terminal.json("audit", "list")

    claims = claims_of(minted.stdout.strip())
    assert minted.stderr == ""
    assert (entry["action"], entry["subject"], entry["result"]) == ("mint-token", claims["jti"], "succeeded")
    assert "(command line)" in str(entry["who"])
    assert entry["details"] == {
        "name": "aiko",
        "roles": ["viewer", "hr"],
        "until": str(datetime.fromtimestamp(claims["exp"], UTC)),
    }


def test_a_token_is_there_when_the_audit_log_is_not(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUKYU_JWT_SECRET", SECRET)
    (terminal.directory / "state" / "control.sqlite").write_bytes(b"no database" * 1000)

    minted = terminal.run("token", "--role", "admin")

    assert minted.returncode == 0
    assert minted.stdout.count("\n") == 1
    token_id = claims_of(minted.stdout.strip())["jti"]
    assert f"The audit log does not tell of this token, {token_id}: The control store" in minted.stderr
