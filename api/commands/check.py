"""`yukyu check`: the health report on a terminal, and as an exit code."""

import asyncio
import logging
from dataclasses import asdict
from typing import Final

import orjson
import typer
from rich.console import Console
from rich.table import Column, Table

from api import logs
from api.commands import databases
from api.commands.options import AsJson, DataDir, settings_with
from api.version import VERSION
from db import connecting
from db.errors import AppError
from jobs.health import HealthStatus, NodeHealth, Report, report

EXIT_CODES: Final = {HealthStatus.HEALTHY: 0, HealthStatus.DEGRADED: 1, HealthStatus.DOWN: 2}
COLOURS: Final = {HealthStatus.HEALTHY: "green", HealthStatus.DEGRADED: "yellow", HealthStatus.DOWN: "red"}


def check(data_dir: DataDir = None, as_json: AsJson = False) -> None:  # noqa: FBT002 - Typer's way
    """Measure the health of everything; exit 0 healthy, 1 degraded, 2 down."""
    settings = settings_with(data_dir=data_dir)
    logs.configure(level=logging.CRITICAL)  # the report says it all
    try:
        found = databases.find(settings)
    except AppError as error:  # nothing runs there: for this command that is an answer, and not "degraded"
        typer.echo(" ".join(filter(None, (error.message, error.hint))), err=True)
        raise typer.Exit(EXIT_CODES[HealthStatus.DOWN]) from None

    async def measure() -> Report:
        async with connecting.engines(found.primary_url, found.replica_urls) as engines:
            directories = [settings.data_dir] if settings.data_dir.exists() else []
            return await report(engines, version=VERSION, directories=directories)

    raise typer.Exit(show(asyncio.run(measure()), as_json=as_json))


def show(measured: Report, *, as_json: bool = False, console: Console | None = None) -> int:
    """Print a report and return the exit code it means."""
    console = console or Console(highlight=False)
    if as_json:
        console.file.write(orjson.dumps(asdict(measured), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        console.print(_nodes(measured))
        console.print(_checks(measured))
        console.print(
            f"{_coloured(measured.status)}: schema {measured.schema_revision or 'unknown'}, version {measured.version}"
        )
    return EXIT_CODES[measured.status]


def _nodes(measured: Report) -> Table:
    table = Table(
        Column("Node", no_wrap=True),
        "Role",
        "Status",
        "PostgreSQL",
        "Latency",
        "Lag",
        "Connections",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for node in measured.nodes:
        latency = "" if node.latency_ms is None else f"{node.latency_ms:.1f} ms"
        taken = "" if node.connections is None else f"{node.connections}/{node.max_connections}"
        table.add_row(
            node.name, node.role, _coloured(node.status), node.server_version or "", latency, _lag(node), taken
        )
    return table


def _lag(node: NodeHealth) -> str:
    seconds = "" if node.replay_lag_seconds is None else f"{node.replay_lag_seconds:.1f} s"
    size = "" if node.replay_lag_bytes is None else f"{node.replay_lag_bytes:,} bytes"
    return ", ".join(part for part in (seconds, size) if part)


def _checks(measured: Report) -> Table:
    table = Table("Check", "Status", "Finding", box=None, padding=(0, 2, 0, 0))
    for each in measured.checks:
        table.add_row(each.name, _coloured(each.status), each.message)
    return table


def _coloured(status: HealthStatus) -> str:
    return f"[{COLOURS[status]}]{status}[/]"
