"""Where everything is in a backup repository.

ROOT/
  SYSTEM_IDENTIFIER/        one cluster incarnation: a database cluster from its initdb on, through all its timelines
    incoming/               completed segments, as the server hands them over
    stream/                 what pg_receivewal receives, with the unfinished segment
    wal/TIMELINE/           archived segments, compressed; TIMELINE is eight hexadecimal digits
    wal/TIMELINE.history    where a timeline branched off
    marks/                  commits whose moment and position are known, and what else happened when
    refused/                files that differ from what the archive holds under their names, for a person to look at
    backups/ID/             the files of a base backup
    backups/ID.json         its manifest, written last: without it there is no backup

With a key, all files below wal/TIMELINE/, refused/ and backups/ID/ are encrypted, under the same names: their first
bytes say whether they are. The others have no rows in them, but for incoming/ and stream/, which the server writes.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from db.cluster.identity import Identity
from db.cluster.layout import PASSAGE, PRIVATE, make_directory
from db.keys.ring import Key, KeyRing


class Keys(Protocol):
    """Where the keys are: looked at whenever one is needed, for a ring changes while processes run."""

    def ring(self) -> KeyRing:
        """Return the ring; raises KeyRingError where it cannot be used."""
        ...


@dataclass(frozen=True)
class Incarnation:
    """The part of a repository that belongs to one database cluster."""

    root: Path
    # Without them nothing is encrypted, and what is cannot be read.
    keys: Keys | None = field(default=None, compare=False)

    @property
    def system_identifier(self) -> str:
        return self.root.name

    @property
    def incoming(self) -> Path:
        return self.root / "incoming"

    @property
    def stream(self) -> Path:
        return self.root / "stream"

    @property
    def wal(self) -> Path:
        return self.root / "wal"

    @property
    def marks(self) -> Path:
        return self.root / "marks"

    @property
    def refused(self) -> Path:
        return self.root / "refused"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    def timeline(self, number: int) -> Path:
        return self.wal / f"{number:08X}"

    def history(self, timeline: int) -> Path:
        return self.wal / f"{timeline:08X}.history"

    def backup(self, backup_id: str) -> Path:
        return self.backups / backup_id

    def manifest(self, backup_id: str) -> Path:
        return self.backups / f"{backup_id}.json"

    def ring(self) -> KeyRing | None:
        """Return the keys that what is encrypted is read with; raises KeyRingError where they cannot be used."""
        return self.keys.ring() if self.keys else None

    def key(self) -> Key | None:
        """Return the key that what is written is encrypted with; raises KeyRingError where it cannot be used."""
        ring = self.ring()
        return ring.current if ring else None

    def place_of(self, path: Path) -> str:
        """Return what an encrypted file is bound to: whose it is, and its name in this directory."""
        return f"{self.system_identifier}/{path.relative_to(self.root).as_posix()}"

    def create(self, owner: Identity) -> None:
        """Create its directories, which the server's user writes to as well."""
        make_directory(self.root.parent, PASSAGE)
        for directory in (self.root, self.incoming, self.stream, self.wal, self.marks, self.refused, self.backups):
            make_directory(directory, PRIVATE)
            owner.own(directory)


@dataclass(frozen=True)
class Repository:
    root: Path
    keys: Keys | None = field(default=None, compare=False)

    @classmethod
    def at(cls, directory: Path, keys: Keys | None = None) -> "Repository":
        return cls(directory.expanduser().resolve(), keys)

    def incarnation(self, system_identifier: str) -> Incarnation:
        return Incarnation(self.root / system_identifier, self.keys)

    def incarnations(self) -> list[Incarnation]:
        """Return those that are there, in no order."""
        try:
            found = [entry for entry in self.root.iterdir() if entry.name.isdigit() and entry.is_dir()]
        except FileNotFoundError:
            return []
        return [Incarnation(entry, self.keys) for entry in found]
