"""Base backups: taken, verified, kept as long as they are needed, and unpacked again."""

from db.repository import BackupKind
from jobs.backups.calendar import schedule
from jobs.backups.chains import chain
from jobs.backups.kinds import BACKUP, LANE, VERIFY
from jobs.backups.listing import Backup, BackupState, by_id, listing
from jobs.backups.objectives import Objectives
from jobs.backups.points import RestorePoint, create_restore_point
from jobs.backups.requests import request, request_verification
from jobs.backups.retention import expire
from jobs.backups.standing import status
from jobs.backups.status import BackupStatus, RecoveryWindow
from jobs.backups.take import abandon, take
from jobs.backups.unpacking import discard, unpack
from jobs.backups.verifying import verify
from jobs.worker.job import Kind

KINDS = (Kind(BACKUP, LANE, take, abandon), Kind(VERIFY, LANE, verify))

__all__ = [
    "KINDS",
    "Backup",
    "BackupKind",
    "BackupState",
    "BackupStatus",
    "Objectives",
    "RecoveryWindow",
    "RestorePoint",
    "by_id",
    "chain",
    "create_restore_point",
    "discard",
    "expire",
    "listing",
    "request",
    "request_verification",
    "schedule",
    "status",
    "unpack",
]
