"""Reads PostgreSQL's own list of a backup's files, `backup_manifest`, as far as it concerns us."""

import json
from dataclasses import dataclass
from pathlib import Path

from db.lsn import Lsn


@dataclass(frozen=True)
class Contents:
    """From where to where a backup needs WAL."""

    timeline: int
    start: Lsn
    stop: Lsn

    @classmethod
    def read(cls, path: Path) -> "Contents":
        ranges = json.loads(path.read_bytes())["WAL-Ranges"]
        # A backup of a primary is taken on one timeline; were there several, the last is the one it ends on.
        last = max(ranges, key=lambda each: each["Timeline"])
        starts = [Lsn.parse(each["Start-LSN"]) for each in ranges]
        return cls(last["Timeline"], min(starts), Lsn.parse(last["End-LSN"]))
