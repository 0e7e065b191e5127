"""What is promised about restores, beside what is true."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.repository import BackupManifest
from db.repository.window import Window
from jobs.site import Policy

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Objectives:
    """What is promised beside what is true now; None where that is not known."""

    window_days: int
    rpo_seconds: float
    rto_seconds: float
    window_days_now: float | None
    rpo_seconds_now: float | None
    rto_seconds_last: float | None
    met: bool


def compare(
    policy: Policy,
    now: datetime,
    manifests: Sequence[BackupManifest],
    reachable: Window | None,
    last_restore: timedelta | None,
) -> Objectives:
    """Compare; a window that reaches back to the oldest backup there is is as long as it can be."""
    back = now - reachable.earliest.at if reachable else None
    lost = max(now - reachable.latest.at, timedelta()) if reachable else None
    whole = reachable is not None and reachable.earliest.at <= max(now - policy.window, manifests[0].finished_at)
    return Objectives(
        window_days=policy.window.days,
        rpo_seconds=policy.rpo.total_seconds(),
        rto_seconds=policy.rto.total_seconds(),
        window_days_now=None if back is None else back / DAY,
        rpo_seconds_now=None if lost is None else lost.total_seconds(),
        rto_seconds_last=None if last_restore is None else last_restore.total_seconds(),
        met=whole and lost is not None and lost <= policy.rpo and (last_restore is None or last_restore <= policy.rto),
    )
