"""The secret that signs tokens: the setting's, or one made and kept in the state directory."""

import os
import secrets
from pathlib import Path

import structlog

from api.remote_keys import RemoteKeys
from api.settings import Settings
from api.tokens import NoSecretError, Rules, Tokens

log = structlog.get_logger(__name__)

FILE = "jwt-secret"


def tokens(settings: Settings) -> Tokens:
    """Return what mints and reads tokens here.

    Raises:
        NoSecretError: no secret is set, and no installation keeps one.
    """
    secret = _secret(settings)
    if secret is None and settings.jwks_url is None:
        raise NoSecretError(
            "There is no secret to sign tokens with: YUKYU_JWT_SECRET is not set and there is no "
            f"{settings.state_dir / FILE}.",
            hint="`yukyu up` makes one at its first start; for `yukyu serve`, set YUKYU_JWT_SECRET.",
        )
    previous = settings.jwt_secret_previous
    return Tokens(
        secret,
        previous=previous.get_secret_value() if previous else None,
        rules=Rules(settings.jwt_issuer, settings.jwt_audience, settings.jwt_roles_claim),
        keys={} if settings.jwks_url else None,
    )


def remote_keys(settings: Settings, tokens: Tokens) -> RemoteKeys | None:
    """Return what fills in the keys of the identity provider, where there is one."""
    if settings.jwks_url is None:
        return None
    if settings.jwt_audience is None:
        log.warning("every token of the identity provider counts here", hint="YUKYU_JWT_AUDIENCE says which are for us")
    return RemoteKeys(settings.jwks_url, tokens.trust)


def ensure(settings: Settings) -> Tokens:
    """Return the same, making a secret in the state directory when there is none."""
    path = settings.state_dir / FILE
    if settings.jwt_secret is None and not path.exists():
        _create(path)
    return tokens(settings)


def _secret(settings: Settings) -> str | None:
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value()
    path = settings.state_dir / FILE
    return path.read_text("ascii") if path.exists() else None


def _create(path: Path) -> None:
    """Write a new secret for its owner alone; a crash leaves none or a whole one."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
