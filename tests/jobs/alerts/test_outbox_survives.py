"""A worker killed between the outbox and the receivers loses nothing, and a locked control store costs nothing."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from db.control import DeliveryState
from db.control.file import BUSY_SECONDS
from jobs.alerts.channels.slack import Slack
from jobs.site import Site
from tests import forking
from tests.jobs.alerts.outgoing import all_ended, an_alert, put, rows, sending_now, with_channels
from tests.jobs.alerts.process import channels
from tests.jobs.alerts.receivers import Answer, smtp, web

pytestmark = pytest.mark.long


async def worker(directory: Path, port: int, url: str) -> forking.Process:
    return await forking.python("-m", "tests.jobs.alerts.process", directory, port, url)


async def test_nothing_is_lost_when_the_worker_is_killed_before_and_while_it_sends(site: Site, tmp_path: Path) -> None:
    alerts = [an_alert(site, number) for number in range(1, 6)]
    async with smtp() as mails, web(Answer(seconds=60), Answer()) as slack:
        # It hangs with one message on its way; the others are in the outbox.
        first = await worker(tmp_path, mails.port, slack.url)
        try:
            await put(with_channels(site, *channels(mails.port, slack.url)), alerts)
            async with asyncio.timeout(60):
                while not slack.received:  # noqa: ASYNC110 - the event is in another process
                    await asyncio.sleep(0.02)
        finally:
            first.kill()
            await first.wait()
        assert any(row.state is DeliveryState.PENDING for row in await rows(site))

        second = await worker(tmp_path, mails.port, slack.url)
        try:
            found = await all_ended(site)
        finally:
            second.kill()
            await second.wait()

    assert {(row.channel, row.state) for row in found} == {
        ("email", DeliveryState.SENT),
        ("slack", DeliveryState.SENT),
    }
    assert len(found) == 2 * len(alerts)
    told = "\n".join(str(message) for message in slack.taken)
    for alert in alerts:
        assert alert.summary.replace("<", "&lt;").replace(">", "&gt;") in told
    assert len({mail["Message-ID"] for mail in mails.mails}) == 1


async def test_what_cannot_be_written_down_at_once_is_not_told_twice(site: Site, tmp_path: Path) -> None:
    async with web(Answer(seconds=1), Answer()) as slack:
        site = with_channels(site, Slack(slack.url))
        await put(site, [an_alert(site)])
        async with sending_now(site):
            async with asyncio.timeout(60):
                while not slack.received:  # noqa: ASYNC110 - the event is in the receiver
                    await asyncio.sleep(0.01)
            with closing(sqlite3.connect(tmp_path / "state" / "control.sqlite", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(BUSY_SECONDS + 2)
                other.execute("ROLLBACK")
            (row,) = await all_ended(site)

    assert (row.state, row.attempts) == (DeliveryState.SENT, 1)
    assert len(slack.received) == 1
