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
    stopped: str | None = None
    while True:
        reason = await _try(engines, clock())
        if reason is not None and stopped is None:
            log.warning("heartbeat stopped", reason=reason)
        elif reason is None and stopped is not None:
            log.info("heartbeat is back")
        stopped = reason
        await pause(interval.total_seconds())


async def _try(engines: Engines, now: datetime) -> str | None:
    """Write a beat, or return why there is none."""
    try:
        async with engines.transaction() as session:
            await heartbeat.beat(session, now=now)
    except DatabaseUnavailableError:
        return "The primary takes no writes."
    except heartbeat.NoHeartbeatError as failure:
        return f"{failure.message} {failure.hint}"
    except Exception as failure:
        log.exception("heartbeat failed")
        return str(failure)
    return None
