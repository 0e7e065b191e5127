"""What is told of an alert: one entry of the event log, in a shape that every channel can put into words."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Self

from db.control import AlertEvent, AlertEventKind, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event of one alert; title and action are the rule's, in English."""

    # Of the event log; 0 for a test.
    event: int
    kind: AlertEventKind
    at: datetime
    alert_id: str
    rule_key: str
    title: str
    action: str
    subject: str
    severity: Severity
    summary: str
    value: float
    threshold: float
    unit: str
    since: datetime
    acknowledged_by: str | None = None
    # The message in which the same channel told that it fired, where there was one.
    fired_in: str | None = None

    @classmethod
    def of(cls, event: AlertEvent, *, title: str, action: str, fired_in: str | None = None) -> Self:
        """Read an entry of the event log.

        Raises:
            KeyError, ValueError: it was written by another version, with other names.
        """
        alert = event.alert
        return cls(
            event=event.number or 0,
            kind=event.kind,
            at=event.at,
            alert_id=event.alert_id,
            rule_key=alert["rule_key"],
            title=title,
            action=action,
            subject=alert["subject"],
            severity=event.severity,
            summary=alert["summary"],
            value=float(alert["value"]),
            threshold=float(alert["threshold"]),
            unit=alert["unit"],
            since=datetime.fromisoformat(alert["started_at"]),
            acknowledged_by=alert.get("acknowledged_by"),
            fired_in=fired_in,
        )

    @property
    def fingerprint(self) -> str:
        """The alert's name towards receivers; the same in all that is told of it, and of no other."""
        return sha256(f"{self.rule_key}\0{self.subject}\0{self.alert_id}".encode()).hexdigest()[:32]
