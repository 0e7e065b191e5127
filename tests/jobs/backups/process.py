"""A worker in a process of its own, for tests to kill: `process.py DIRECTORY PROGRAMS`."""

import asyncio
import sys
from pathlib import Path

from db.cluster import Binaries, EmbeddedCluster
from db.control import Control
from db.repository import Repository
from jobs import backups
from jobs.site import Site
from jobs.worker.loop import work


async def main(directory: Path, programs: Path) -> None:
    archive = Repository.at(directory / "backups")
    cluster = EmbeddedCluster.locate(directory, binaries=Binaries.find(programs), archive=archive)
    async with Control.open(cluster.layout.state) as control:
        await work(Site(control=control, repository=archive, installation=cluster.installation), backups.KINDS)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
