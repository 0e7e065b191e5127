"""The names of backups: when, of what kind, and four letters so that no two are the same."""

import secrets
from datetime import UTC, datetime

from db.repository import BackupKind

KINDS = {BackupKind.FULL: "full", BackupKind.INCREMENTAL: "incr"}


def make(kind: BackupKind, now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{KINDS[kind]}-{secrets.token_hex(2)}"
