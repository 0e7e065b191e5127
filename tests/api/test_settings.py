from pathlib import Path

import pytest
from pydantic import ValidationError

from api.commands import alerting
from api.settings import Settings
from jobs.alerts.alerting import KNOWN

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`YUKYU_{name.upper()}`" in DOCUMENTED


def test_replicas_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUKYU_REPLICA_URLS", "postgresql://one/db, postgresql://two/db,")

    urls = [url.get_secret_value() for url in Settings().replica_urls]

    assert urls == ["postgresql://one/db", "postgresql://two/db"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"),
        ("PORT", "http"),
        ("JWT_SECRET", "short"),
        ("LOG_FORMAT", "xml"),
        ("MAX_REQUEST_BYTES", "1"),
        ("ENVIRONMENT", "staging"),
        ("RATE_LIMIT_USER", "many"),
        ("RATE_LIMIT_ADDRESS", "7"),
        ("MAX_COST", "0"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", "https://app.example.jp/path"),
        ("CORS_ORIGINS", "app.example.jp"),
        ("TRUSTED_PROXIES", "the proxy"),
        ("TRUSTED_DOCUMENTS", "only"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"YUKYU_{name}", value)

    with pytest.raises(ValidationError):
        Settings()


def test_no_secret_shows_in_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUKYU_DATABASE_URL", "postgresql://yukyu:hunter2@db/yukyu")
    monkeypatch.setenv("YUKYU_JWT_SECRET", "hunter2" * 10)

    assert "hunter2" not in repr(Settings())


def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUKYU_BACKUP_DIR", "")
    monkeypatch.setenv("YUKYU_DATA_DIR", "")

    settings = Settings()

    assert settings.repository_dir.is_absolute()
    assert settings.data_dir.is_absolute()


WHOLE = {"SMTP_HOST": "mail.yukyu.test", "ALERT_EMAIL_FROM": "Alerts <alerts@yukyu.test>", "ALERT_EMAIL_TO": "a@b.test"}


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({name: value for name, value in WHOLE.items() if name != "SMTP_HOST"}, "YUKYU_SMTP_HOST"),
        ({name: value for name, value in WHOLE.items() if name != "ALERT_EMAIL_FROM"}, "YUKYU_ALERT_EMAIL_FROM"),
        ({name: value for name, value in WHOLE.items() if name != "ALERT_EMAIL_TO"}, "YUKYU_ALERT_EMAIL_TO"),
        (WHOLE | {"SMTP_USERNAME": "aiko"}, "YUKYU_SMTP_PASSWORD"),
        (WHOLE | {"SMTP_PASSWORD": "hush"}, "YUKYU_SMTP_USERNAME"),
        ({"SMTP_USERNAME": "aiko", "SMTP_PASSWORD": "hush"}, "YUKYU_SMTP_HOST"),
        ({"PAGERDUTY_URL": "https://pagerduty.test"}, "YUKYU_PAGERDUTY_ROUTING_KEY"),
    ],
)
def test_a_channel_that_is_half_configured_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"YUKYU_{name}", value)

    with pytest.raises(ValidationError, match=f"needs? .*{missing}"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALERT_EMAIL_TO", "nobody"),
        ("ALERT_EMAIL_TO", "a@b.test, c d@e.test"),
        ("ALERT_EMAIL_FROM", "x\nBcc: eve@evil.test"),
        ("ALERT_EMAIL_FROM", "Alerts <alerts@b.test> <c@d.test>"),
        ("SLACK_WEBHOOK_URL", "hooks.slack.com/services/x"),
        ("SLACK_WEBHOOK_URL", "file:///etc/passwd"),
        ("PUBLIC_URL", "https://"),
        ("SMTP_SECURITY", "ssl"),
        ("SMTP_CA_FILE", "/nowhere/authority.pem"),
        ("LANGUAGE", "fr"),
    ],
)
def test_what_no_alert_could_be_told_by_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for other, good in WHOLE.items():
        monkeypatch.setenv(f"YUKYU_{other}", good)
    monkeypatch.setenv(f"YUKYU_{name}", value)

    with pytest.raises(ValidationError):
        Settings()


def test_channels_are_those_that_are_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert alerting.of(Settings()).channels == ("log",)

    for name, value in WHOLE.items():
        monkeypatch.setenv(f"YUKYU_{name}", value)
    monkeypatch.setenv("YUKYU_ALERT_EMAIL_TO", "aiko@yukyu.test, Ken <ken@yukyu.test>")
    monkeypatch.setenv("YUKYU_SLACK_WEBHOOK_URL", "https://hooks.slack.test/services/hush")
    monkeypatch.setenv("YUKYU_PAGERDUTY_ROUTING_KEY", "hush")
    found = alerting.of(Settings())

    assert found.channels == ("log", "email", "slack", "pagerduty")
    assert found.channels == tuple(KNOWN)
    assert "hush" not in repr(found)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUKYU_CORS_ORIGINS", "https://a.example, http://[::1]:3000")
    monkeypatch.setenv("YUKYU_TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1")

    assert Settings().cors_origins == ["https://a.example", "http://[::1]:3000"]
    assert Settings().trusted_proxies == ["10.0.0.0/8", "127.0.0.1"]


def test_whoever_says_nothing_is_in_production() -> None:
    assert Settings().production
    assert not Settings(environment="development").production
