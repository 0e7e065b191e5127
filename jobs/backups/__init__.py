"""Base backups: taken, verified, kept as long as they are needed, and unpacked again."""

from jobs.backups.chain import chain
from jobs.backups.unpack import discard, unpack

__all__ = ["chain", "discard", "unpack"]
