"""A keeper in a process of its own, for tests to kill: `process.py DIRECTORY`."""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from jobs.monitoring import keeping
from jobs.monitoring.interval import Interval
from jobs.site import Monitoring, Site
from tests.jobs.worker.sites import open_site

ENOUGH = 3


async def main(directory: Path) -> None:
    taken = 0

    async def count(_: Site, __: Interval) -> None:
        nonlocal taken
        taken += 1
        if taken == ENOUGH:
            print(f"{taken} snapshots", flush=True)  # noqa: T201 - what the test waits for

    async with open_site(directory) as site:
        often = replace(site, monitoring=Monitoring(interval=timedelta(seconds=0.2)))
        await keeping.keep(often, listeners=[count])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
