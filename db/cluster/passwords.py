"""The passwords of the three roles, made at first start and known to nobody else."""

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from db.cluster import durable

ITERATIONS = 4096  # PostgreSQL's own


class Passwords(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    superuser: str
    application: str
    replication: str

    @classmethod
    def generate(cls) -> "Passwords":
        # URL-safe, so that a libpq URL needs no escaping.
        return cls(
            superuser=secrets.token_urlsafe(24),
            application=secrets.token_urlsafe(24),
            replication=secrets.token_urlsafe(24),
        )

    @classmethod
    def load_or_create(cls, path: Path) -> "Passwords":
        if not path.exists():
            durable.write(path, cls.generate().model_dump_json(indent=2) + "\n", mode=0o600)
        return cls.model_validate_json(path.read_text(encoding="utf-8"))


def scram_verifier(password: str, *, iterations: int = ITERATIONS) -> str:
    """Return what PostgreSQL stores of a password, so that the password itself never reaches it or its log."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{encoded[0]}${encoded[1]}:{encoded[2]}"
