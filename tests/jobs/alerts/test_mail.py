"""E-mail, on SMTP servers of each kind."""

from datetime import UTC, datetime, timedelta

import pytest

from db.control import AlertEventKind, DeliveryState, Severity
from jobs.alerts.channels.channel import LaterError, RefusedError
from jobs.alerts.channels.mail import Mail, Security
from jobs.alerts.notice import Notice
from jobs.alerts.wording import Language, Wording
from jobs.site import Site
from tests.jobs.alerts.outgoing import all_ended, an_alert, put, sending_now, with_channels
from tests.jobs.alerts.receivers import Certificate, certify, smtp

NOW = datetime(2026, 11, 22, 10, 4, 5, tzinfo=UTC)
FROM, TO = "YuKyuDATA <alerts@yukyu.test>", ("aiko@yukyu.test", "ken@yukyu.test")


def mail_to(port: int, security: Security = Security.NONE, **more: object) -> Mail:
    return Mail("127.0.0.1", FROM, TO, port=port, security=security, **more)  # pyright: ignore[reportArgumentType]


def a_notice(kind: AlertEventKind = AlertEventKind.FIRED, **more: object) -> Notice:
    facts: dict[str, object] = {
        "event": 7,
        "kind": kind,
        "at": NOW + timedelta(minutes=75),
        "alert_id": "alert1",
        "rule_key": "primary-down",
        "title": "The primary is down",
        "action": "Look at the primary's log.",
        "subject": "database",
        "severity": Severity.CRITICAL,
        "summary": "No server takes writes.",
        "value": 1,
        "threshold": 0,
        "unit": "servers",
        "since": NOW,
    }
    return Notice(**(facts | more))  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certify(tmp_path_factory.mktemp("certificates"))


async def test_everybody_gets_one_mail_with_a_plain_and_an_html_part() -> None:
    async with smtp() as server:
        await mail_to(server.port, link="https://yukyu.test/graphql").tell([a_notice()])

    (mail,) = server.mails
    assert server.recipients == [list(TO)]
    assert mail["Subject"] == "[CRITICAL] The primary is down (database)"
    assert mail["From"] == FROM
    assert mail["To"] == ", ".join(TO)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime > NOW - timedelta(days=365 * 20)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for part in mail.iter_parts():
        said = part.get_content()
        for expected in (
            "No server takes writes.",
            "2026-11-22 10:04:05 (UTC+00:00)",
            "1 servers",
            "Look at the primary",
            "https://yukyu.test/graphql",
        ):
            assert expected in said


async def test_a_mail_in_japanese_speaks_japanese_and_japan_s_time() -> None:
    async with smtp() as server:
        await mail_to(server.port, wording=Wording(Language.JAPANESE)).tell([a_notice()])

    (mail,) = server.mails
    assert mail["Subject"] == "[重大] プライマリが停止しています (データベース全体)"
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "2026年11月22日 19:04:05（日本時間、UTC+09:00）" in plain.get_content()
    assert "しきい値" in plain.get_content()


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_connection_can_be_encrypted_and_the_server_has_to_prove_itself(
    security: Security, certificate: Certificate
) -> None:
    async with smtp(security, certificate=certificate) as server:
        await mail_to(server.port, security, ca_file=certificate.authority).tell([a_notice()])
        with pytest.raises(LaterError, match="certificate"):
            await mail_to(server.port, security).tell([a_notice()])

    assert len(server.mails) == 1


async def test_a_server_that_cannot_encrypt_gets_nothing() -> None:
    async with smtp() as server:
        with pytest.raises(LaterError, match="STARTTLS"):
            await mail_to(server.port, Security.STARTTLS).tell([a_notice()])

    assert server.mails == []


async def test_signing_in(certificate: Certificate) -> None:
    async with smtp("starttls", certificate=certificate, sign_in=True) as server:
        good = mail_to(server.port, Security.STARTTLS, ca_file=certificate.authority, username="aiko", password="hush")
        await good.tell([a_notice()])
        bad = mail_to(
            server.port, Security.STARTTLS, ca_file=certificate.authority, username="aiko", password="hush hush"
        )
        with pytest.raises(RefusedError, match="535") as told:
            await bad.tell([a_notice()])

    assert server.signed_in == ["aiko"]
    assert len(server.mails) == 1
    assert "hush" not in f"{told.value.message} {bad!r}"


