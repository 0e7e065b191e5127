"""How the cost of search, import, backup and monitoring grows with the rows: `make bench-scale`.

    python bench/scale.py [--rows 2500 --rows 25000] [--directory DIR] [--json FILE] [--svg FILE]

Each size has a new server of its own. Rows of people are imported from a file like the old application's, so that the
import is measured on the way; then searches of every kind, looks by monitoring, and full backups with their
verification. Give DIR on a disk with room for 5 KB a row of people, and 8 GB of WAL.
"""

import asyncio
import json
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Annotated, Any

import asyncpg
import typer
from backup import backed_up, database_bytes
from line_chart import drawn
from rich.console import Console
from rich.table import Table
from search import SERVER, machine, percentile, server_version
from search_kinds import kinds, ours, shuffled
from search_rows import SEED, TABLES

from db import migrations, transfer
from db.cluster import EmbeddedCluster
from db.control import Control
from db.monitoring.survey import survey
from db.monitoring.watch import Watch
from db.repository import BackupKind, Repository
from db.tables import Employee
from jobs.data.legacy import import_file
from jobs.data.sample.accounts import account_rows, draw_accounts
from jobs.data.sample.rosters import ROSTERS, Holder
from jobs.monitoring.servers import targets
from jobs.monitoring.taking import Taking
from jobs.site import Site

SIZES = [2_500, 25_000, 250_000]
WARM_UP_ROUNDS = 2
LINES = {
    "import, s": "import_seconds",
    "backup, s": "backup_seconds",
    "search, p95 ms": "search_p95",
    "slowest kind, p95 ms": "worst_p95",
    "a look, ms": "look_milliseconds",
    "a survey, ms": "survey_milliseconds",
}


@dataclass(frozen=True)
class Scaled:
    """What one size costs; a backup includes that it is read again and verified."""

    rows: int
    database_bytes: int
    import_seconds: float
    search_p50: float
    search_p95: float
    worst_p95: float
    worst_kind: str
    look_milliseconds: float
    survey_milliseconds: float
    backup_seconds: float
    backup_bytes: int


