"""Every setting, read from the environment (`YUKYU_…`) in the entry points and passed down from there."""

import os
import re
from datetime import time
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

import limits
from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

OFF = "off"
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")


def default_data_dir() -> Path:
    """Return where an embedded installation lives when nobody says otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/yukyu")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "yukyu"


class Settings(BaseSettings):
    """Settings by name; `YUKYU_DATA_DIR` sets `data_dir` and so on."""

    model_config = SettingsConfigDict(env_prefix="YUKYU_", env_ignore_empty=True, extra="ignore")

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
        default=None, description="libpq URL of the primary; the installation in the data directory when not given."
    )
    replica_urls: Annotated[list[SecretStr], NoDecode] = Field(
        default_factory=list[SecretStr], description="libpq URLs of the replicas, separated by commas."
    )
    backups: bool = Field(default=True, description="Whether WAL is archived and backups are taken by themselves.")
    backup_dir: Path | None = Field(
        default=None, description="The backup repository; `backups` in the data directory when not given."
    )
    backup_at: time = Field(default=time(17), description="When the daily backup is taken, HH:MM in UTC.")
    synchronous_archive: bool = Field(
        default=False, description="Whether a commit waits until its WAL is in the backup repository."
    )
    window_days: int = Field(default=7, ge=1, le=366, description="How far back every moment can be restored.")
    rpo_seconds: int = Field(default=300, ge=1, description="How much committed work may be lost, as promised.")
    rto_seconds: int = Field(default=1800, ge=1, description="How long a restore may take, as promised.")
    control_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy URL of the control store; SQLite in the state directory when not given."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    jwt_secret: SecretStr | None = Field(
        default=None, description="Secret that signs tokens (HS256), 32 characters or more."
    )
    environment: Literal["development", "production"] | None = Field(
        default=None,
        description="'development' or 'production'; `yukyu up` on loopback is development, all else production.",
    )
    max_request_bytes: int = Field(default=256 * 1024, ge=1024, description="Largest request body accepted.")
    operation_timeout_seconds: float = Field(default=15, gt=0, description="Longest an operation may run.")
    max_depth: int = Field(default=15, ge=1, description="How deep a document may nest.")
    max_aliases: int = Field(default=30, ge=0, description="How many aliases a document may have.")
    max_fields: int = Field(default=500, ge=1, description="How many fields a document may select.")
    max_directives: int = Field(default=50, ge=0, description="How many directives a document may have.")
    max_tokens: int = Field(default=2_000, ge=10, description="How many tokens a document may have.")
    max_cost: int = Field(default=20_000, ge=1, description="What an operation may cost.")
    max_operations_per_user: int | None = Field(
        default=None, ge=1, description="How many operations of one user run at a time; 30 in production."
    )
    max_streams_per_user: int = Field(
        default=20, ge=1, description="How many WebSockets and event streams one user may hold open."
    )
    max_subscriptions_per_user: int = Field(
        default=100, ge=1, description="How many subscriptions one user may have, over all of them."
    )
    rate_limit_address: str | None = Field(
        default=None, description="Requests from one address, such as '12000/minute' (in production), or 'off'."
    )
    rate_limit_user: str | None = Field(
        default=None, description="Cost of one user's operations, such as '600000/minute' (in production), or 'off'."
    )
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        default_factory=list[str],
        description="Addresses or networks, separated by commas, whose X-Forwarded-For and -Proto are believed.",
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list[str],
        description="Origins, separated by commas, whose pages may ask from a browser; none but our own by default.",
    )
    hsts_seconds: int = Field(
        default=0, ge=0, description="How long browsers shall insist on TLS; said over TLS only, never with 0."
    )
    trusted_documents: Literal["off", "allow", "only"] = Field(
        default="off", description="Whether documents may, or must, be those of the trusted documents file."
    )
    trusted_documents_file: Path | None = Field(
        default=None,
        validate_default=True,
        description="JSON file of documents by id, as Relay's and Apollo's compilers write it.",
    )
    log_format: Literal["json", "console"] | None = Field(
        default=None, description="'json' or 'console'; console on a terminal."
    )

    @field_validator("replica_urls", "trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [url.strip() for url in value.split(",") if url.strip()] if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        for origin in value:
            if not ORIGIN.fullmatch(origin):
                message = f"{origin!r} is not an origin; one looks like https://app.example.jp, without a path"
                raise ValueError(message)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for network in value:
            ip_network(network, strict=False)
        return value

    @field_validator("rate_limit_address", "rate_limit_user")
    @classmethod
    def _rate(cls, value: str | None) -> str | None:
        if value is None or value == OFF:
            return value
        try:
            limits.parse(value)
        except ValueError as error:
            message = f"{value!r} is not a rate; one looks like '600000/minute', and 'off' is none"
            raise ValueError(message) from error
        return value

    @field_validator("trusted_documents_file")
    @classmethod
    def _named(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None and info.data.get("trusted_documents", OFF) != OFF:
            message = "must name the file where YUKYU_TRUSTED_DOCUMENTS is not 'off'"
            raise ValueError(message)
        return value

    @field_validator("backup_at")
    @classmethod
    def _in_utc(cls, value: time) -> time:
        if value.tzinfo is not None:
            message = "is in UTC, without an offset; 17:00 is two in the morning in Japan"
            raise ValueError(message)
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        shortest = 32
        if value is not None and len(value.get_secret_value()) < shortest:
            message = f"must have {shortest} characters or more; `openssl rand -base64 48` makes one"
            raise ValueError(message)
        return value

    @property
    def production(self) -> bool:
        """Whether strangers may be about: so it is unless somebody said otherwise."""
        return self.environment != "development"

    @property
    def state_dir(self) -> Path:
        return self.data_dir / "state"

    @property
    def repository_dir(self) -> Path:
        return self.backup_dir or self.data_dir / "backups"
