"""Baselines, and the present compared with one."""

from datetime import datetime
from typing import Self

import strawberry

from db import control
from jobs.baselines import taking
from jobs.baselines.comparing import Change
from jobs.baselines.measured import Measured
from schema.types.node import Node, node_id

TABLE = "baseline"


@strawberry.type(description="One metric over a span of time.")
class BaselineMetric:
    name: str = strawberry.field(
        description="Which, such as 'cache-hit-ratio', 'table-bytes genzai' or 'statement-time' with a query id."
    )
    value: float = strawberry.field(description="The median of its values.")
    unit: str = strawberry.field(description="Their unit.")
    deviation: float = strawberry.field(description="The median of how far they lie from it, in the unit.")
    samples: int = strawberry.field(description="How many values there were.")
    query: str | None = strawberry.field(description="Of a statement's time: its text, without literals.")

    @classmethod
    def of(cls, metric: Measured) -> Self:
        return cls(
            name=metric.name,
            value=metric.value,
            unit=metric.unit,
            deviation=metric.deviation,
            samples=metric.samples,
            query=metric.query,
        )


@strawberry.type(description="How the database did in the hour before it was taken.")
class Baseline(Node):
    label: str | None = strawberry.field(description="What it was taken for.")
    taken_at: datetime = strawberry.field(description="When it was taken.")
    metrics: list[BaselineMetric] = strawberry.field(description="What was measured.")

    @classmethod
    def of(cls, baseline: control.Baseline) -> Self:
        return cls(
            id=node_id(TABLE, baseline.id),
            label=baseline.label,
            taken_at=baseline.taken_at,
            metrics=[BaselineMetric.of(metric) for metric in taking.metrics_of(baseline)],
        )


@strawberry.type(description="A metric then and now.")
class MetricChange:
    name: str = strawberry.field(description="Which.")
    unit: str = strawberry.field(description="Its unit.")
    before: float = strawberry.field(description="In the baseline.")
    after: float = strawberry.field(description="Now.")
    change_percent: float | None = strawberry.field(description="By how much it changed; null where it was 0.")
    regressed: bool = strawberry.field(description="Worse by more than the regression threshold.")
    query: str | None = strawberry.field(description="Of a statement's time: its text, without literals.")

    @classmethod
    def of(cls, change: Change) -> Self:
        return cls(
            name=change.name,
            unit=change.unit,
            before=change.before,
            after=change.after,
            change_percent=change.percent,
            regressed=change.regressed,
            query=change.query,
        )


@strawberry.type(description="The last ten minutes compared with a baseline.")
class BaselineComparison:
    baseline: Baseline = strawberry.field(description="The baseline.")
    current: Baseline = strawberry.field(description="The present in the same shape; it is not kept.")
    changes: list[MetricChange] = strawberry.field(description="What is in both; what has become worse comes first.")
    regressed: bool = strawberry.field(description="Whether anything has become worse.")

    @classmethod
    def of(cls, comparison: taking.Comparison) -> Self:
        return cls(
            baseline=Baseline.of(comparison.baseline),
            current=Baseline.of(comparison.current),
            changes=[MetricChange.of(change) for change in comparison.changes],
            regressed=comparison.regressed,
        )
