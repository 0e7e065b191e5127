"""A test alert: told at once, past the outbox, so that whoever sends it sees what becomes of it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import structlog

from db.control import AlertEventKind, DeliveryState, Severity, audit
from db.errors import BadInputError
from jobs.alerts.alerting import KNOWN
from jobs.alerts.channels.channel import Channel, LaterError, RefusedError
from jobs.alerts.notice import Notice
from jobs.alerts.rule import DATABASE
from jobs.site import Site

log = structlog.get_logger(__name__)

ACTION = "send-test-alert"
# Below what an operation of the API may take.
LONGEST_SECONDS = 10.0
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a test on one channel."""

    channel: str
    state: DeliveryState
    at: datetime
    error: str | None


async def send_test(site: Site, channel: str | None, *, by: str) -> list[Outcome]:
    """Send a test alert to one channel, or to all that are configured, and wait for what becomes of it.

    Raises:
        BadInputError: there is no such channel.
    """
    if channel is not None and channel not in KNOWN:
        raise BadInputError(
            f"There is no channel {channel[:LONGEST_NAME]!r}.", hint=f"Channels are {', '.join(KNOWN)}."
        )
    notice = _notice(by, now=site.clock())
    names = site.alerting.channels if channel is None else (channel,)
    outcomes = list(await asyncio.gather(*(_outcome(site, name, notice) for name in names)))
    failed = any(outcome.state is DeliveryState.FAILED for outcome in outcomes)
    async with site.control.transaction() as session:
        await audit.record(
            session,
            who=by,
            action=ACTION,
            subject=channel or "all",
            result=audit.FAILED if failed else audit.SUCCEEDED,
            details={each.channel: f"{each.state.value} {each.error or ''}".rstrip() for each in outcomes},
            now=site.clock(),
        )
    return outcomes


async def _outcome(site: Site, name: str, notice: Notice) -> Outcome:
    channel = site.alerting.channel(name)
    if channel is None:
        return Outcome(name, DeliveryState.SKIPPED, site.clock(), f"It is not configured; set {KNOWN[name]}.")
    error = await _told(channel, notice)
    return Outcome(name, DeliveryState.FAILED if error else DeliveryState.SENT, site.clock(), error)


async def _told(channel: Channel, notice: Notice) -> str | None:
    """Tell, and return why that failed."""
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            told = await channel.tell([notice])
    except TimeoutError:
        return f"It took longer than {LONGEST_SECONDS:g} seconds."
    except (LaterError, RefusedError) as error:
        return error.message
    except Exception as failure:  # the others' outcomes are still to be told
        log.exception("test alert failed", channel=channel.name)
        return f"Something went wrong that nobody foresaw: {type(failure).__name__}. The log says more."
    return told.remark


def _notice(by: str, *, now: datetime) -> Notice:
    return Notice(
        event=0,
        kind=AlertEventKind.FIRED,
        at=now,
        alert_id=uuid4().hex,
        rule_key="test",
        title="This is a test",
        action="There is nothing to do: that this has arrived says that the channel works.",
        subject=DATABASE,
        severity=Severity.INFO,
        summary=f"{by} has sent this test.",
        value=0,
        threshold=0,
        unit="",
        since=now,
    )
