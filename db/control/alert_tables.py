"""The rows of alerts: what is wrong, what was told of it, and to whom it still has to be told."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, Index, text
from sqlmodel import Field

from db.control import columns


class Severity(StrEnum):
    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class AlertState(StrEnum):
    PENDING = "PENDING"
    FIRING = "FIRING"
    RESOLVED = "RESOLVED"


class AlertEventKind(StrEnum):
    FIRED = "FIRED"
    RESOLVED = "RESOLVED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    SILENCED = "SILENCED"
    REPEATED = "REPEATED"


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


UNRESOLVED = text("resolved_at IS NULL")


class Alert(columns.Row, table=True):
    """One rule's condition about one subject, from when it first held until it is over."""

    __tablename__: ClassVar[str] = "alert"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name
    __table_args__ = (
        # One open alert per rule and subject.
        Index(
            "uq_alert_open", "rule_key", "subject", unique=True, sqlite_where=UNRESOLVED, postgresql_where=UNRESOLVED
        ),
        Index("ix_alert_started", "started_at", "id"),
    )

    id: str = Field(primary_key=True)
    rule_key: str
    # What it is about: a table, an index, a node; 'database' for the whole.
    subject: str
    severity: Severity
    state: AlertState = AlertState.PENDING
    summary: str
    value: float
    # As they were when the value was compared.
    threshold: float
    unit: str
    started_at: datetime = columns.moment()
    # When the condition was last seen to hold.
    seen_at: datetime = columns.moment()
    # When it was first seen not to hold any more; None while it holds.
    cleared_at: datetime | None = columns.optional_moment()
    fired_at: datetime | None = columns.optional_moment()
    resolved_at: datetime | None = columns.optional_moment()
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = columns.optional_moment()
    # When FIRED or REPEATED was last told.
    told_at: datetime | None = columns.optional_moment()
    # Why it is not told: the rule whose alert explains it, a silence's id, or a maintenance window.
    muted_by: str | None = None


class AlertEvent(columns.Row, table=True):
    """One entry of the durable event log; entries are added and never changed. `number` is the feed's cursor."""

    __tablename__: ClassVar[str] = "alert_event"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name
    __table_args__ = ({"sqlite_autoincrement": True},)  # a number is given once, even when the newest are removed

    number: int | None = Field(default=None, primary_key=True)
    kind: AlertEventKind
    at: datetime = columns.moment()
    alert_id: str = Field(index=True)
    severity: Severity
    # The alert as it was then: the row's fields, moments as ISO 8601.
    alert: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Silence(columns.Row, table=True):
    """Nothing is told of a rule's alerts (about one subject, where it is given) until a moment."""

    __tablename__: ClassVar[str] = "silence"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name

    id: str = Field(primary_key=True)
    rule_key: str
    subject: str | None = None
    until: datetime = columns.moment()
    created_by: str
    created_at: datetime = columns.moment()
    reason: str


class Delivery(columns.Row, table=True):
    """The outbox: one event that one channel has to tell, written with the event itself."""

    __tablename__: ClassVar[str] = "delivery"  # pyright: ignore[reportIncompatibleVariableOverride] - a plain name
    __table_args__ = (
        Index("ix_delivery_due", "state", "channel", "due_at"),
        Index("uq_delivery", "event_number", "channel", unique=True),
    )

    number: int | None = Field(default=None, primary_key=True)
    channel: str
    event_number: int
    alert_id: str
    # The alert's rule; what is due at the same time is told of a rule in one message.
    group: str
    state: DeliveryState = DeliveryState.PENDING
    created_at: datetime = columns.moment()
    # Not before this.
    due_at: datetime = columns.moment()
    attempts: int = 0
    sent_at: datetime | None = columns.optional_moment()
    # What it was told in, by the name that its receiver knows: an e-mail's Message-ID.
    message: str | None = None
    error: str | None = None
