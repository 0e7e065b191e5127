"""The same search in a database file (SQLite) and in PostgreSQL, over the same rows in the same run.

    python bench/fallback.py [--rows 2000 --rows 20000] [--rounds 100]

Each round puts one query of every kind to both in turn, so that both see the machine as it is at that moment.
"""

import asyncio
import platform
import sqlite3
import sys
import tempfile
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table
from search_kinds import kinds, ours, shuffled

from db import migrations
from db.cluster import EmbeddedCluster
from db.fallback import FileEngines, path_of
from jobs.data import sample

WARM_UP_ROUNDS = 2
NAMES = ("SQLite", "PostgreSQL")


def main(
    rows: Annotated[list[int] | None, typer.Option(help="Rows a table; may be given more than once.")] = None,
    rounds: Annotated[int, typer.Option(help="Queries of each kind put to both.")] = 100,
) -> None:
    asyncio.run(run(rows or [2_000, 20_000], rounds, Console(width=110)))


async def run(sizes: list[int], rounds: int, console: Console) -> None:
    with tempfile.TemporaryDirectory(prefix="yukyu-bench-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)  # noqa: ASYNC240 - PostgreSQL's own user passes through
        async with EmbeddedCluster.open(Path(directory) / "data", replica=False) as cluster:
            await migrations.upgrade(cluster.primary_url)
            for size in sizes:
                url = f"sqlite+aiosqlite:///{directory}/{size}.db"
                await migrations.upgrade(url)
                loaded = [await timed(size, address) for address in (url, cluster.primary_url)]
                console.print(f"{size:,} rows a table; loaded in {loaded[0]:.0f} s and {loaded[1]:.0f} s")
                console.print(f"{path_of(url).stat().st_size / 1e6:.0f} MB in the file")
                await compare(url, cluster.primary_url, rounds, console)
    console.print(f"SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}, {platform.machine()}")


async def timed(size: int, url: str) -> float:
    began = perf_counter()
    await sample.load(url, size, replace=True)
    return perf_counter() - began


async def compare(url: str, server: str, rounds: int, console: Console) -> None:
    random = Random(rounds)  # noqa: S311 - an order, not a secret
    taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: {name: [] for name in NAMES})
    async with AsyncExitStack() as stack:
        engines = await stack.enter_async_context(FileEngines.open_file(url))
        connection = await asyncpg.connect(server)
        stack.push_async_callback(connection.close)
        queries = await kinds(connection)

        async def put(name: str, text: str) -> float:
            began = perf_counter()
            if name == "SQLite":
                await engines.read(lambda each: ours(each, text))
            else:
                await ours(connection, text)
            return (perf_counter() - began) * 1000

        for text in [text for texts in queries.values() for text in texts] * WARM_UP_ROUNDS:
            for name in NAMES:
                await put(name, text)
        drawn = {kind: shuffled(texts, rounds, random) for kind, texts in queries.items()}
        for index in range(rounds):
            for kind, texts in drawn.items():
                for name in NAMES:
                    taken[kind][name].append(await put(name, texts[index]))
    console.print(table_of(taken))


def table_of(taken: dict[str, dict[str, list[float]]]) -> Table:
    table = Table("Kind", *(f"{name} {point}" for name in NAMES for point in ("p50", "p95")), "Ratio of p50")
    for kind, times in taken.items():
        cells = [f"{value:.2f}" for name in NAMES for value in (median(times[name]), percentile(times[name], 95))]
        table.add_row(kind, *cells, f"{median(times['SQLite']) / median(times['PostgreSQL']):.1f}")
    return table


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


if __name__ == "__main__":
    sys.exit(typer.run(main))
