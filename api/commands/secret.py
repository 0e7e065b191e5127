"""The secret that signs tokens: the setting's, or one made and kept in the state directory."""

import os
import secrets
from pathlib import Path

from api.settings import Settings
from api.tokens import Tokens
from db.errors import AppError

FILE = "jwt-secret"


class NoSecretError(AppError):
    """There is nothing to sign a token with."""

    code = "UNAUTHENTICATED"


def tokens(settings: Settings) -> Tokens:
    """Return what mints and reads tokens here.

    Raises:
        NoSecretError: no secret is set, and no installation keeps one.
    """
    if settings.jwt_secret is not None:
        return Tokens(settings.jwt_secret.get_secret_value())
    path = settings.state_dir / FILE
    if not path.exists():
        raise NoSecretError(
            f"There is no secret to sign tokens with: YUKYU_JWT_SECRET is not set and there is no {path}.",
            hint="`yukyu up` makes one at its first start; for `yukyu serve`, set YUKYU_JWT_SECRET.",
        )
    return Tokens(path.read_text("ascii"))


def ensure(settings: Settings) -> Tokens:
    """Return the same, making a secret in the state directory when there is none."""
    path = settings.state_dir / FILE
    if settings.jwt_secret is None and not path.exists():
        _create(path)
    return tokens(settings)


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
