"""Secrets come from the environment or from files, and show nowhere."""

import os
import re
import subprocess
from pathlib import Path
from time import monotonic, sleep

import httpx
import psutil
import pytest
from pydantic import ValidationError

from api import secret_files
from api.settings import Settings
from schema.build import build_schema
from tests.api.commands.installation import YUKYU

CANARY = "canary0123456789canary0123456789canary"
# What the settings of half a channel need beside them.
COMPANIONS = {
    "YUKYU_SMTP_HOST": "127.0.0.1",
    "YUKYU_SMTP_USERNAME": "yukyu",
    "YUKYU_ALERT_EMAIL_FROM": "alerts@example.jp",
    "YUKYU_ALERT_EMAIL_TO": "aiko@example.jp",
}
SECRETS = [name for name, field in Settings.model_fields.items() if secret_files.is_secret(field.annotation)]


def value(name: str) -> str:
    """Return something that holds the canary and that the setting takes."""
    if name == "slack_webhook_url":
        return f"https://hooks.example/{CANARY}"
    if name.endswith(("_url", "_urls")):
        return f"postgresql://yukyu:{CANARY}@127.0.0.1:9/yukyu"
    return CANARY


def variable(name: str) -> str:
    return f"YUKYU_{name.upper()}"


def test_the_settings_with_secrets_are_these_at_least() -> None:
    assert {"jwt_secret", "jwt_secret_previous", "database_url", "replica_urls", "control_url"} <= set(SECRETS)


@pytest.fixture(params=SECRETS)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "smtp_password":
        for each, given in COMPANIONS.items():
            monkeypatch.setenv(each, given)
    return request.param


def test_a_secret_shows_in_no_representation(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(variable(name), value(name))
    settings = Settings()

    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert CANARY not in shown


def test_every_secret_can_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv(variable(name), value(name))
    given = getattr(Settings(), name)
    monkeypatch.delenv(variable(name))
    file = tmp_path / "secret"
    file.write_text(value(name) + "\n")
    file.chmod(0o600)
    monkeypatch.setenv(f"{variable(name)}_FILE", str(file))

    settings = Settings()

    assert getattr(settings, name) == given
    assert CANARY not in repr(settings)


def test_a_secret_in_both_places_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(value(name))
    monkeypatch.setenv(variable(name), value(name))
    monkeypatch.setenv(f"{variable(name)}_FILE", str(file))

    with pytest.raises(ValidationError, match="are both set") as refused:
        Settings()

    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe", b"x" * (secret_files.LARGEST_BYTES + 1)])
def test_a_file_that_is_of_no_use_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    monkeypatch.setenv("YUKYU_JWT_SECRET_FILE", str(file))

    with pytest.raises(ValidationError, match=str(file)):
        Settings()


def test_one_newline_at_the_end_is_no_part_of_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f" {CANARY}\n\n")
    file.chmod(0o600)
    monkeypatch.setenv("YUKYU_JWT_SECRET_FILE", str(file))
    secret = Settings().jwt_secret

    assert secret is not None
    assert secret.get_secret_value() == f" {CANARY}\n"


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_file_that_others_may_read_is_warned_about(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, *, warned: bool
) -> None:
    file = tmp_path / "secret"
    file.write_text(CANARY)
    file.chmod(mode)
    monkeypatch.setenv("YUKYU_JWT_SECRET_FILE", str(file))
    caplog.set_level("WARNING")  # whatever a test of a command has set

    Settings()

    assert (str(file) in caplog.text) is warned
    assert CANARY not in caplog.text


@pytest.mark.parametrize("name", ["jwt_secret", "jwt_secret_previous"])
def test_a_secret_that_is_too_short_is_refused_without_showing_it(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [YUKYU, "token", "--role", "viewer", "--data-dir", str(tmp_path)],
        env=os.environ | {variable(name): "canary-short"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2
    assert "32 characters" in done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_an_address_of_keys_that_anybody_could_change_on_the_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in (
        "http://id.example/keys",
        "ftp://id.example",
        "file:///etc/passwd",
        "https://id.example:0/",
        "nonsense",
    ):
        monkeypatch.setenv("YUKYU_JWKS_URL", url)
        with pytest.raises(ValidationError, match="https"):
            Settings()


@pytest.mark.parametrize("missing", ["YUKYU_JWT_ISSUER", "YUKYU_JWT_AUDIENCE"])
def test_a_providers_tokens_for_others_are_not_taken_for_want_of_a_setting(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setenv("YUKYU_JWKS_URL", "https://id.example/keys")
    for name in {"YUKYU_JWT_ISSUER", "YUKYU_JWT_AUDIENCE"} - {missing}:
        monkeypatch.setenv(name, "https://id.example")

    with pytest.raises(ValidationError, match=missing):
        Settings()


def test_no_secret_is_in_a_servers_log_answers_or_process_list(tmp_path: Path) -> None:
    """Served over a database that is away, so that what it complains of would be the URLs."""
    environment = {variable(name): value(name) for name in SECRETS if name != "control_url"}
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [YUKYU, "serve", "--port", "0", "--data-dir", str(tmp_path)],
            env=os.environ | COMPANIONS | environment | {"YUKYU_LOG_FORMAT": "json"},
            stdout=stderr,
            stderr=stderr,
        )
    try:
        with httpx.Client(base_url=address_in(log, process)) as client:
            answers = [
                client.get("/readyz"),
                client.post("/graphql", json={"query": '{ search(query: "a") { totalCount } }'}),
                client.get("/api/search/staff", params={"q": "a"}, headers={"authorization": "Bearer nonsense"}),
                client.get("/openapi.json"),
            ]
        lines = [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    finally:
        process.terminate()
        process.wait(30)

    assert not [line for line in lines if CANARY in line]
    assert not [answer for answer in answers if CANARY in answer.text or CANARY in str(answer.headers)]
    assert CANARY not in log.read_text()
    assert CANARY not in build_schema().as_str()


def address_in(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait until a server has said where it listens."""
    deadline = monotonic() + 60
    while monotonic() < deadline:
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
            return found[0]
        assert process.poll() is None, log.read_text()
        sleep(0.05)
    raise TimeoutError(log.read_text())


def test_a_control_store_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    done = subprocess.run(
        [YUKYU, "user", "list", "--data-dir", str(tmp_path)],
        env=os.environ | {"YUKYU_CONTROL_URL": value("control_url")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "cannot be opened" in done.stderr
    assert CANARY not in done.stdout + done.stderr
