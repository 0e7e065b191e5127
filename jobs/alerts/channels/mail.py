"""E-mail, by SMTP: a plain and an HTML part; what is over hangs under what told that it began."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import aiosmtplib
from aiosmtplib import SMTPResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from db.control import AlertEventKind
from jobs.alerts.channels.channel import LaterError, RefusedError, Told
from jobs.alerts.notice import Notice
from jobs.alerts.wording import Wording

TIMEOUT_SECONDS = 15.0
# SMTP's own: below, the receiver may take it later; from here on, never.
NEVER = 500
SHOWN = 50
# Of a References header.
MOST_REFERENCES = 20

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Security(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class Mail:
    name: ClassVar[str] = "email"
    together: ClassVar[bool] = True
    kinds: ClassVar[frozenset[AlertEventKind]] = frozenset(
        {AlertEventKind.FIRED, AlertEventKind.REPEATED, AlertEventKind.RESOLVED}
    )

    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int | None = None
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    # Certificates of who may vouch for the server; the system's when not given.
    ca_file: Path | None = None
    wording: Wording = field(default=Wording())
    link: str | None = None

    async def tell(self, notices: Sequence[Notice]) -> Told:
        message = self.message(notices, now=datetime.now(UTC))
        try:
            refused, _ = await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port or PORTS[self.security],
                use_tls=self.security is Security.TLS,
                start_tls=self.security is Security.STARTTLS,
                tls_context=None if self.security is Security.NONE else ssl.create_default_context(cafile=self.ca_file),
                username=self.username,
                password=self.password,
                timeout=TIMEOUT_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as failure:
            raise _judged(failure) from None
        return Told(message["Message-ID"], _remark(refused))

    def message(self, notices: Sequence[Notice], *, now: datetime) -> EmailMessage:
        """Return the e-mail about these events, under the same Message-ID however often it is made."""
        message = EmailMessage()
        message["Subject"] = self.wording.headline(notices)
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Date"] = format_datetime(now)
        message["Message-ID"] = self._message_id(notices)
        message["Auto-Submitted"] = "auto-generated"
        if began := list(dict.fromkeys(each.fired_in for each in notices if each.fired_in))[:MOST_REFERENCES]:
            message["In-Reply-To"] = began[0]
            message["References"] = " ".join(began)
        facts = {
            "notices": notices[:SHOWN],
            "more": max(0, len(notices) - SHOWN),
            "first": notices[0],
            "headline": message["Subject"],
            "wording": self.wording,
            "link": self.link,
        }
        message.set_content(TEMPLATES.get_template("mail.txt").render(facts))
        message.add_alternative(TEMPLATES.get_template("mail.html").render(facts), subtype="html")
        return message

    def _message_id(self, notices: Sequence[Notice]) -> str:
        told = sha256("\0".join(f"{each.fingerprint} {each.event} {each.kind}" for each in notices).encode())
        _, domain = parseaddr(self.sender)[1].rsplit("@", 1)
        return f"<yukyu.{told.hexdigest()[:32]}@{domain}>"


def _judged(failure: Exception) -> LaterError | RefusedError:
    """Say what a failure means for the message; servers' answers name addresses and no secrets."""
    match failure:
        case aiosmtplib.SMTPRecipientsRefused():
            answers = {each.recipient: SMTPResponse(each.code, each.message) for each in failure.recipients}
            never = all(code >= NEVER for code, _ in answers.values())
            return (RefusedError if never else LaterError)(f"It takes no mail for {_listed(answers)}.")
        case aiosmtplib.SMTPResponseException():
            said = f"It answered {failure.code} {' '.join(failure.message.split())}."
            return RefusedError(said) if failure.code >= NEVER else LaterError(said)
        case aiosmtplib.SMTPNotSupported():
            return RefusedError(f"It cannot do what is asked for: {str(failure).rstrip('.')}.")
        case _:  # also where it does not offer encryption: somebody between may have kept it from that for now
            return LaterError(f"No way to it: {str(failure).rstrip('.') or type(failure).__name__}.")


def _remark(refused: Mapping[str, SMTPResponse]) -> str | None:
    return f"Others have it; it was not taken for {_listed(refused)}." if refused else None


def _listed(answers: Mapping[str, SMTPResponse]) -> str:
    return ", ".join(f"{address} ({code} {' '.join(said.split())})" for address, (code, said) in answers.items())
