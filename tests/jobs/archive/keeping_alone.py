"""A process that keeps an archive and is killed by a test."""

import asyncio
import sys
from pathlib import Path

from db.cluster import Binaries, EmbeddedCluster
from db.control import Control
from db.repository import Repository
from jobs.archive import keep
from jobs.site import Site


async def work(home: Path, pg_bin: Path) -> None:
    repository = Repository.at(home / "backups")
    cluster = EmbeddedCluster.locate(home, binaries=Binaries.find(pg_bin), archive=repository)
    async with Control.open(home / "state") as control:
        await keep(Site(control, repository, cluster.installation))


asyncio.run(work(Path(sys.argv[1]), Path(sys.argv[2])))
