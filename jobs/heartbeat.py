"""Writes the moment into the heartbeat row, so that replicas can tell how old their data is."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from db.cancelling import pause
from db.engines import Engines
from db.errors import DatabaseUnavailableError
from db.health import heartbeat

log = structlog.get_logger(__name__)

INTERVAL = timedelta(seconds=5)


async def keep_beating(engines: Engines, *, clock: Callable[[], datetime], interval: timedelta = INTERVAL) -> None:
    """Write a beat every `interval` until cancelled; a primary that is away is tried again at the next."""
    beating = True
    while True:
        beats = await _try(engines, clock())
        if beating and not beats:
            log.warning("heartbeat stopped", reason="The primary takes no writes.")
        elif beats and not beating:
            log.info("heartbeat is back")
        beating = beats
        await pause(interval.total_seconds())


async def _try(engines: Engines, now: datetime) -> bool:
    try:
        async with engines.transaction() as session:
            await heartbeat.beat(session, now=now)
    except DatabaseUnavailableError:
        return False
    except Exception:
        log.exception("heartbeat failed")
        return False
    return True
