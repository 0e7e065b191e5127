"""A worker in a process of its own, for tests to kill: `worker.py DIRECTORY`; subjects come and go by the clock."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from jobs.alerts.evaluation import evaluate
from jobs.monitoring.interval import Interval
from tests.jobs.alerts.world import Named, World, snapshot
from tests.jobs.worker.sites import open_site

CYCLE = 12


async def main(directory: Path) -> None:
    async with open_site(directory) as site:
        world = World(site)
        world.watched_by(world.rule("full"), settle=timedelta(0))
        world.told_to(Named("log"), Named("email"))
        while True:
            now = site.clock()
            phase = int(now.timestamp() * 20)
            world.values["full"] = {
                f"subject {number}": 11 for number in range(8) if (phase + number) % CYCLE < CYCLE // 2
            }
            await evaluate(world.site, Interval(snapshot(now)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
