"""Trying out the channels of alerts through GraphQL and on the command line."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.signin import SignInLinks
from api.version import VERSION
from db.control import audit
from db.engines import Engines
from jobs import health
from jobs.alerts.alerting import Alerting
from jobs.alerts.channels.log import Log
from jobs.alerts.channels.mail import Mail, Security
from jobs.alerts.channels.slack import Slack
from jobs.site import Site
from schema.roles import Role
from tests import forking
from tests.api.application import ORIGIN, TOKENS, Api
from tests.jobs.alerts.receivers import Answer, MailReceiver, WebReceiver, smtp, web
from tests.jobs.worker.sites import open_site

ADMIN = (Role.ADMIN,)
SEND = "mutation ($channel: String) { sendTestAlert(channel: $channel) { channel state at error } }"


@pytest.fixture(scope="module")
async def mails() -> AsyncIterator[MailReceiver]:
    async with smtp() as receiver:
        yield receiver


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[WebReceiver]:
    async with web(Answer(404, body="no_service")) as receiver:
        yield receiver


@pytest.fixture(scope="module")
async def site(
    tmp_path_factory: pytest.TempPathFactory, mails: MailReceiver, slack: WebReceiver
) -> AsyncIterator[Site]:
    mail = Mail("127.0.0.1", "a@yukyu.test", ("b@yukyu.test",), port=mails.port, security=Security.NONE)
    async with open_site(tmp_path_factory.mktemp("site")) as site:
        yield replace(site, alerting=Alerting((Log(), mail, Slack(slack.url))))


@pytest.fixture(scope="module")
async def api(module_database: Any, site: Site) -> AsyncIterator[Api]:
    async with Engines.open(module_database.primary_url, [module_database.replica_url]) as engines:

        async def examine() -> health.Report:
            return await health.report(engines, version=VERSION, directories=[])

        app = create_app(engines, Settings(), tokens=TOKENS, links=SignInLinks(), examine=examine, site=site)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
            yield Api(client, SignInLinks(), module_database.primary_url)


async def test_all_channels_are_tried_and_each_says_what_became_of_it(
    api: Api, site: Site, mails: MailReceiver, slack: WebReceiver
) -> None:
    told = (await api.data(SEND, roles=ADMIN))["sendTestAlert"]

    assert {each["channel"]: each["state"] for each in told} == {"log": "SENT", "email": "SENT", "slack": "FAILED"}
    assert next(each["error"] for each in told if each["channel"] == "slack") == "It answered 404: no_service."
    assert all(datetime.fromisoformat(each["at"]) for each in told)
    assert mails.mails[-1]["Subject"] == "[INFO] This is a test (database)"
    async with site.control.reading() as session:
        (entry,) = await audit.newest(session, subject="all", limit=1)
    assert (entry.who, entry.action, entry.result) == ("aiko", "send-test-alert", "failed")
    assert "hush" not in json.dumps(entry.details)


async def test_one_channel_is_tried_alone(api: Api, mails: MailReceiver) -> None:
    before = len(mails.mails)

    told = (await api.data(SEND, {"channel": "email"}, roles=ADMIN))["sendTestAlert"]

    assert [(each["channel"], each["state"], each["error"]) for each in told] == [("email", "SENT", None)]
    assert len(mails.mails) == before + 1


async def test_a_channel_that_is_not_configured_is_skipped_and_what_configures_it_is_said(api: Api) -> None:
    (told,) = (await api.data(SEND, {"channel": "pagerduty"}, roles=ADMIN))["sendTestAlert"]

    assert told["state"] == "SKIPPED"
    assert "YUKYU_PAGERDUTY_ROUTING_KEY" in told["error"]


@pytest.mark.parametrize("channel", ["fax", "", "x" * 1000])
async def test_an_unknown_channel_is_refused(api: Api, channel: str) -> None:
    assert (await api.refusal(SEND, {"channel": channel}, roles=ADMIN))["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.HR])
async def test_only_an_admin_sends_tests(api: Api, role: Role) -> None:
    assert (await api.refusal(SEND, roles=(role,)))["code"] == "FORBIDDEN"


@pytest.mark.long
async def test_the_command_line_tries_channels_too(tmp_path: Path, mails: MailReceiver) -> None:
    async with open_site(tmp_path) as site:
        site.installation.states.change(lambda desired: desired.with_primary("nowhere"))
    environment = os.environ | {
        "YUKYU_SMTP_HOST": "127.0.0.1",
        "YUKYU_SMTP_PORT": str(mails.port),
        "YUKYU_SMTP_SECURITY": "none",
        "YUKYU_ALERT_EMAIL_FROM": "a@yukyu.test",
        "YUKYU_ALERT_EMAIL_TO": "b@yukyu.test",
        "YUKYU_LANGUAGE": "ja",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return forking.yukyu("alerts", "test", *arguments, "--data-dir", tmp_path, env=environment)

    told = await asyncio.to_thread(run, "email", "--json")
    unknown = await asyncio.to_thread(run, "fax")
    missing = await asyncio.to_thread(run, "slack")

    assert told.returncode == 0, told.stderr
    assert [(each["channel"], each["state"]) for each in json.loads(told.stdout)] == [("email", "SENT")]
    assert mails.mails[-1]["Subject"] == "[情報] これはテストです (データベース全体)"
    assert (unknown.returncode, missing.returncode) == (1, 1)
    assert "Channels are log, email" in unknown.stderr
    assert "YUKYU_SLACK_WEBHOOK_URL" in missing.stdout
