"""Follows an operation to its end, with a bar on a terminal; does it here where no worker would."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from db.control import Operation, OperationState, operations
from jobs.site import Site
from jobs.worker.job import Kind
from jobs.worker.leader import WorkerBusyError
from jobs.worker.loop import run_now

POLL_SECONDS = 0.2
ENDED = (OperationState.SUCCEEDED, OperationState.FAILED)


async def finish(site: Site, operation: Operation, kinds: Sequence[Kind]) -> Operation:
    """Return an operation as it ended; the worker does it, or this process where there is none."""
    doing = asyncio.create_task(_do(site, operation, kinds))
    try:
        return await _follow(site, operation)
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)


async def _do(site: Site, operation: Operation, kinds: Sequence[Kind]) -> None:
    with suppress(WorkerBusyError):
        await run_now(site, operation, kinds)


async def _follow(site: Site, operation: Operation) -> Operation:
    console = Console(stderr=True, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as shown:
        task = shown.add_task("Waiting for the worker", total=1.0)
        while operation.state not in ENDED:
            await asyncio.sleep(POLL_SECONDS)
            operation = await _read(site, operation)
            message = operation.message or "Waiting for the worker"
            shown.update(task, completed=operation.progress, description=message)
    return operation


async def _read(site: Site, operation: Operation) -> Operation:
    async with site.control.reading() as session:
        return await operations.by_id(session, operation.id) or operation
