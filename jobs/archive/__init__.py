"""The WAL archive: kept up to date as long as `keep` runs, and known from its files alone."""

from jobs.archive.keeping import keep
from jobs.archive.status import ArchiveStatus, archive_status, look

__all__ = ["ArchiveStatus", "archive_status", "keep", "look"]