def main(  # noqa: PLR0913, PLR0917 - the command's own
    rows: Annotated[list[int] | None, typer.Option(help="Rows a table, of four; may be given more than once.")] = None,
    rounds: Annotated[int, typer.Option(help="Searches of each kind.")] = 100,
    looks: Annotated[int, typer.Option(help="Looks, and surveys, by monitoring.")] = 20,
    backups: Annotated[int, typer.Option(help="Full backups.")] = 3,
    directory: Annotated[Path | None, typer.Option(help="Where servers are made, and removed again.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
    svg_file: Annotated[Path | None, typer.Option("--svg", help="Where to draw them.")] = None,
) -> None:
    console, results = Console(width=140), dict[str, Any]()
    console.print(machine())
    for size in rows or SIZES:
        with console.status(f"{size:,} rows a table") as status:
            scaled, server = asyncio.run(of_size(size, rounds, looks, backups, directory, status.update))
        results |= {"machine": machine(), "server": server}
        results.setdefault("sizes", []).append(asdict(scaled))
        console.print(f"{scaled.rows:,} rows: {scaled}")
        if json_file is not None:
            json_file.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    console.print(table_of(results["sizes"]))
    if svg_file is not None:
        svg_file.write_text(chart(results["sizes"]), encoding="utf-8")


async def of_size(  # noqa: PLR0913, PLR0917 - as the command has them
    size: int,
    rounds: int,
    looks: int,
    backups: int,
    directory: Path | None,
    say: Any,  # noqa: ANN401 - Rich's
) -> tuple[Scaled, str]:
    home = Path(tempfile.mkdtemp(prefix="yukyu-bench-", dir=directory))
    home.chmod(0o711)  # noqa: ASYNC240 - PostgreSQL's own user passes through
    try:
        async with AsyncExitStack() as opened:
            archive = Repository.at(home / "backups")
            cluster = await opened.enter_async_context(
                EmbeddedCluster.open(home, replica=False, archive=archive, settings=SERVER)
            )
            control = await opened.enter_async_context(Control.open(home / "state"))
            await migrations.upgrade(cluster.primary_url)
            say(f"{size:,} rows a table: writing the file")
            file = home / "old.db"
            await asyncio.to_thread(write, file, size)
            say(f"{size:,} rows a table: importing")
            began = perf_counter()
            await import_file(cluster.primary_url, file)
            imported = perf_counter() - began
            file.unlink()
            say(f"{size:,} rows a table: searching")
            searched = await searches(cluster.primary_url, rounds, size)
            every = [each for taken in searched.values() for each in taken]
            worst = max(searched, key=lambda kind: percentile(searched[kind], 95))
            site = Site(control, archive, cluster.installation)
            say(f"{size:,} rows a table: monitoring")
            look, surveyed = await monitored(site, looks)
            say(f"{size:,} rows a table: backing up")
            taken = [await backed_up(site, BackupKind.FULL) for _ in range(backups)]
            scaled = Scaled(
                rows=size * len(TABLES),
                database_bytes=await database_bytes(cluster),
                import_seconds=imported,
                search_p50=percentile(every, 50),
                search_p95=percentile(every, 95),
                worst_p95=percentile(searched[worst], 95),
                worst_kind=worst,
                look_milliseconds=look,
                survey_milliseconds=surveyed,
                backup_seconds=median(seconds for _, seconds in taken),
                backup_bytes=taken[-1][0].size_bytes,
            )
            return scaled, await server_version(cluster.admin_url)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def write(path: Path, rows: int) -> None:
    """Write a file as the old application left it: tables of people, everything text or a number."""
    holders: list[list[Holder]] = [[], [], []]
    with closing(sqlite3.connect(path)) as file:
        for roster, held in zip(ROSTERS, holders, strict=True):
            _write(file, roster.model, roster.people(rows, SEED, held))
        in_turn = [holder for together in zip(*holders, strict=True) for holder in together]
        _write(file, Employee, account_rows(list(draw_accounts(in_turn, rows, SEED)), SEED))
        file.commit()


def _write(file: sqlite3.Connection, model: type, rows: Iterator[transfer.TableRow]) -> None:
    table = transfer.table_of(model)
    columns = transfer.writable_columns(table)
    file.execute(f"CREATE TABLE {table.name} ({', '.join(columns)})")
    places = ", ".join("?" * len(columns))
    texts = ([_text(value) for value in row] for row in rows)
    file.executemany(f"INSERT INTO {table.name} VALUES ({places})", texts)  # noqa: S608 - our own names


def _text(value: object) -> object:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


async def searches(url: str, rounds: int, seed: int) -> dict[str, list[float]]:
    """Return the milliseconds of each search, by its kind."""
    random = Random(seed)  # noqa: S311 - an order, not a secret
    connection = await asyncpg.connect(url)
    try:
        queries = await kinds(connection)
        for _ in range(WARM_UP_ROUNDS):
            for text in (text for texts in queries.values() for text in texts):
                await ours(connection, text)
        drawn_texts = {kind: shuffled(texts, rounds, random) for kind, texts in queries.items()}
        taken: dict[str, list[float]] = {kind: [] for kind in queries}
        for index in range(rounds):
            for kind, texts in drawn_texts.items():
                began = perf_counter()
                await ours(connection, texts[index])
                taken[kind].append((perf_counter() - began) * 1000)
    finally:
        await connection.close()
    return taken


async def monitored(site: Site, looks: int) -> tuple[float, float]:
    """Return the milliseconds of one look at everything, and of one survey of the tables and indexes: medians."""
    taking = Taking(site)
    watch = Watch(targets(site.installation)[0].url)
    looked, surveyed = list[float](), list[float]()
    try:
        await taking.take()
        await watch.ask(survey)
        for _ in range(looks):
            began = perf_counter()
            await taking.take()
            between = perf_counter()
            await watch.ask(survey)
            looked.append((between - began) * 1000)
            surveyed.append((perf_counter() - between) * 1000)
    finally:
        taking.close()
        watch.close()
    return median(looked), median(surveyed)


def table_of(sizes: list[dict[str, Any]]) -> Table:
    table = Table(title="By rows of people, in all four tables")
    for heading in ("rows", "database", "import", "rows/s", "search p50", "p95", "worst kind's p95", "look", "survey",
                    "backup", "its size"):  # fmt: skip
        table.add_column(heading, justify="right")
    for each in sizes:
        table.add_row(
            f"{each['rows']:,}",
            f"{each['database_bytes'] / 1e6:,.0f} MB",
            f"{each['import_seconds']:.1f} s",
            f"{each['rows'] / each['import_seconds']:,.0f}",
            f"{each['search_p50']:.2f} ms",
            f"{each['search_p95']:.2f} ms",
            f"{each['worst_p95']:.2f} ms ({each['worst_kind']})",
            f"{each['look_milliseconds']:.1f} ms",
            f"{each['survey_milliseconds']:.1f} ms",
            f"{each['backup_seconds']:.1f} s",
            f"{each['backup_bytes'] / 1e6:,.0f} MB",
        )
    return table


def chart(sizes: list[dict[str, Any]]) -> str:
    lines = {name: {each["rows"]: each[what] for each in sizes} for name, what in LINES.items()}
    return drawn("Cost by the rows of people in all four tables", lines)


if __name__ == "__main__":
    sys.exit(typer.run(main))
