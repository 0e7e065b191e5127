"""Alerts, the rules they come of, the log of what was told of them, and silences."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Self

import strawberry

from db import control
from jobs.alerts.cursor import cursor_of
from jobs.alerts.rule import Rule
from jobs.alerts.rulebook import Rulebook
from schema.paging import Page
from schema.sharing import Outcomes
from schema.types.enums import AlertEventKind, AlertState, Severity
from schema.types.node import Node, node_id
from schema.types.page import PageInfo

TABLE = "alert"
SILENCES = "silence"


@strawberry.type(description="A condition that somebody should know of.")
class AlertRule:
    key: strawberry.ID = strawberry.field(description="Names it, in kebab-case.")
    title: str = strawberry.field(description="In a few words.")
    description: str = strawberry.field(description="What it means for those who use the system.")
    severity: Severity = strawberry.field(description="How bad it is.")
    threshold: float = strawberry.field(description="Beyond it the condition holds, in `unit`.")
    unit: str = strawberry.field(description="Of the threshold, and of an alert's value.")
    for_seconds: float = strawberry.field(description="How long the condition must hold before it fires.")
    enabled: bool = strawberry.field(description="Whether it is looked at.")
    action: str = strawberry.field(description="What to do about it.")
    below: bool = strawberry.field(description="Whether the condition holds below the threshold, not above it.")
    source: str = strawberry.field(description="Where the threshold comes from.")

    @classmethod
    def of(cls, rule: Rule) -> Self:
        return cls(
            key=strawberry.ID(rule.key),
            title=rule.title,
            description=rule.description,
            severity=rule.severity,
            threshold=rule.threshold,
            unit=rule.unit,
            for_seconds=rule.for_.total_seconds(),
            enabled=rule.enabled,
            action=rule.action,
            below=rule.below,
            source=rule.source,
        )

    @classmethod
    def of_alert(cls, alert: control.Alert, rulebook: Rulebook) -> Self:
        """Return the rule of an alert, as far as the alert tells of it where the rule is no more."""
        if (rule := rulebook.rule(alert.rule_key)) is not None:
            return cls.of(rule)
        return cls(
            key=strawberry.ID(alert.rule_key),
            title=alert.rule_key,
            description="This rule is no more.",
            severity=alert.severity,
            threshold=alert.threshold,
            unit=alert.unit,
            for_seconds=0,
            enabled=False,
            action="Nothing.",
            below=False,
            source="Another version of this software.",
        )


@strawberry.type(description="One rule's condition about one subject, from when it first held until it is over.")
class Alert(Node):
    rule: AlertRule = strawberry.field(description="What it comes of.")
    severity: Severity = strawberry.field(description="How bad it is.")
    state: AlertState = strawberry.field(description="How far it is.")
    subject: str = strawberry.field(
        description="What it is about: a table, an index, a node; 'database' for the whole."
    )
    summary: str = strawberry.field(description="What was measured, in a sentence.")
    value: float = strawberry.field(description="What was measured last, in the rule's unit.")
    started_at: datetime = strawberry.field(description="When the condition was first seen.")
    fired_at: datetime | None = strawberry.field(description="When it had held for long enough.")
    resolved_at: datetime | None = strawberry.field(description="When it was over.")
    acknowledged_by: str | None = strawberry.field(description="Who has said that they have seen it.")
    acknowledged_at: datetime | None = strawberry.field(description="When.")
    muted_by: str | None = strawberry.field(
        description=(
            "Why nobody is told of it: the rule whose alert explains it, a silence's id, or 'maintenance'; "
            "null when it is told."
        )
    )

    @classmethod
    def of(cls, alert: control.Alert, rulebook: Rulebook) -> Self:
        return cls(
            id=node_id(TABLE, alert.id),
            rule=AlertRule.of_alert(alert, rulebook),
            severity=alert.severity,
            state=alert.state,
            subject=alert.subject,
            summary=alert.summary,
            value=alert.value,
            started_at=alert.started_at,
            fired_at=alert.fired_at,
            resolved_at=alert.resolved_at,
            acknowledged_by=alert.acknowledged_by,
            acknowledged_at=alert.acknowledged_at,
            muted_by=alert.muted_by,
        )


@strawberry.type(description="An alert and its place in the order.")
class AlertEdge:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this alert.")
    node: Alert = strawberry.field(description="The alert.")


@strawberry.type(description="A page of the alerts, newest first.")
class AlertConnection:
    edges: list[AlertEdge] = strawberry.field(description="The alerts with their cursors.")
    nodes: list[Alert] = strawberry.field(description="The same alerts without.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many there are in all, of those asked for.")

    @classmethod
    def of(cls, page: Page[control.Alert], rulebook: Rulebook) -> Self:
        nodes = [Alert.of(alert, rulebook) for alert in page.items]
        edges = [AlertEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)]
        return cls(edges=edges, nodes=nodes, page_info=page.info, total_count=page.total)


@strawberry.type(
    description="One entry of the durable alert log. Pass the last cursor seen to resume without losing any."
)
class AlertEvent:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this entry.")
    kind: AlertEventKind = strawberry.field(description="What happened.")
    at: datetime = strawberry.field(description="When.")
    alert: Alert = strawberry.field(description="The alert as it was then.")
    outcomes: strawberry.Private[Outcomes] = field(default_factory=Outcomes)

    @classmethod
    def of(cls, event: control.AlertEvent, rulebook: Rulebook) -> Self:
        return cls(
            cursor=cursor_of(event.number or 0),
            kind=event.kind,
            at=event.at,
            alert=Alert.of(control.Alert.model_validate(event.alert), rulebook),
        )


@strawberry.type(description="Nothing is told of a rule's alerts until a moment.")
class Silence(Node):
    rule_key: str = strawberry.field(description="The rule.")
    subject: str | None = strawberry.field(description="The one subject it is about; all where there is none.")
    until: datetime = strawberry.field(description="When it ends, or ended.")
    created_by: str = strawberry.field(description="Who wanted it.")
    created_at: datetime = strawberry.field(description="When it began.")
    reason: str = strawberry.field(description="Why.")

    @classmethod
    def of(cls, silence: control.Silence) -> Self:
        return cls(
            id=node_id(SILENCES, silence.id),
            rule_key=silence.rule_key,
            subject=silence.subject,
            until=silence.until,
            created_by=silence.created_by,
            created_at=silence.created_at,
            reason=silence.reason,
        )


@strawberry.input(description="Asks for a silence.")
class SilenceInput:
    rule_key: strawberry.ID = strawberry.field(description="The rule's `key`.")
    subject: str | None = strawberry.field(
        default=None, description="Only alerts about this subject, 1 to 500 characters; all when not given."
    )
    until: datetime = strawberry.field(description="When it ends: in the future, and within 90 days.")
    reason: str = strawberry.field(description="Kept in the audit log; 1 to 1,000 characters.")


def severities_from(least: Severity | None) -> Sequence[Severity]:
    """Return the severities that are as bad as one, or worse; all when there is none."""
    every = list(Severity)
    return every if least is None else every[every.index(least) :]
