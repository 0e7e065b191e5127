"""The control store: what has to outlive the database it protects. SQLite in the state directory, or any URL."""

from db.control.account_tables import Account, RefreshToken, Revocation, SignIn
from db.control.alert_tables import (
    Alert,
    AlertEvent,
    AlertEventKind,
    AlertState,
    Delivery,
    DeliveryState,
    Severity,
    Silence,
)
from db.control.monitor_tables import ApiProcess, Baseline, SnapshotRow
from db.control.store import Control
from db.control.tables import AuditEntry, Operation, OperationState, RestoreRun, RestoreState, ScheduledRun

__all__ = [
    "Account",
    "Alert",
    "AlertEvent",
    "AlertEventKind",
    "AlertState",
    "ApiProcess",
    "AuditEntry",
    "Baseline",
    "Control",
    "Delivery",
    "DeliveryState",
    "Operation",
    "OperationState",
    "RefreshToken",
    "RestoreRun",
    "RestoreState",
    "Revocation",
    "ScheduledRun",
    "Severity",
    "SignIn",
    "Silence",
    "SnapshotRow",
]
