from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import Settings

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


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUKYU_CORS_ORIGINS", "https://a.example, http://[::1]:3000")
    monkeypatch.setenv("YUKYU_TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1")

    assert Settings().cors_origins == ["https://a.example", "http://[::1]:3000"]
    assert Settings().trusted_proxies == ["10.0.0.0/8", "127.0.0.1"]


def test_whoever_says_nothing_is_in_production() -> None:
    assert Settings().production
    assert not Settings(environment="development").production
