"""The control store: what has to outlive the database it protects. SQLite in the state directory, or any URL."""

from db.control.store import Control
from db.control.tables import AuditEntry, Operation, OperationState, RestoreRun, RestoreState, ScheduledRun

__all__ = ["AuditEntry", "Control", "Operation", "OperationState", "RestoreRun", "RestoreState", "ScheduledRun"]
