"""How one alert goes from pending over firing to resolved."""

from datetime import datetime, timedelta
from uuid import uuid4

from db.control import Alert, AlertState
from jobs.alerts.rule import Reading, Rule

# An alert that was not looked at for longer is not known to have gone on: the worker was away, or the server.
LEAST_PATIENCE = timedelta(minutes=15)


def begin(rule: Rule, reading: Reading, *, now: datetime) -> Alert:
    """Return the alert of a condition that was not there before."""
    alert = Alert(
        id=uuid4().hex,
        rule_key=rule.key,
        subject=reading.subject,
        severity=rule.severity,
        summary=reading.summary,
        value=0,
        threshold=rule.threshold,
        unit=rule.unit,
        started_at=now,
        seen_at=now,
    )
    hold(alert, rule, reading, now=now)
    return alert


def hold(alert: Alert, rule: Rule, reading: Reading, *, now: datetime) -> None:
    """Note that the condition holds, as the rule is now; it fires once it has held for long enough."""
    if alert.state is AlertState.PENDING and now - alert.seen_at > max(LEAST_PATIENCE, rule.for_ / 10):
        alert.started_at = now
    alert.severity, alert.threshold, alert.unit = rule.severity, rule.threshold, rule.unit
    alert.value, alert.summary = reading.value or 0, reading.summary
    alert.seen_at, alert.cleared_at = now, None
    if alert.state is AlertState.PENDING and now - alert.started_at >= rule.for_:
        alert.state, alert.fired_at = AlertState.FIRING, now


def clear(alert: Alert, *, now: datetime, settle: timedelta) -> None:
    """Note that the condition does not hold; a firing alert is over once that was seen twice, `settle` apart."""
    if alert.cleared_at is None:
        alert.cleared_at = now
    elif now > alert.cleared_at and now - alert.cleared_at >= settle:
        resolve(alert, now=now)


def resolve(alert: Alert, *, now: datetime) -> None:
    alert.state, alert.resolved_at, alert.muted_by = AlertState.RESOLVED, now, None
