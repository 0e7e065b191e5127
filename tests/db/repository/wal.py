"""Segments to put into a repository: their first page is right, the rest is whatever a test wants."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from db.cluster.identity import Identity
from db.lsn import Lsn
from db.repository import SEGMENT_BYTES, BackupKind, BackupManifest, Incarnation, Segment, compression
from db.repository.header import FORM
from db.repository.marks import Mark

SYSTEM_IDENTIFIER = "7000000000000000001"
MOMENT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MIDDLE = SEGMENT_BYTES // 2


def segment(number: int, timeline: int = 1) -> Segment:
    return Segment(timeline, number)


def lsn(number: float) -> Lsn:
    """Return a position by segments: 2.5 is in the middle of the third."""
    return Lsn(int(number * SEGMENT_BYTES))


def at(minutes: float) -> datetime:
    return MOMENT + timedelta(minutes=minutes)


def content(whose: Segment, fill: bytes = b"wal") -> bytes:
    first = FORM.pack(0xD118, 2, whose.timeline, whose.start, 0, int(SYSTEM_IDENTIFIER), SEGMENT_BYTES, 8192)
    return (first + fill).ljust(SEGMENT_BYTES, b"\0")


def put(directory: Path, name: str, what: bytes, owner: Identity) -> Path:
    path = directory / name
    path.write_bytes(what)
    owner.own(path)
    return path


def archive(incarnation: Incarnation, owner: Identity, *segments: Segment, fill: bytes = b"wal") -> None:
    """Put segments where collecting would."""
    for each in segments:
        directory = incarnation.timeline(each.timeline)
        directory.mkdir(mode=0o700, exist_ok=True)
        owner.own(directory)
        put(directory, each.name + ".gz", _compressed(each, fill), owner)


@lru_cache(maxsize=32)
def _compressed(whose: Segment, fill: bytes) -> bytes:
    return compression.compress(content(whose, fill))


def archive_history(incarnation: Incarnation, timeline: int, *ancestors: tuple[int, Lsn]) -> None:
    lines = "".join(f"{number}\t{end}\tno recovery target specified\n\n" for number, end in ancestors)
    incarnation.history(timeline).write_text(lines, encoding="utf-8")


def commit(minutes: float, position: float, timeline: int = 1) -> Mark:
    return Mark(at(minutes), timeline, lsn(position))


def live(minutes: float, position: float, timeline: int) -> Mark:
    return Mark(at(minutes), timeline, lsn(position), "live")


def backup(name: str, minutes: float, start: float, timeline: int = 1, parent: str | None = None) -> BackupManifest:
    """Return a backup that was done at a moment, and took half a segment of WAL."""
    return BackupManifest.model_construct(
        id=name,
        kind=BackupKind.INCREMENTAL if parent else BackupKind.FULL,
        parent=parent,
        timeline=timeline,
        start_lsn=str(lsn(start)),
        stop_lsn=str(lsn(start + 0.5)),
        started_at=at(minutes - 1),
        finished_at=at(minutes),
    )
