"""Every setting, read from the environment (`YUKYU_…`) in the entry points and passed down from there."""

import os
import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from api import secret_files
from api.limit_settings import LimitSettings
from db import tls

ROLES_CLAIM = "roles"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# An address as SMTP takes it, alone or behind a name: 'alerts@example.jp', 'YuKyuDATA <alerts@example.jp>'.
ADDRESS = re.compile(r"[!-~]+@[!-~]+|[^<>@\x00-\x1f\x7f]*<[!-;=?-~]+@[!-;=?-~]+>")


def default_data_dir() -> Path:
    """Return where an embedded installation lives when nobody says otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/yukyu")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "yukyu"


class Settings(LimitSettings):
    """Settings by name; `YUKYU_DATA_DIR` sets `data_dir` and so on."""

    model_config = SettingsConfigDict(
        env_prefix="YUKYU_",
        env_ignore_empty=True,
        extra="ignore",
        validate_default=True,  # a secret that is not given may be in a file
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Everything an embedded installation owns: clusters, state, backups, sockets, logs.",
    )
    pg_bin: Path | None = Field(
        default=None, description="Directory of another PostgreSQL's programs; the embedded one is used otherwise."
    )
    primary_port: int | None = Field(
        default=None, ge=1, le=65535, description="The embedded primary's port; a free one is picked at first start."
    )
    replica_port: int | None = Field(
        default=None, ge=1, le=65535, description="The embedded replica's port; a free one is picked at first start."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="libpq URL of the primary, or sqlite+aiosqlite:///FILE; the data directory's when not given.",
    )
    replica_urls: Annotated[list[SecretStr], NoDecode] = Field(
        default_factory=list[SecretStr], description="libpq URLs of the replicas, separated by commas."
    )
    backups: bool = Field(default=True, description="Whether WAL is archived and backups are taken by themselves.")
    backup_dir: Path | None = Field(
        default=None, description="The backup repository; `backups` in the data directory when not given."
    )
    keys_file: Path | None = Field(
        default=None,
        description="The key ring that personal columns, backups and WAL are encrypted with; none are when not given.",
    )
    backup_at: time = Field(default=time(17), description="When the daily backup is taken, HH:MM in UTC.")
    synchronous_archive: bool = Field(
        default=False, description="Whether a commit waits until its WAL is in the backup repository."
    )
    window_days: int = Field(default=7, ge=1, le=366, description="How far back every moment can be restored.")
    rpo_seconds: int = Field(default=300, ge=1, description="How much committed work may be lost, as promised.")
    rto_seconds: int = Field(default=1800, ge=1, description="How long a restore may take, as promised.")
    monitor_interval: int = Field(
        default=15, ge=1, le=3600, description="How often servers are measured and alert rules looked at, in seconds."
    )
    control_url: SecretStr | None = Field(
        default=None,
        description="URL of a PostgreSQL for the control store; SQLite in the state directory when not given.",
    )
    workers: int = Field(default=1, ge=1, le=64, description="How many processes `yukyu serve` answers with.")
    read_connections: int = Field(
        default=10, ge=1, le=1000, description="Connections to each database server for reads, of all workers together."
    )
    write_connections: int = Field(
        default=5, ge=1, le=1000, description="Connections to the primary for writes, of all workers together."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    jwt_secret: SecretStr | None = Field(
        default=None, description="Secret that signs tokens (HS256), 32 characters or more."
    )
    jwt_secret_previous: SecretStr | None = Field(
        default=None, description="The secret before; tokens that it has signed still count."
    )
    jwks_url: str | None = Field(
        default=None, description="Where an identity provider publishes its keys; its tokens (RS256, ES256) count too."
    )
    jwt_issuer: str | None = Field(default=None, description="What a token has to say in `iss`.")
    jwt_audience: str | None = Field(default=None, description="What a token has to say in `aud`.")
    jwt_roles_claim: str = Field(
        default=ROLES_CLAIM, min_length=1, description="Claim with the roles; dots lead into claims in claims."
    )
    alert_rules: Path | None = Field(
        default=None, description="YAML file with other thresholds for alert rules, and maintenance windows."
    )
    alert_repeat_seconds: int = Field(
        default=4 * 3600, ge=60, le=30 * 86400, description="After which an alert that nobody has seen is told again."
    )
    smtp_host: str | None = Field(default=None, description="Server that takes alerts by e-mail.")
    smtp_port: int | None = Field(
        default=None, ge=1, le=65535, description="Its port; 587 with starttls, 465 with tls, 25 with none."
    )
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        default="starttls", description="How the connection to it is encrypted."
    )
    smtp_username: str | None = Field(default=None, description="User name at the e-mail server, where it wants one.")
    smtp_password: SecretStr | None = Field(default=None, description="Password at the e-mail server.")
    smtp_ca_file: FilePath | None = Field(
        default=None, description="Certificates (PEM) that vouch for the e-mail server; the system's when not given."
    )
    alert_email_from: str | None = Field(default=None, description="Sender of alerts by e-mail.")
    alert_email_to: Annotated[list[str], NoDecode] = Field(
        default_factory=list[str], description="Who gets alerts by e-mail, separated by commas."
    )
    slack_webhook_url: SecretStr | None = Field(default=None, description="Slack's incoming webhook for alerts.")
    pagerduty_routing_key: SecretStr | None = Field(default=None, description="PagerDuty's integration key for alerts.")
    pagerduty_url: str | None = Field(default=None, description="Where PagerDuty takes events; its own when not given.")
    language: Literal["en", "ja"] = Field(default="en", description="Language of what is told of alerts.")
    public_url: str | None = Field(default=None, description="Where people reach the API, for links in what is told.")
    log_format: Literal["json", "console"] | None = Field(
        default=None, description="'json' or 'console'; console on a terminal."
    )

    @field_validator("replica_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [url.strip() for url in value.split(",") if url.strip()] if isinstance(value, str) else value

    @field_validator("database_url", "replica_urls", "control_url")
    @classmethod
    def _with_usable_tls(cls, value: SecretStr | list[SecretStr] | None) -> SecretStr | list[SecretStr] | None:
        for each in [value] if isinstance(value, SecretStr) else value or ():
            if fault := tls.fault_of(each.get_secret_value()):
                raise ValueError(fault)
        return value

    @field_validator("backup_at")
    @classmethod
    def _in_utc(cls, value: time) -> time:
        if value.tzinfo is not None:
            message = "is in UTC, without an offset; 17:00 is two in the morning in Japan"
            raise ValueError(message)
        return value

    @field_validator("jwt_secret", "jwt_secret_previous")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        shortest = 32
        if value is not None and len(value.get_secret_value()) < shortest:
            message = f"must have {shortest} characters or more; `openssl rand -base64 48` makes one"
            raise ValueError(message)
        return value

    @field_validator("alert_email_to", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        return [each.strip() for each in value.split(",") if each.strip()] if isinstance(value, str) else value

    @field_validator("alert_email_from", "alert_email_to")
    @classmethod
    def _addresses(cls, value: str | list[str] | None) -> str | list[str] | None:
        for each in [value] if isinstance(value, str) else value or ():
            if not ADDRESS.fullmatch(each):
                message = f"{each!r} is no e-mail address such as alerts@example.jp or 'Alerts <alerts@example.jp>'"
                raise ValueError(message)
        return value

    @field_validator("slack_webhook_url", "pagerduty_url", "public_url")
    @classmethod
    def _url(cls, value: SecretStr | str | None) -> SecretStr | str | None:
        given = value.get_secret_value() if isinstance(value, SecretStr) else value
        if given is not None and not _is_web_address(given):
            message = "is no address of the form https://HOST/PATH"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _whole_channels(self) -> Self:
        """Refuse a channel that is half configured: whoever set it up believes that alerts are told."""
        email = {
            "YUKYU_SMTP_HOST": self.smtp_host,
            "YUKYU_ALERT_EMAIL_FROM": self.alert_email_from,
            "YUKYU_ALERT_EMAIL_TO": self.alert_email_to,
        }
        credentials = {"YUKYU_SMTP_USERNAME": self.smtp_username, "YUKYU_SMTP_PASSWORD": self.smtp_password}
        _all_or_none("Alerts by e-mail need", email)
        _all_or_none("Signing in at the e-mail server needs", credentials)
        if self.smtp_username:
            _all_or_none("Alerts by e-mail need", credentials | email)
        if self.pagerduty_url:
            key = {"YUKYU_PAGERDUTY_URL": self.pagerduty_url, "YUKYU_PAGERDUTY_ROUTING_KEY": self.pagerduty_routing_key}
            _all_or_none("Alerts by PagerDuty need", key)
        return self

    @model_validator(mode="after")
    def _meant_for_us(self) -> Self:
        """Refuse to take whatever a provider signs: its tokens for other applications, and often for other tenants."""
        if self.jwks_url:
            tokens = {
                "YUKYU_JWKS_URL": self.jwks_url,
                "YUKYU_JWT_ISSUER": self.jwt_issuer,
                "YUKYU_JWT_AUDIENCE": self.jwt_audience,
            }
            _all_or_none("An identity provider's tokens need", tokens)
        return self

    @field_validator("jwks_url")
    @classmethod
    def _private(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = urlsplit(value)
        if not _is_web_address(value) or not (
            address.scheme == "https" or (address.scheme == "http" and address.hostname in LOOPBACK)
        ):
            message = "must be an https address: who can change the keys on their way can sign in as anybody"
            raise ValueError(message)
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _from_file(cls, value: object, info: ValidationInfo) -> object:
        """Let every secret be in a file as well, which `YUKYU_…_FILE` names."""
        name = info.field_name or ""
        if not secret_files.is_secret(cls.model_fields[name].annotation):
            return value
        return secret_files.value_of(f"YUKYU_{name.upper()}", value)

    @property
    def state_dir(self) -> Path:
        return self.data_dir / "state"

    @property
    def repository_dir(self) -> Path:
        return self.backup_dir or self.data_dir / "backups"


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _all_or_none(what: str, settings: Mapping[str, object]) -> None:
    missing = [name for name, value in settings.items() if not value]
    if missing and len(missing) < len(settings):
        given = " and ".join(name for name in settings if name not in missing)
        message = f"{what} {' and '.join(missing)} too, where {given} is set"
        raise ValueError(message)
