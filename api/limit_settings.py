"""The settings that say who may ask, and for how much; `api.settings` has all others."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

import limits
from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

OFF = "off"
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")


class LimitSettings(BaseSettings):
    """Those of the API; docs/configuration.md explains each."""

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
    operations_per_user: int | None = Field(
        default=None, ge=1, description="How many operations of one user run at a time; 30 in production."
    )
    operations_at_once: int = Field(
        default=128, ge=1, description="How many operations one process has to answer at a time, waiting ones included."
    )
    streams_per_user: int = Field(
        default=20, ge=1, le=100_000, description="WebSockets and event streams that one user may have open."
    )
    subscriptions_per_user: int = Field(
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

    @field_validator("trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [each.strip() for each in value.split(",") if each.strip()] if isinstance(value, str) else value

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

    @property
    def production(self) -> bool:
        """Whether strangers may be about: so it is unless somebody said otherwise."""
        return self.environment != "development"
