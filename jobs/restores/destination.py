"""Where on which timeline a target is, as the archive's marks say."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from db.lsn import Lsn
from db.repository import BackupManifest, Incarnation, marks
from db.repository.history import Lineage
from db.repository.inventory import Inventory
from db.repository.marks import Mark
from db.restores.goal import Goal
from jobs.refusal import Refusal
from jobs.restores.target import Target, TargetKind

# How far behind a moment the first known commit after it is looked for, before all of them are.
NEAR = (timedelta(minutes=2), timedelta(hours=2))


@dataclass(frozen=True)
class Destination:
    """How far recovery goes.

    `end` is the position up to which WAL is needed. `proof` is what must have been replayed where the WAL ends before
    the goal stops it: nothing that belongs to the target can be behind it. `at` is its moment, as far as it is known.
    """

    goal: Goal
    end: Lsn
    proof: Lsn
    at: datetime | None


def find(incarnation: Incarnation, inventory: Inventory, target: Target, now: datetime) -> Destination | Refusal:
    match target.kind:
        case TargetKind.TIME:
            return _of_time(incarnation, inventory, target.moment, now)
        case TargetKind.LSN:
            return _of_position(incarnation, inventory, target.position)
        case TargetKind.POINT:
            return _of_point(incarnation, target.value)
        case TargetKind.BACKUP:
            return _of_backup(incarnation, target.value)
        case TargetKind.LATEST:
            return _of_latest(incarnation, inventory, now)


def live_timeline(incarnation: Incarnation, inventory: Inventory, now: datetime) -> int:
    """Return the timeline that clients write to, or wrote to last."""
    if marks.lives(incarnation) or marks.newest(incarnation):
        return marks.live_timeline_at(incarnation, now)
    return max(inventory.segments, default=1)


def _of_time(incarnation: Incarnation, inventory: Inventory, moment: datetime, now: datetime) -> Destination | Refusal:
    if moment > now:
        return Refusal("IN_FUTURE", f"{_written(moment)} is in the future.", hint="Choose a moment that has passed.")
    timeline = marks.live_timeline_at(incarnation, moment)
    closed = any(mark.at > moment and mark.timeline != timeline for mark in marks.lives(incarnation))
    after = _first_after(incarnation, timeline, moment)
    goal = Goal(timeline, time=moment)
    if after is not None:
        return Destination(goal, after.lsn, after.lsn, moment)
    last = _last_on(incarnation, timeline, moment)
    if closed:
        end = inventory.end(timeline)
        return Destination(goal, end, last.lsn if last else Lsn(0), moment)
    if last is None:
        return Refusal(
            "OUTSIDE_WINDOW",
            "The archive holds no commit whose moment is known.",
            hint="Wait until the worker has run for a minute; `yukyu backup status` says what can be restored.",
        )
    return Refusal(
        "OUTSIDE_WINDOW",
        f"{_written(moment)} is not in the archive yet: the last commit known to be there is of {_written(last.at)}.",
        hint="Choose that moment or an earlier one, or wait until the archive has caught up.",
    )


def _of_position(incarnation: Incarnation, inventory: Inventory, position: Lsn) -> Destination | Refusal:
    mark = marks.newest(incarnation)
    lives = marks.lives(incarnation)
    live = lives[-1].timeline if lives else mark.timeline if mark else max(inventory.segments, default=1)
    if position > (end := inventory.end(live)):
        return Refusal(
            "IN_FUTURE",
            f"The archive reaches to {end}, and {position} is behind that.",
            hint="Choose an earlier position.",
        )
    timeline = Lineage.read(incarnation, live).timeline_at(position)
    at = next((each.at for each in marks.commits(incarnation) if each.lsn <= position), None)
    return Destination(Goal(timeline, lsn=position), position, position, at)


def _of_point(incarnation: Incarnation, name: str) -> Destination | Refusal:
    found = [mark for mark in marks.points(incarnation) if mark.name == name]
    if not found:
        known = ", ".join(str(mark.name) for mark in marks.points(incarnation)[-5:])
        return Refusal(
            "UNKNOWN_RESTORE_POINT",
            f"There is no restore point {name}.",
            hint=f"The newest are: {known}." if known else "There are none; `yukyu backup point NAME` makes one.",
        )
    mark = found[-1]
    return Destination(Goal(mark.timeline, lsn=mark.lsn), mark.lsn, mark.lsn, mark.at)


def _of_backup(incarnation: Incarnation, backup_id: str) -> Destination | Refusal:
    manifest = BackupManifest.read(incarnation, backup_id)
    if manifest is None:
        return Refusal(
            "NO_BACKUP",
            f"There is no finished backup {backup_id}.",
            hint="`yukyu backup list` names those that there are.",
        )
    stop = Lsn.parse(manifest.stop_lsn)
    return Destination(Goal(manifest.timeline), stop, stop, manifest.finished_at)


def _of_latest(incarnation: Incarnation, inventory: Inventory, now: datetime) -> Destination:
    timeline = live_timeline(incarnation, inventory, now)
    end = inventory.end(timeline)
    mark = next((each for each in marks.commits(incarnation) if each.timeline == timeline and each.lsn <= end), None)
    return Destination(Goal(timeline, lsn=end), end, mark.lsn if mark else Lsn(0), mark.at if mark else None)


def _first_after(incarnation: Incarnation, timeline: int, moment: datetime) -> Mark | None:
    """Return the first commit on a timeline that is known to be of this moment or later."""
    for limit in (*(moment + near for near in NEAR), None):
        found: Mark | None = None
        for mark in marks.commits(incarnation, before=limit):
            if mark.at < moment:
                break
            if mark.timeline == timeline:
                found = mark
        if found is not None:
            return found
    return None


def _last_on(incarnation: Incarnation, timeline: int, moment: datetime) -> Mark | None:
    before = marks.commits(incarnation, before=moment)
    return next((mark for mark in before if mark.timeline == timeline), None)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
