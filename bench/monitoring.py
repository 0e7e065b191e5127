"""What monitoring costs: CPU of a keeper and of its server processes, beside an idle `yukyu up` with some sample rows.

    python bench/monitoring.py [--minutes 10] [--rows 20000]

The installation's own monitoring is as good as off meanwhile; the keeper runs here, at the default interval, with
surveys and the look at backups. A survey has a connection of its own, so its server CPU is that of the same statements
on the kept one.
"""

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil

from api.commands import sites
from api.settings import Settings
from db.monitoring.survey import survey
from db.monitoring.watch import Watch
from jobs.alerts.evaluation import evaluate
from jobs.baselines.taking import findings
from jobs.monitoring import keeping
from jobs.monitoring.interval import Interval
from jobs.monitoring.servers import SURVEY_EVERY, targets
from jobs.site import Site

YUKYU = str(Path(sys.executable).parent / "yukyu")
SURVEYS = 20
BACKEND = "SELECT pid FROM pg_stat_activity WHERE application_name = 'yukyu-monitor' AND state IS NOT NULL"


def cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


@contextmanager
def running(directory: Path, rows: int) -> Iterator[None]:
    """Run an installation and wait until it is ready."""
    log = directory.parent / "up.log"
    with log.open("wb") as output:
        command = [YUKYU, "up", "--data-dir", str(directory), "--port", "0", "--sample", str(rows)]
        environment = os.environ | {"YUKYU_MONITOR_INTERVAL": "3600"}
        process = subprocess.Popen(command, stderr=output, stdin=subprocess.DEVNULL, env=environment)  # noqa: S603 - ours
    try:
        while not re.search(r"listening", log.read_text("utf-8")):
            if process.poll() is not None:
                sys.exit(log.read_text("utf-8"))
            time.sleep(0.5)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


async def backends(site: Site) -> list[int]:
    """Return the server processes of the kept connections."""
    found: list[int] = []
    for target in targets(site.installation):
        connection = await asyncpg.connect(target.url)
        found += [row["pid"] for row in await connection.fetch(BACKEND)]
        await connection.close()
    return found


async def of_ticks(site: Site, minutes: float) -> tuple[int, float, float]:
    """Return how many ticks there were after the first, and the CPU seconds of this process and of the servers'."""
    ticks, begun = 0, asyncio.Event()

    async def count(_: Site, __: Interval) -> None:
        nonlocal ticks
        ticks += 1
        begun.set()

    keeper = asyncio.create_task(keeping.keep(site, listeners=[evaluate, count], baselines=findings))
    await begun.wait()
    pids = await backends(site)
    before, client = sum(map(cpu_seconds, pids)), time.process_time()
    await asyncio.sleep(minutes * 60)
    spent = sum(map(cpu_seconds, pids)) - before, time.process_time() - client
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    return ticks - 1, spent[1], spent[0]


async def of_survey(site: Site) -> float:
    """Return the CPU seconds that one survey of all servers takes there."""
    watches = [Watch(target.url) for target in targets(site.installation)]
    for watch in watches:
        await watch.ask(survey)
    pids = await backends(site)
    before = sum(map(cpu_seconds, pids))
    for _ in range(SURVEYS):
        for watch in watches:
            await watch.ask(survey)
    spent = sum(map(cpu_seconds, pids)) - before
    for watch in watches:
        watch.close()
    return spent / SURVEYS


async def measure(directory: Path, minutes: float) -> None:
    async with sites.opened(Settings(data_dir=directory)) as site:
        seconds = minutes * 60
        ticks, client, server = await of_ticks(site, minutes)
        surveying = await of_survey(site) / SURVEY_EVERY.total_seconds()
    print(f"{ticks} ticks in {minutes:g} minutes, {site.monitoring.interval.total_seconds():g} s apart")
    print(f"keeper        {client / seconds:.3%} of a core, {1000 * client / ticks:.1f} ms a tick")
    print(f"servers       {server / seconds:.3%} of a core, {1000 * server / ticks:.1f} ms a tick")
    print(f"their surveys {surveying:.3%} of a core")
    print(f"in all        {(client + server) / seconds + surveying:.3%} of a core")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rows", type=int, default=20_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yukyu-bench-") as scratch:
        Path(scratch).chmod(0o711)
        directory = Path(scratch) / "installation"
        with running(directory, arguments.rows):
            asyncio.run(measure(directory, arguments.minutes))


if __name__ == "__main__":
    main()
