"""Restores: planned, recovered on a private server, verified, and only then made the live database."""

from jobs.restores.discarding import discard as _discard
from jobs.restores.kinds import DISCARD, LANE, PROMOTE, RESTORE, ROLL_BACK, TIDY
from jobs.restores.plan import Plan, plan
from jobs.restores.promoting import abandon as _abandon_promotion
from jobs.restores.promoting import promote as _promote
from jobs.restores.requests import discard, drill, operation_of, promote, roll_back, trigger
from jobs.restores.restoring import abandon as _abandon
from jobs.restores.restoring import restore
from jobs.restores.rolling_back import abandon as _abandon_rollback
from jobs.restores.rolling_back import roll_back as _roll_back
from jobs.restores.runs import by_id, count, listing, target_of
from jobs.restores.schedule import SCHEDULE
from jobs.restores.target import Target, TargetKind
from jobs.restores.tidying import tidy as _tidy
from jobs.worker.job import Kind

KINDS = (
    Kind(RESTORE, LANE, restore, _abandon),
    Kind(PROMOTE, LANE, _promote, _abandon_promotion),
    Kind(DISCARD, LANE, _discard),
    Kind(ROLL_BACK, LANE, _roll_back, _abandon_rollback),
    Kind(TIDY, LANE, _tidy),
)

__all__ = [
    "KINDS",
    "SCHEDULE",
    "Plan",
    "Target",
    "TargetKind",
    "by_id",
    "count",
    "discard",
    "drill",
    "listing",
    "operation_of",
    "plan",
    "promote",
    "roll_back",
    "target_of",
    "trigger",
]
