"""The worker in a process: beside the API in `yukyu up`, or alone in `yukyu work`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from db.cancelling import pause
from jobs.site import Site
from jobs.worker import registry

log = structlog.get_logger(__name__)

RETRY_SECONDS = 5.0


@asynccontextmanager
async def working(site: Site) -> AsyncGenerator[None]:
    """Be the worker meanwhile, and stop in order: what is under way goes back into the queue."""
    worker = asyncio.create_task(work(site), name="worker")
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def work(site: Site) -> None:
    """Be the worker until cancelled; what nobody foresaw is logged, and it begins again."""
    while True:
        try:
            await registry.work(site)
        except Exception:
            log.exception("worker failed")
        await pause(RETRY_SECONDS)
