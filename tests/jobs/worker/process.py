"""A worker in a process of its own, for tests to kill: `process.py DIRECTORY`."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from jobs.worker import loop
from jobs.worker.job import Job, Kind
from tests.jobs.worker.sites import open_site


async def never_ends(job: Job) -> dict[str, Any]:
    await job.report(0.5, "half done")
    await asyncio.sleep(60)
    return {}


async def main(directory: Path) -> None:
    async with open_site(directory) as site:
        await loop.work(site, [Kind("test", "test", never_ends)])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
