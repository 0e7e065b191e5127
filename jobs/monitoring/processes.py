"""The connections of API processes: each says what it has, and snapshots gather it."""

import asyncio
import os
import socket
from datetime import timedelta
from typing import Any, Final

import structlog

from db.cancelling import pause
from db.control import Control, processes
from db.engines import Engines, Node
from db.monitoring.snapshot import Pool
from jobs.site import Site

log = structlog.get_logger(__name__)

# Well within the time after which a process counts as gone.
LONGEST: Final = timedelta(seconds=15)


async def keep_reporting(site: Site, engines: Engines) -> None:
    """Say every tick what connections this process has, until cancelled; a store that is away is tried again."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    said: str | None = None
    try:
        while True:
            try:
                async with site.control.transaction() as session:
                    await processes.report(session, name, [_pool(node) for node in engines.nodes], now=site.clock())
                said = None
            except Exception as failure:  # noqa: BLE001 - whatever the store's driver raises
                if said != str(failure):
                    log.warning("connections not reported", reason=str(failure))
                said = str(failure)
            await pause(min(site.monitoring.interval, LONGEST).total_seconds())
    finally:
        await asyncio.shield(_leave(site.control, name))


async def pools(site: Site) -> tuple[Pool, ...]:
    """Return the connections of the processes that are there."""
    async with site.control.reading() as session:
        present = await processes.present(session, now=site.clock())
    return tuple(
        Pool(
            process=each.id,
            node=pool["node"],
            size=pool["size"],
            in_use=pool["inUse"],
            waiting=pool["waiting"],
            maximum=pool["maximum"],
        )
        for each in present
        for pool in each.pools
    )


def _pool(node: Node) -> dict[str, Any]:
    usage = node.reads.usage()
    return {
        "node": node.name,
        "size": usage.size,
        "inUse": usage.in_use,
        "waiting": usage.waiting,
        "maximum": usage.maximum,
    }


async def _leave(control: Control, name: str) -> None:
    try:
        async with control.transaction() as session:
            await processes.leave(session, name)
    except Exception as failure:  # noqa: BLE001 - it counts as gone in a minute anyway
        log.debug("not signed off", reason=str(failure))
