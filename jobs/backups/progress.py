"""Tells whoever watches how far something is while it runs."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

# Told the part that is done, from 0 to 1, and what is being done.
OnProgress = Callable[[float, str], Awaitable[None]]

INTERVAL_SECONDS = 0.5


async def silent(_progress: float, _message: str) -> None:
    """Report progress to nobody."""


@asynccontextmanager
async def reported(
    on_progress: OnProgress, message: str, measure: Callable[[], Awaitable[float | None]]
) -> AsyncGenerator[None]:
    """Measure and report again and again while the block runs; None is not reported.

    A report that has begun is ended: it may be in the middle of a transaction.
    """
    told: list[asyncio.Future[None]] = []

    async def watch() -> None:
        before = None
        while True:
            done = await measure()
            if done is not None and done != before:
                told[:] = [asyncio.ensure_future(on_progress(done, message))]
                await asyncio.shield(told[0])
                before = done
            await asyncio.sleep(INTERVAL_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, *told, return_exceptions=True)
