"""Moments and positions that are known to belong together: what a time means in WAL, and which history was live.

Three events are kept. A 'commit' was made at `at` or later, and is in the WAL
before `lsn`. From the moment of a 'live' mark on, its timeline is the one that
clients write to. A 'point' is a restore point that somebody named.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from db.cluster import durable
from db.lsn import Lsn
from db.repository.place import Incarnation

Event = Literal["commit", "live", "point"]

# Commits are in a file a day; the few others are in one file that stays.
OTHERS = "events.jsonl"
BLOCK_BYTES = 64 * 1024
# A day is thinned to one commit in this time once nothing is added to it any more.
THINNED = timedelta(minutes=1)


@dataclass(frozen=True)
class Mark:
    at: datetime
    timeline: int
    lsn: Lsn
    event: Event = "commit"
    name: str | None = None

    @property
    def line(self) -> str:
        """One line of JSON; lines compare as their moments do."""
        fields = {"at": _text(self.at), "timeline": self.timeline, "lsn": str(self.lsn), "event": self.event}
        return json.dumps(fields | ({"name": self.name} if self.name else {}), separators=(",", ":")) + "\n"

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """Read a line; None for one that a crash cut short."""
        try:
            fields = json.loads(line)
            at, lsn = datetime.fromisoformat(fields["at"]), Lsn.parse(fields["lsn"])
            return cls(at, int(fields["timeline"]), lsn, fields["event"], fields.get("name"))
        except (ValueError, KeyError, TypeError):
            return None


def append(incarnation: Incarnation, mark: Mark) -> None:
    """Add a mark, durably; any process may."""
    path = incarnation.marks / (f"{mark.at.astimezone(UTC):%Y-%m-%d}.jsonl" if mark.event == "commit" else OTHERS)
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, (_line_break(descriptor) + mark.line).encode())
        os.fsync(descriptor)
        if new:
            owner = path.parent.stat()
            if owner.st_uid != os.geteuid():
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            durable.sync_directory(path.parent)
    finally:
        os.close(descriptor)


def newest(incarnation: Incarnation, *, before: datetime | None = None) -> Mark | None:
    """Return the newest commit, or the newest at or before a moment."""
    return next(commits(incarnation, before=before), None)


def commits(incarnation: Incarnation, *, before: datetime | None = None) -> Iterator[Mark]:
    """Yield the commits at or before a moment, newest first."""
    limit = _text(before) if before else "~"
    for day in reversed(_days(incarnation)):
        if day.stem > limit[: len(day.stem)]:
            continue
        for line in _backwards(day):
            # The moment is compared as text: it is quicker by far than reading the line.
            if line[7:39] <= limit and (mark := Mark.parse(line)):
                yield mark


def lives(incarnation: Incarnation) -> list[Mark]:
    """Return which timeline was live from when on, oldest first."""
    return [mark for mark in _others(incarnation) if mark.event == "live"]


def points(incarnation: Incarnation) -> list[Mark]:
    """Return the restore points, oldest first."""
    return [mark for mark in _others(incarnation) if mark.event == "point"]


def live_timeline_at(incarnation: Incarnation, moment: datetime) -> int:
    """Return the timeline that clients wrote to at a moment; before all we know of, the first known."""
    known = lives(incarnation)
    earlier = [mark for mark in known if mark.at <= moment]
    if known:
        return (earlier or known[:1])[-1].timeline
    mark = newest(incarnation)
    return mark.timeline if mark else 1


def prune(incarnation: Incarnation, *, before: datetime, today: datetime) -> None:
    """Forget the commits of the days before a moment, and keep one a minute of those before yesterday."""
    oldest, quiet = (_text(moment)[:10] for moment in (before, today - timedelta(days=1)))
    for day in _days(incarnation):
        if day.stem < oldest:
            day.unlink(missing_ok=True)
        elif day.stem < quiet:
            _thin(day)


def _thin(day: Path) -> None:
    lines = day.read_text(encoding="utf-8").splitlines(keepends=True)
    kept: list[str] = []
    due = datetime.min.replace(tzinfo=UTC)
    for mark in filter(None, map(Mark.parse, lines)):
        if mark.at >= due:
            kept.append(mark.line)
            due = mark.at + THINNED
    if len(kept) < len(lines):
        owner = day.stat()
        durable.write(day, "".join(kept))
        if owner.st_uid != os.geteuid():
            os.chown(day, owner.st_uid, owner.st_gid)


def _others(incarnation: Incarnation) -> list[Mark]:
    try:
        lines = (incarnation.marks / OTHERS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return sorted(filter(None, map(Mark.parse, lines)), key=lambda mark: mark.at)


def _days(incarnation: Incarnation) -> list[Path]:
    return sorted(path for path in incarnation.marks.glob("*.jsonl") if path.name != OTHERS)


def _backwards(path: Path) -> Iterator[str]:
    """Yield a file's lines, the last first, reading no more of it than is asked for."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        position, rest = file.seek(0, os.SEEK_END), b""
        while position:
            size = min(BLOCK_BYTES, position)
            position -= size
            file.seek(position)
            first, *whole = (file.read(size) + rest).split(b"\n")
            yield from (line.decode(errors="replace") for line in reversed(whole))
            rest = first
        yield rest.decode(errors="replace")


def _line_break(descriptor: int) -> str:
    """Return a line break where a crash has cut the last line short."""
    size = os.fstat(descriptor).st_size
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
