"""Search over HTTP beside what people would use instead, over the same rows in the same run.

    python bench/over_http.py [--rows 100000] [--connections 1 --connections 16] [--rounds 5] [--seconds 4]

The contenders take turns, for a few seconds each, so that all see the machine as it is at that moment; each is asked
for twenty hits with ten fields. Load over HTTP comes from `wrk` (apt-get install wrk), on bare connections from a
process of its own. CPU is that of the contender's own process, without PostgreSQL's. PostGraphile comes from npm.
"""

import asyncio
import json
import os
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import asyncpg
import typer
from over_http_contenders import Contender, ilike, ours, postgraphile, statement
from over_http_load import Load, put
from over_http_peer import FUNCTIONS
from rich.console import Console
from rich.table import Table
from search import machine, server, server_version
from search_kinds import kinds
from search_rows import prepare

FLOOR, OURS, PEER = "bare statement", "this API", "PostGraphile, our function"
HEADINGS = ("contender", "connections", "p50", "p95", "p99", "requests/s", "CPU ms", "p50 / floor", "failed")


def main(  # noqa: PLR0913, PLR0917 - the command's own
    rows: Annotated[list[int] | None, typer.Option(help="Rows a table; may be given more than once.")] = None,
    connections: Annotated[list[int] | None, typer.Option(help="Connections at a time; may be repeated.")] = None,
    rounds: Annotated[int, typer.Option(help="Turns that each contender has.")] = 5,
    seconds: Annotated[int, typer.Option(help="How long a turn is.")] = 4,
    url: Annotated[str | None, typer.Option(help="A server to use; a superuser's URL.")] = None,
    users: Annotated[int, typer.Option(help="So many then search for a minute, each once a second; 0 for none.")] = 0,
    only: Annotated[list[str] | None, typer.Option(help="Contenders whose name starts so; all by default.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    console = Console()
    sizes, at_once = rows or [100_000], connections or [1, 16, 64]
    results = asyncio.run(run(sizes, at_once, rounds, seconds, users, url, tuple(only or ()), console))
    if json_file is not None:
        json_file.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


async def run(  # noqa: PLR0913, PLR0917 - the command's own
    sizes: list[int],
    at_once: list[int],
    rounds: int,
    seconds: int,
    users: int,
    url: str | None,
    only: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:
    async with server(url) as server_url:
        results: dict[str, Any] = {"machine": machine(), "server": await server_version(server_url), "sizes": []}
        console.print(f"{results['machine']}; {results['server']}")
        for size in sizes:
            with console.status(f"{size:,} rows a table") as status:
                database, _ = await prepare(server_url, size, status.update)
                texts = await _peer(database)
                async with _contenders(database, texts, only) as contenders:
                    figures = {
                        each: await _measure(contenders, each, rounds, seconds, status.update) for each in at_once
                    }
                    minute = await _minute(contenders, users, status.update) if users else None
            console.print(_table(size, figures, rounds, seconds))
            if minute is not None:
                console.print(f"{users} users, a search each second, one minute: {minute}")
            found = {"rows": size, "rounds": rounds, "seconds": seconds, "connections": figures, "minute": minute}
            results["sizes"].append(found)
    return results


async def _peer(database: str) -> list[str]:
    """Make what PostGraphile shows of the database, and return the texts that are searched for."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(FUNCTIONS)
        return [text for texts in (await kinds(connection)).values() for text in texts]
    finally:
        await connection.close()


@asynccontextmanager
async def _contenders(database: str, texts: list[str], only: tuple[str, ...]) -> AsyncGenerator[list[Contender]]:
    makers = {
        FLOOR: statement,
        OURS: ours,
        PEER: lambda *given: postgraphile(*given, function="hits"),
        "PostGraphile, plain full text": lambda *given: postgraphile(*given, function="plainHits"),
        "ILIKE": ilike,
    }
    async with AsyncExitStack() as started:
        directory = Path(started.enter_context(TemporaryDirectory(prefix="yukyu-bench-")))
        yield [
            await started.enter_async_context(make(name, database, texts, directory))
            for name, make in makers.items()
            if not only or name == FLOOR or name.startswith(only)
        ]


async def _measure(
    contenders: list[Contender], connections: int, rounds: int, seconds: int, say: Callable[[str], object]
) -> dict[str, Any]:
    loads: dict[str, list[Load]] = defaultdict(list)
    for turn in range(-1, rounds):  # the first one warms up
        for contender in contenders:
            if contender.connections and connections not in contender.connections:
                continue
            say(f"{connections} connections, turn {turn + 1} of {rounds}: {contender.name}")
            load = await put(contender, connections, seconds if turn >= 0 else 2)
            if turn >= 0:
                loads[contender.name].append(load)
    return {name: _figures(turns) for name, turns in loads.items()}


async def _minute(contenders: list[Contender], users: int, say: Callable[[str], object]) -> dict[str, float]:
    """Return what this API does for so many users in a minute."""
    ours_alone = next(each for each in contenders if each.name == OURS)
    say(f"{users} users for a minute")
    return _figures([await put(ours_alone, users, 60, pause_ms=1000)])


def _figures(turns: list[Load]) -> dict[str, float]:
    """Return the medians over the turns; milliseconds, and requests a second."""
    names = ("p50", "p95", "p99", "rate", "cpu")
    figures = {name: round(median(getattr(turn, name) for turn in turns), 3) for name in names}
    return figures | {"failed": sum(turn.failed for turn in turns)}


def _table(size: int, figures: dict[int, dict[str, Any]], rounds: int, seconds: int) -> Table:
    table = Table(title=f"{size:,} rows a table; medians of {rounds} turns of {seconds} s; milliseconds")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "contender" else "right")
    for connections, found in figures.items():
        floor = found[FLOOR]["p50"]
        for name, one in found.items():
            measured = (f"{one[each]:.2f}" for each in ("p50", "p95", "p99"))
            ratio = f"{one['p50'] / floor:.1f}"
            table.add_row(
                name, str(connections), *measured, f"{one['rate']:,.0f}", f"{one['cpu']:.2f}", ratio, str(one["failed"])
            )
        table.add_section()
    return table


if __name__ == "__main__":
    os.environ.setdefault("NODE_ENV", "production")
    sys.exit(typer.run(main))
