"""Search beside ILIKE and a plain full-text index, over the same rows in the same run.

    python bench/search.py [--rows 100000 --rows 1000000] [--url postgresql://…] [--json FILE]

Each round puts one query of every kind to each contender in turn, so that all see the machine as it is at that moment.
The databases `yukyu_bench_ROWS` are kept on the server that `--url` names; without it a server is started and removed.
"""

import asyncio
import json
import os
import platform
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Annotated, Any

import asyncpg
import psutil
import typer
from rich.console import Console
from rich.table import Table
from search_kinds import ilike, kinds, ours, plain, shuffled
from search_rows import prepare

from db.cluster import EmbeddedCluster

CONTENDERS = {"search": ours, "ILIKE": ilike, "plain": plain}
# A scan of four million rows takes seconds: fewer rounds have to do.
SLOW_ROUNDS = {"ILIKE", "plain"}
PERCENTILES = (50, 95, 99)
WARM_UP_ROUNDS = 2

SERVER = {"shared_buffers": "2GB", "fsync": "off", "max_wal_size": "8GB"}


@dataclass
class Measured:
    rows: int
    rounds: int
    slow_rounds: int
    cost: dict[str, float]
    milliseconds: dict[str, dict[str, list[float]]]
    sequential_scans: list[str]


def main(
    rows: Annotated[list[int] | None, typer.Option(help="Rows a table; may be given more than once.")] = None,
    url: Annotated[str | None, typer.Option(help="A server to use; a superuser's URL.")] = None,
    rounds: Annotated[int, typer.Option(help="Queries of each kind put to search.")] = 200,
    slow_rounds: Annotated[int, typer.Option(help="Queries of each kind put to the others.")] = 10,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    console = Console()
    results = asyncio.run(run(rows or [100_000, 1_000_000], url, rounds, slow_rounds, console))
    if json_file is not None:
        json_file.write_text(json.dumps(results, ensure_ascii=False, indent=2), encoding="utf-8")


async def run(sizes: list[int], url: str | None, rounds: int, slow_rounds: int, console: Console) -> dict[str, Any]:
    async with server(url) as server_url:
        version = await server_version(server_url)
        console.print(f"{machine()}; {version}")
        results: dict[str, Any] = {"machine": machine(), "server": version, "sizes": []}
        for size in sizes:
            with console.status(f"{size:,} rows a table") as status:

                def say(what: str, size: int = size) -> None:
                    status.update(f"{size:,} rows a table: {what}")

                database, cost = await prepare(server_url, size, say)
                measured = await measure(database, size, rounds, slow_rounds, cost)
            console.print(table_of(measured))
            results["sizes"].append(figures(measured))
    return results


@asynccontextmanager
async def server(url: str | None) -> AsyncGenerator[str, None]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="yukyu-bench-", ignore_cleanup_errors=True) as directory:
        os.chmod(directory, 0o711)  # noqa: PTH101, S103 - PostgreSQL's own user passes through; one call that blocks nobody
        async with EmbeddedCluster.open(Path(directory) / "data", replica=False, settings=SERVER) as cluster:
            yield cluster.admin_url


async def measure(url: str, size: int, rounds: int, slow_rounds: int, cost: dict[str, float]) -> Measured:
    random = Random(size)  # noqa: S311 - an order, not a secret
    connection = await asyncpg.connect(url)
    taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: {name: [] for name in CONTENDERS})
    try:
        queries = await kinds(connection)
        for _ in range(WARM_UP_ROUNDS):
            for text in (text for texts in queries.values() for text in texts):
                await ours(connection, text)
                await plain(connection, text)
        drawn = {kind: shuffled(texts, rounds, random) for kind, texts in queries.items()}
        for index in range(rounds):
            slow_too = index % max(1, rounds // slow_rounds) == 0
            for kind, texts in drawn.items():
                for name, contender in CONTENDERS.items():
                    if name in SLOW_ROUNDS and not slow_too:
                        continue
                    began = perf_counter()
                    await contender(connection, texts[index])
                    taken[kind][name].append((perf_counter() - began) * 1000)
    finally:
        await connection.close()
    return Measured(size, rounds, slow_rounds, cost, dict(taken), await sequential_scans(url, queries))


async def sequential_scans(url: str, queries: Any) -> list[str]:  # noqa: ANN401 - as `kinds` gives them
    """Return the queries for whose answer some statement scans a whole table; there should be none."""
    connection = await asyncpg.connect(url)
    plans: list[str] = []
    scanned: list[str] = []
    try:
        await ours(connection, "一")
        await connection.execute(
            "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;"
            "SET client_min_messages = log"
        )
        connection.add_log_listener(lambda _, message: plans.append(str(message)))
        for query in (text for texts in queries.values() for text in texts):
            plans.clear()
            await ours(connection, query)
            if "Seq Scan" in "".join(plans):
                scanned.append(query)
    finally:
        await connection.close()
    return scanned


def percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]


def figures(measured: Measured) -> dict[str, Any]:
    return {
        "rows a table": measured.rows,
        "rounds": {"search": measured.rounds, "others": measured.slow_rounds},
        **measured.cost,
        "queries that scan a table": measured.sequential_scans,
        "milliseconds": {
            kind: {
                name: {f"p{percent}": round(percentile(values, percent), 3) for percent in PERCENTILES}
                for name, values in contenders.items()
            }
            for kind, contenders in measured.milliseconds.items()
        },
    }


def table_of(measured: Measured) -> Table:
    table = Table(title=f"{measured.rows:,} rows a table: milliseconds")
    for heading in ("query", "p50", "p95", "p99", "ILIKE p50", "ILIKE / search", "plain p50", "plain / search"):
        table.add_column(heading, justify="left" if heading == "query" else "right")
    for kind, contenders in measured.milliseconds.items():
        search = [percentile(contenders["search"], percent) for percent in PERCENTILES]
        others = [percentile(contenders[name], 50) for name in ("ILIKE", "plain")]
        compared = [text for other in others for text in (f"{other:,.1f}", f"{other / search[0]:,.0f}")]
        table.add_row(kind, *(f"{value:.2f}" for value in search), *compared)
    cost = ", ".join(f"{what} {value:,.0f}" for what, value in measured.cost.items())
    scans = ", ".join(measured.sequential_scans) or "none"
    table.caption = f"{measured.rounds} rounds, {measured.slow_rounds} of the others; {cost}; sequential scans: {scans}"
    return table


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


async def server_version(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        version = await connection.fetchval("SHOW server_version")
        buffers = await connection.fetchval("SHOW shared_buffers")
    finally:
        await connection.close()
    return f"PostgreSQL {version}, shared_buffers {buffers}"


if __name__ == "__main__":
    sys.exit(typer.run(main))