async def test_a_passing_trouble_is_retried_and_a_lasting_one_is_not(site: Site) -> None:
    async with smtp() as server:
        server.answers = ["451 later", "452 full"]
        site = with_channels(site, mail_to(server.port))
        await put(site, [an_alert(site)])
        async with sending_now(site):
            (row,) = await all_ended(site)
        server.answers = ["554 no"]
        with pytest.raises(RefusedError, match="554 no"):
            await mail_to(server.port).tell([a_notice()])

    assert (row.state, row.attempts) == (DeliveryState.SENT, 3)
    assert len(server.mails) == 1


async def test_one_who_is_not_known_does_not_keep_the_others_from_being_told(site: Site) -> None:
    async with smtp() as server:
        server.refused = {TO[0]: "550 unknown"}
        site = with_channels(site, mail_to(server.port))
        await put(site, [an_alert(site)])
        async with sending_now(site):
            (row,) = await all_ended(site)
        server.refused = dict.fromkeys(TO, "550 unknown")
        with pytest.raises(RefusedError, match="550 unknown"):
            await mail_to(server.port).tell([a_notice()])
        server.refused = dict.fromkeys(TO, "450 later")
        with pytest.raises(LaterError, match="450 later"):
            await mail_to(server.port).tell([a_notice()])

    assert (row.state, server.recipients) == (DeliveryState.SENT, [[TO[1]]])
    assert TO[0] in str(row.error)


async def test_what_is_over_hangs_under_what_told_that_it_began(site: Site) -> None:
    async with smtp() as server:
        site = with_channels(site, mail_to(server.port))
        alerts = [an_alert(site, number, rule_key="table-bloat") for number in (2, 3)]
        await put(site, alerts)
        async with sending_now(site):
            await all_ended(site)
        await put(site, alerts[:1], AlertEventKind.RESOLVED)
        async with sending_now(site):
            await all_ended(site)

    fired, resolved = server.mails
    assert resolved["Subject"].startswith("[RESOLVED]")
    assert resolved["References"] == resolved["In-Reply-To"] == fired["Message-ID"]
    assert fired["References"] is None


async def test_a_mail_sent_again_is_the_same_mail() -> None:
    mail, notices = mail_to(25), [a_notice(), a_notice(event=8, alert_id="alert2", subject="public.t2")]

    first, again = mail.message(notices, now=NOW), mail.message(notices, now=NOW + timedelta(hours=1))

    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"] != mail.message(notices[:1], now=NOW)["Message-ID"]
    assert first["Message-ID"].endswith("@yukyu.test>")


@pytest.mark.parametrize(
    "hostile", ["x\r\nBcc: eve@evil.test", "x\nBcc: eve@evil.test", "x\u2028Bcc: y", "x\x00y\x85z"]
)
async def test_no_name_of_a_table_can_add_a_header(hostile: str) -> None:
    async with smtp() as server:
        await mail_to(server.port).tell([a_notice(subject=hostile, title=hostile, rule_key="unknown")])

    (mail,) = server.mails
    assert mail["Bcc"] is None
    assert server.recipients == [list(TO)]
    assert "\n" not in mail["Subject"]


async def test_what_a_table_is_called_is_text_in_html() -> None:
    message = mail_to(25).message([a_notice(subject="<script>", summary="<img src=x>")], now=NOW)

    html = message.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "<img" not in html.get_content()
    assert "&lt;img src=x&gt;" in html.get_content()


async def test_a_mail_about_hundreds_of_tables_stays_readable() -> None:
    message = mail_to(25).message(
        [a_notice(event=n, alert_id=str(n), subject=f"public.{'t' * 60}{n}") for n in range(300)], now=NOW
    )

    plain = message.get_body(("plain",))
    assert plain is not None
    assert len(message["Subject"]) <= 150
    assert "and 250 more" in plain.get_content()
