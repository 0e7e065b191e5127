"""Room on the file systems that an installation needs; one that hangs is left out, and is not asked again meanwhile."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

from db.monitoring.snapshot import Disk
from jobs.monitoring.carried import Carried
from jobs.site import Site


class Disks:
    def __init__(self, site: Site) -> None:
        layout = site.installation.layout
        paths = [layout.clusters, layout.state]
        if site.installation.archive is not None:
            paths.append(site.repository.root)
        self._asked = {str(path): _asked(path) for path in paths}

    async def read(self, *, until: float) -> tuple[tuple[Disk, ...], tuple[str, ...]]:
        """Return those that answer by `until`, and the paths of the others."""
        found = await asyncio.gather(*(each.get(until=until) for each in self._asked.values()))
        answers = zip(self._asked.values(), found, strict=True)
        disks = tuple(disk for carried, disk in answers if disk is not None and not carried.late)
        return disks, tuple(sorted(self._asked.keys() - {disk.path for disk in disks}))

    def close(self) -> None:
        for each in self._asked.values():
            each.cancel()


def _asked(path: Path) -> Carried[Disk | None]:
    return Carried(f"disk of {path}", lambda: asyncio.to_thread(_usage, path), every=timedelta(0))


def _usage(path: Path) -> Disk | None:
    """Return None for a directory that is not there: a backup disk that is away is not an empty one."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    return Disk(path=str(path), total_bytes=usage.total, free_bytes=usage.free)
