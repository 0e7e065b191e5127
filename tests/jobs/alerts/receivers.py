"""Receivers on loopback: a web server that answers as it is told, and an SMTP server of each kind."""

# ruff: noqa: ARG002 - aiosmtpd hands over more than is needed

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.api.serving import listening


@dataclass
class Answer:
    """What the web server answers: a status, headers, and how long it thinks before."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "ok"
    seconds: float = 0


class WebReceiver:
    """Takes JSON; answers as its script says, one after the other, and the last for ever."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers) or [Answer()]
        self.received: list[dict[str, Any]] = []
        # Those to which it answered that it has them.
        self.taken: list[dict[str, Any]] = []
        self.times: list[datetime] = []
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = json.loads(await Request(scope, receive).body())
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        self.received.append(body)
        self.times.append(datetime.now(UTC))
        await asyncio.sleep(answer.seconds)
        if answer.status < 300:
            self.taken.append(body)
        await Response(answer.body, answer.status, answer.headers)(scope, receive, send)


@asynccontextmanager
async def web(*answers: Answer) -> AsyncGenerator[WebReceiver]:
    receiver = WebReceiver(answers)
    async with listening(receiver) as port:
        receiver.url = f"http://127.0.0.1:{port}/services/T0/B0/hush"
        yield receiver


@dataclass
class MailReceiver:
    """Keeps what it takes; answers to RCPT and DATA what it is told to, one after the other, before it takes any."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    signed_in: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = (data.login, data.password) == (b"aiko", b"hush")
        if good:
            self.signed_in.append(data.login.decode())
        return AuthResult(success=good, handled=good)


@asynccontextmanager
async def smtp(
    security: str = "none", *, certificate: "Certificate | None" = None, sign_in: bool = False
) -> AsyncGenerator[MailReceiver]:
    receiver = MailReceiver()
    context = certificate.context() if certificate else None

    def protocol() -> SMTP:
        return SMTP(
            receiver,
            hostname="localhost",
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            auth_required=sign_in,
            auth_require_tls=security == "starttls",
            authenticator=receiver.authenticate,
            loop=asyncio.get_running_loop(),
        )

    tls = context if security == "tls" else None
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


@dataclass(frozen=True)
class Certificate:
    """Of a server on loopback, and of the authority that vouches for it."""

    authority: Path
    chain: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context


def certify(directory: Path) -> Certificate:
    """Make an authority, and let it vouch for 127.0.0.1."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of the tests")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    root = (
        _certificate(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .add_extension(_usage(signs=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _certificate(name, root_name, key)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .add_extension(_usage(signs=False), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    authority, chain = directory / "authority.pem", directory / "chain.pem"
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))
    return Certificate(authority, chain)


def _certificate(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
