"""The backup repository: WAL archive and base backups, which are all that a restore needs."""

from db.repository.manifests import BackupKind, BackupManifest, StoredFile
from db.repository.place import Incarnation, Repository
from db.repository.segments import SEGMENT_BYTES, Segment

__all__ = ["SEGMENT_BYTES", "BackupKind", "BackupManifest", "Incarnation", "Repository", "Segment", "StoredFile"]
