"""Which keys the files of a repository need, by their first bytes: manifests can be lost, and backups under way."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from db.repository import sealed
from db.repository.inventory import TIMELINE
from db.repository.place import Incarnation, Repository


@dataclass(frozen=True, slots=True)
class KeysInUse:
    """How many backups, and how many files of archived WAL, there are by the id of the key that they need."""

    backups: dict[str, int] = field(default_factory=dict[str, int])
    wal: dict[str, int] = field(default_factory=dict[str, int])


def look(repository: Repository) -> KeysInUse:
    """Look at every file of every cluster in a repository; one that is not there needs none.

    Raises:
        OSError: something is there that cannot be read, so that nobody knows.
    """
    backups: Counter[str] = Counter()
    wal: Counter[str] = Counter()
    for incarnation in repository.incarnations():
        for directory in _directories(incarnation.backups):
            backups.update({key for path in _files(directory) for key in _key(path)})
        for directory in (*_timelines(incarnation), incarnation.refused):
            wal.update(key for path in _files(directory) for key in _key(path))
    return KeysInUse(dict(backups), dict(wal))


def _key(path: Path) -> Iterator[str]:
    with suppress(FileNotFoundError):  # it has just expired, or got its name
        if (key := sealed.key_of_file(path)) is not None and key != sealed.UNKNOWN:
            yield key


def _timelines(incarnation: Incarnation) -> list[Path]:
    return [path for path in _directories(incarnation.wal) if TIMELINE.fullmatch(path.name)]


def _directories(place: Path) -> list[Path]:
    return [path for path in _entries(place) if path.is_dir()]


def _files(place: Path) -> list[Path]:
    return [path for path in _entries(place) if path.is_file() and not path.is_symlink()]


def _entries(place: Path) -> list[Path]:
    try:
        return sorted(place.iterdir())
    except FileNotFoundError:
        return []
