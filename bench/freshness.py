"""What freshness costs: reads right after a commit, with the position of that commit and without it.

    python bench/freshness.py [--reads 1000]

A primary and a replica are started and removed. Reads with and without a position take turns, so that both see the
machine as it is at that moment; the time is that of the read alone.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table
from search import machine, percentile, server_version
from sqlalchemy import text

from db import migrations
from db.cluster import EmbeddedCluster
from db.engines import EngineRole, Engines
from db.lsn import Lsn

PERCENTILES = (50, 95, 99)


class Reads:
    """The reads of one contender: milliseconds each, how many were stale, how many the replica answered."""

    def __init__(self) -> None:
        self.milliseconds: list[float] = []
        self.stale = 0
        self.from_replica = 0


def main(reads: Annotated[int, typer.Option(help="Reads of each kind.", min=1)] = 1000) -> None:
    console = Console()
    console.print(asyncio.run(run(reads, console)))


async def run(reads: int, console: Console) -> Table:
    with tempfile.TemporaryDirectory(prefix="yukyu-bench-", ignore_cleanup_errors=True) as directory:
        os.chmod(directory, 0o711)  # noqa: PTH101, S103 - PostgreSQL's own user passes through; one call that blocks nobody
        async with EmbeddedCluster.open(Path(directory) / "data") as cluster:
            assert cluster.replica_url is not None  # noqa: S101 - it was asked for
            await migrations.upgrade(cluster.primary_url)
            console.print(f"{machine()}; {await server_version(cluster.admin_url)}")
            async with Engines.open(cluster.primary_url, [cluster.replica_url]) as engines:
                return table_of(await measure(engines, reads))


async def measure(engines: Engines, reads: int) -> dict[str, Reads]:
    contenders = {"with its position": Reads(), "without": Reads()}
    numbers = iter(range(reads * len(contenders)))
    for _ in range(reads):
        for name, taken in contenders.items():
            number = next(numbers)
            lsn = await commit(engines, number)
            began = perf_counter()
            answer = await engines.read(
                lambda connection, number=number: count_of(connection, number), after=lsn if name != "without" else None
            )
            taken.milliseconds.append((perf_counter() - began) * 1000)
            taken.stale += answer.value == 0
            taken.from_replica += answer.served_by is EngineRole.REPLICA
    return contenders


async def commit(engines: Engines, number: int) -> Lsn:
    async with engines.transaction() as session:
        await session.execute(text("INSERT INTO staff (employee_num, name) VALUES (:n, '誰か')"), {"n": f"F{number}"})
    assert session.lsn is not None  # noqa: S101 - it wrote
    return session.lsn


async def count_of(connection: asyncpg.Connection, number: int) -> int:
    return await connection.fetchval("SELECT count(*) FROM staff WHERE employee_num = $1", f"F{number}")


def table_of(contenders: dict[str, Reads]) -> Table:
    table = Table(title="a read right after a commit: milliseconds")
    for heading in ("read", *(f"p{percent}" for percent in PERCENTILES), "stale", "from the replica", "reads"):
        table.add_column(heading, justify="left" if heading == "read" else "right")
    for name, taken in contenders.items():
        times = (f"{percentile(taken.milliseconds, percent):.2f}" for percent in PERCENTILES)
        table.add_row(name, *times, str(taken.stale), str(taken.from_replica), str(len(taken.milliseconds)))
    return table


if __name__ == "__main__":
    sys.exit(typer.run(main))
