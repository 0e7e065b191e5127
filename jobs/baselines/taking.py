"""Takes baselines of the stored snapshots, and compares the present with them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import uuid4

from db.control import Baseline, audit, baselines, snapshots
from db.errors import AppError, BadInputError, NotFoundError
from db.monitoring.snapshot import BaselineFinding, Baselines
from jobs.baselines.comparing import FEWEST_SAMPLES, Change, compared
from jobs.baselines.measured import Measured, measured
from jobs.baselines.samples import sampled
from jobs.site import Site

# A baseline is of the last hour; what it is compared with of the last ten minutes.
SPAN: Final = timedelta(hours=1)
PRESENT: Final = timedelta(minutes=10)
# Snapshots that are looked at: more cost more and say the same.
MOST_SNAPSHOTS: Final = 60
LONGEST_LABEL: Final = 100
CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
ACTION: Final = "create-baseline"


class TooFewSnapshotsError(AppError):
    """Too little has been measured."""

    code = NotFoundError.code

    def __init__(self, found: int, span: timedelta, interval: timedelta) -> None:
        minutes, seconds = round(span.total_seconds() / 60), interval.total_seconds()
        super().__init__(
            f"There are {found} snapshots of the last {minutes} minutes, and {FEWEST_SAMPLES + 1} are needed.",
            hint=f"The worker, of `yukyu up` or `yukyu work`, takes one every {seconds:g} seconds: try again when it "
            "has run for a minute or two.",
        )


@dataclass(frozen=True)
class Comparison:
    """A baseline, the present in the same shape, and what changed; what is worse first."""

    baseline: Baseline
    current: Baseline
    changes: Sequence[Change]

    @property
    def regressed(self) -> bool:
        return any(change.regressed for change in self.changes)


def metrics_of(baseline: Baseline) -> list[Measured]:
    return [Measured.read(stored) for stored in baseline.metrics]


async def create(site: Site, label: str | None, *, by: str) -> Baseline:
    """Take a baseline of the last hour, or of as much of it as there is, and keep it.

    Raises:
        BadInputError: the label is too long, or no line of text.
        TooFewSnapshotsError: too little has been measured.
    """
    site.require_server("A baseline needs")
    label = _label(label)
    baseline = await _measure(site, SPAN, label=label, by=by)
    async with site.control.transaction() as session:
        await baselines.add(session, baseline)
        details = {"label": label, "metrics": len(baseline.metrics)}
        await audit.record(
            session,
            who=by,
            action=ACTION,
            subject=baseline.id,
            result=audit.SUCCEEDED,
            details=details,
            now=baseline.taken_at,
        )
    return baseline


async def listing(site: Site, *, last: int) -> Sequence[Baseline]:
    """Return the last baselines, newest first."""
    async with site.control.reading() as session:
        return await baselines.newest(session, limit=last)


async def by_id(site: Site, baseline_id: str) -> Baseline | None:
    async with site.control.reading() as session:
        return await baselines.by_id(session, baseline_id)


async def compare(site: Site, baseline_id: str | None) -> Comparison | None:
    """Compare the last minutes with a baseline, or with the newest; None where there is none.

    Raises:
        NotFoundError: there is none of this id.
        TooFewSnapshotsError: too little has been measured of late.
    """
    site.require_server("A baseline needs")
    if baseline_id is None:
        baseline = next(iter(await listing(site, last=1)), None)
        if baseline is None:
            return None
    elif (baseline := await by_id(site, baseline_id)) is None:
        raise NotFoundError("baseline", repr(baseline_id[:LONGEST_LABEL]))
    current = await _measure(site, PRESENT, label=None, by="")
    return Comparison(baseline, current, compared(metrics_of(baseline), metrics_of(current)))


async def findings(site: Site) -> Baselines:
    """Say what is worse than the newest baseline, for a snapshot; not known where too little has been measured."""
    try:
        comparison = await compare(site, None)
    except TooFewSnapshotsError:
        newest = next(iter(await listing(site, last=1)), None)
        return Baselines(newest_at=newest.taken_at if newest else None, regressions=None)
    if comparison is None:
        return Baselines(newest_at=None, regressions=None)
    worse = tuple(
        BaselineFinding(
            metric=change.name, before=change.before, now=change.after, ratio=change.ratio, query=change.query
        )
        for change in comparison.changes
        if change.regressed
    )
    return Baselines(newest_at=comparison.baseline.taken_at, regressions=worse)


async def count_snapshots(site: Site) -> int:
    """Return how many snapshots a baseline would be made of now."""
    now = site.clock()
    async with site.control.reading() as session:
        return await snapshots.count(session, since=now - SPAN, until=now)


async def _measure(site: Site, span: timedelta, *, label: str | None, by: str) -> Baseline:
    now = site.clock()
    async with site.control.reading() as session:
        found = await snapshots.spread(session, since=now - span, until=now, most=MOST_SNAPSHOTS)
    if len(found) <= FEWEST_SAMPLES:
        raise TooFewSnapshotsError(len(found), span, site.monitoring.interval)
    metrics = [each.stored() for each in measured(sampled(found))]
    return Baseline(id=uuid4().hex, label=label, taken_at=now, created_by=by, metrics=metrics)


def _label(label: str | None) -> str | None:
    text = (label or "").strip()
    if len(text) > LONGEST_LABEL or CONTROLS.search(text):
        raise BadInputError(f"A label is one line of at most {LONGEST_LABEL} characters.")
    return text or None
