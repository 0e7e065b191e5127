"""Slack and PagerDuty, on a web server that answers as real ones do in trouble."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from structlog.testing import capture_logs

from db.control import AlertEventKind, DeliveryState
from jobs.alerts.channels.pagerduty import PagerDuty
from jobs.alerts.channels.posting import LONGEST_WAIT, retry_after
from jobs.alerts.channels.slack import Slack
from jobs.site import Site
from tests.db.cluster.witness import eventually
from tests.jobs.alerts.outgoing import HURRY, all_ended, an_alert, put, rows, sending_now, with_channels
from tests.jobs.alerts.receivers import Answer, web

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
BUSY = Answer(503, body="busy")


async def test_an_alert_is_told_once_after_a_receiver_in_trouble_recovers(site: Site) -> None:
    async with web(BUSY, BUSY, Answer()) as slack:
        site = with_channels(site, Slack(slack.url))
        await put(site, [an_alert(site)])
        async with sending_now(site):
            (row,) = await all_ended(site)

    assert (row.state, row.attempts, row.error) == (DeliveryState.SENT, 3, None)
    assert row.sent_at is not None
    assert len(slack.taken) == 1
    assert slack.taken[0]["text"] == "[CRITICAL] The primary is down (database)"


@pytest.mark.parametrize("said_as", ["seconds", "date"])
async def test_a_receiver_that_is_overrun_is_left_alone_for_as_long_as_it_asks(site: Site, said_as: str) -> None:
    wait = 2
    asked = (
        format_datetime(datetime.now(UTC) + timedelta(seconds=wait + 1), usegmt=True)
        if said_as == "date"
        else str(wait)
    )
    async with web(Answer(429, {"retry-after": asked}), Answer()) as slack:
        site = with_channels(site, Slack(slack.url))
        await put(site, [an_alert(site), an_alert(site, 2, rule_key="dead-rows")])
        async with sending_now(site):
            found = await all_ended(site)

    assert [row.state for row in found] == [DeliveryState.SENT] * 2
    first, second, third = slack.times
    assert (second - first).total_seconds() >= wait - 1
    assert third >= second


async def test_what_a_receiver_refuses_is_given_up_and_what_follows_is_told(site: Site) -> None:
    async with web(Answer(400, body="invalid_payload"), Answer()) as slack:
        site = with_channels(site, Slack(slack.url))
        await put(site, [an_alert(site), an_alert(site, 2, rule_key="dead-rows")])
        async with sending_now(site):
            first, second = await all_ended(site)

    assert (first.state, first.attempts) == (DeliveryState.FAILED, 1)
    assert first.error == "It answered 400: invalid_payload."
    assert second.state is DeliveryState.SENT


@pytest.mark.usefixtures("unconfigured_logs")
async def test_a_receiver_that_stays_away_is_given_up_after_a_while(site: Site) -> None:
    site = with_channels(site, Slack("http://127.0.0.1:9/services/hush"))
    await put(site, [an_alert(site)])
    impatient = replace(HURRY, given_up=timedelta(seconds=1))
    with capture_logs() as logs:
        async with sending_now(site, impatient):
            (row,) = await all_ended(site)

    assert row.state is DeliveryState.FAILED
    assert row.attempts > 1
    assert "Given up after" in str(row.error)
    assert any(entry["event"] == "alert not told" for entry in logs)


async def test_a_channel_that_is_down_holds_no_other_up(site: Site) -> None:
    async with web(Answer(seconds=30)) as slow, web() as pagerduty:
        site = with_channels(site, Slack(slow.url), PagerDuty("hush", url=pagerduty.url))
        await put(site, [an_alert(site)], AlertEventKind.FIRED, AlertEventKind.RESOLVED)
        async with sending_now(site):

            async def told() -> bool:
                return {row.state for row in await rows(site) if row.channel == "pagerduty"} == {DeliveryState.SENT}

            await eventually(told, seconds=60)
            assert {row.state for row in await rows(site) if row.channel == "slack"} == {DeliveryState.PENDING}


async def test_a_receiver_that_does_not_answer_is_not_waited_for_for_ever(site: Site) -> None:
    async with web(Answer(seconds=30), Answer()) as slack:
        site = with_channels(site, Slack(slack.url))
        await put(site, [an_alert(site)])
        async with sending_now(site, replace(HURRY, attempt=timedelta(seconds=0.5))):
            (row,) = await all_ended(site)

    assert (row.state, row.attempts) == (DeliveryState.SENT, 2)


async def test_many_alerts_of_one_rule_are_one_message(site: Site) -> None:
    async with web() as slack, web() as pagerduty:
        site = with_channels(site, Slack(slack.url), PagerDuty("hush", url=pagerduty.url))
        await put(site, [an_alert(site, number, rule_key="table-bloat") for number in range(2, 22)])
        async with sending_now(site):
            found = await all_ended(site)

    assert {row.state for row in found} == {DeliveryState.SENT}
    assert len(slack.taken) == 1
    assert "and 17 more" in slack.taken[0]["text"]
    assert len({event["dedup_key"] for event in pagerduty.taken}) == 20


async def test_pagerduty_hears_of_an_alert_in_order_under_one_name(site: Site) -> None:
    async with web(BUSY, Answer(202), BUSY, Answer(202)) as pagerduty:
        site = with_channels(site, PagerDuty("a routing key", url=pagerduty.url, link="https://yukyu.test/graphql"))
        alert = an_alert(site)
        await put(site, [alert], AlertEventKind.FIRED, AlertEventKind.ACKNOWLEDGED, AlertEventKind.RESOLVED)
        async with sending_now(site):
            await all_ended(site)

    assert [event["event_action"] for event in pagerduty.taken] == ["trigger", "acknowledge", "resolve"]
    assert len({event["dedup_key"] for event in pagerduty.taken}) == 1
    trigger = pagerduty.taken[0]
    assert trigger["routing_key"] == "a routing key"
    assert trigger["payload"]["severity"] == "critical"
    assert trigger["payload"]["summary"] == "The primary is down (database)"
    assert trigger["links"] == [{"href": "https://yukyu.test/graphql", "text": "Open YuKyuDATA"}]


async def test_pagerduty_does_not_hear_of_silences(site: Site) -> None:
    async with web() as pagerduty:
        site = with_channels(site, PagerDuty("hush", url=pagerduty.url))
        await put(site, [an_alert(site)], AlertEventKind.FIRED, AlertEventKind.SILENCED)
        async with sending_now(site):
            fired, silenced = await all_ended(site)

    assert (fired.state, silenced.state) == (DeliveryState.SENT, DeliveryState.SKIPPED)
    assert len(pagerduty.received) == 1


async def test_what_is_for_a_channel_that_is_not_configured_any_more_is_skipped(site: Site) -> None:
    await put(with_channels(site, Slack("http://127.0.0.1:9/hush")), [an_alert(site)])
    async with sending_now(site):
        (row,) = await all_ended(site)

    assert row.state is DeliveryState.SKIPPED


async def test_slack_s_message_has_blocks_and_mentions_nobody(site: Site) -> None:
    async with web() as slack:
        site = with_channels(site, Slack(slack.url))
        await put(site, [an_alert(site, subject="<!channel> & <https://evil.test|here>")])
        async with sending_now(site):
            await all_ended(site)

    (attachment,) = slack.taken[0]["attachments"]
    assert [block["type"] for block in attachment["blocks"]] == ["header", "section", "section"]
    sections = json.dumps([block for block in attachment["blocks"] if block["type"] == "section"])
    assert "<" not in sections
    assert "<" not in slack.taken[0]["text"]


@pytest.mark.usefixtures("unconfigured_logs")
async def test_no_secret_is_in_a_log_or_an_error(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with web(BUSY, Answer(404, body="no route to /services/T0/B0/hush")) as slack:
        channel = Slack(slack.url)
        site = with_channels(site, channel)
        await put(site, [an_alert(site)])
        with capture_logs() as logs:
            async with sending_now(site):
                (row,) = await all_ended(site)

    assert row.state is DeliveryState.FAILED
    assert "hush" not in f"{caplog.text} {logs} {row.error} {channel!r} {site.alerting!r}"


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("soon", None),
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        ("Sun, 22 Nov 2026 10:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 22 Nov 2020 10:00:30 GMT", timedelta(0)),
        ("9" * 30, None),
        ("999999", LONGEST_WAIT),
    ],
)
def test_how_long_to_wait_is_read_as_seconds_or_as_a_date(header: str | None, wait: timedelta | None) -> None:
    assert retry_after(header, now=NOW) == wait
