"""`yukyu monitor`: how fast the database is, why a statement is slow, and which index would help."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer

from api import logs
from api.commands import baselines, databases, monitor_reports, sites
from api.commands.options import AsJson, DataDir, settings_with
from db import connecting
from db.engines import Engines
from jobs import performance
from jobs.monitoring.servers import Target, targets
from jobs.site import Site

app = typer.Typer(no_args_is_help=True)
app.command()(baselines.baseline)
app.command()(baselines.compare)

T = TypeVar("T")

Threshold = Annotated[
    float, typer.Option("--threshold", min=0, max=3_600_000, help="Show statements slower than so many milliseconds.")
]
First = Annotated[int, typer.Option("--first", min=1, max=100, help="Show so many at most.")]
Sql = Annotated[str, typer.Argument(help="One SELECT in quotes, or - to read it from standard input.")]
Analyze = Annotated[
    bool, typer.Option("--analyze", help="Run it too, on a replica where there is one, for 5 s at most.")
]


@dataclass(frozen=True)
class Watched:
    """The databases that a command is about, and the installation they belong to, where it is one of ours."""

    engines: Engines
    targets: list[Target]
    site: Site | None


@app.command()
def report(
    threshold: Threshold = 100,
    first: First = 20,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Print slow statements, tables and indexes: the worker's last look, or one taken now where none runs.

    Example: `yukyu monitor report --threshold 20`
    """
    found = _run(data_dir, lambda watched: performance.report(watched.targets, watched.site))
    if as_json:
        monitor_reports.print_report_as_json(found, threshold_ms=threshold, first=first)
    else:
        monitor_reports.print_report(found, threshold_ms=threshold, first=first)


@app.command()
def explain(
    sql: Sql,
    analyze: Analyze = False,  # noqa: FBT002 - Typer's way
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """Print the plan of one SELECT, and what to do about it. Nothing is changed.

    Example: `yukyu monitor explain --analyze "SELECT * FROM staff WHERE office = '名古屋'"`
    """
    statement = sys.stdin.read() if sql == "-" else sql
    found = _run(data_dir, lambda watched: performance.explain(watched.engines, statement, analyze=analyze))
    monitor_reports.print_plan(found, as_json=as_json)


@app.command()
def suggest(as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Print indexes that slow statements would gain by; nothing is made.

    Where HypoPG is installed they are tried out first, and the planner's costs are shown.

    Example: `yukyu monitor suggest --json`
    """

    async def work(watched: Watched) -> list[performance.Suggestion]:
        found = await performance.report(watched.targets, watched.site)
        return await performance.suggest(watched.engines, found.counted())

    monitor_reports.print_suggestions(_run(data_dir, work), as_json=as_json)


def _run(data_dir: DataDir, work: Callable[[Watched], Awaitable[T]]) -> T:
    settings = settings_with(data_dir=data_dir)
    logs.configure(settings.log_format, level=logging.ERROR)
    found = databases.find(settings)

    async def opened() -> T:
        async with AsyncExitStack() as stack:
            engines = await stack.enter_async_context(connecting.engines(found.primary_url, found.replica_urls))
            engines.require_server("Performance figures need")
            if settings.database_url is not None:
                nodes = [Target(node.name, node.configured, node.url) for node in engines.nodes]
                return await work(Watched(engines, nodes, None))
            site = await stack.enter_async_context(sites.opened(settings))
            return await work(Watched(engines, targets(site.installation), site))

    return asyncio.run(opened())
