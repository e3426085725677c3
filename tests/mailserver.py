"""Mail servers for tests: real ones on loopback, which do as they are told."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


@dataclass
class Received:
    """A mail as a server took it."""

    sender: str
    recipient: str
    content: bytes
    at: float

    @property
    def mail(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=default)

    @property
    def message_id(self) -> str:
        return str(self.mail["Message-ID"])


@dataclass
class MailServer:
    """A server; `script` holds what it does to the next mails, one each, instead of taking them.

    `rcpt 451 later` and `data 550 never` answer so at that step; `hang` answers nothing to the
    recipient, `drop` ends the connection after the mail's last letter; `take and drop` keeps the
    mail before. `always` does so to every mail.
    """

    user: str = "anna"
    password: str = "s3cret"
    port: int = 0
    tls: bool = False
    script: list[str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    connections: int = 0
    always: str = ""

    def next(self, step: str) -> str:
        """What is scripted for this step of the present mail."""
        told = self.always or (self.script[0] if self.script else "")
        place = "rcpt" if told.startswith(("rcpt ", "hang")) else "data"
        if not told or place != step:
            return ""
        if not self.always:
            self.script.pop(0)
        return told

    # aiosmtpd's hooks

    def __call__(self, server: SMTP, session: Session, *rest: Any) -> AuthResult:
        _envelope, _mechanism, told = rest
        assert isinstance(told, LoginPassword)
        self.logins.append(told.login.decode())
        right = (told.login.decode(), told.password.decode()) == (self.user, self.password)
        return AuthResult(success=right, handled=False)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        told = self.next("rcpt")
        if told == "hang":
            await asyncio.sleep(30)
        if told:
            return told.removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        told = self.next("data")
        if told.startswith("data "):
            return told.removeprefix("data ")
        if told != "drop":
            content = envelope.original_content or b""
            sender, recipient = envelope.mail_from or "", envelope.rcpt_tos[0]
            self.received.append(Received(sender, recipient, content, monotonic()))
        if told and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return "250 2.0.0 Ok: queued"


class Servers:
    """Mail servers in a thread of their own, until `close`."""

    def __init__(self, folder: Path) -> None:
        self.ca_file, self.context = certificate(folder)
        self.loop = asyncio.new_event_loop()
        self.thread = Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def start(self, *, tls: str = "", **values: Any) -> MailServer:
        """A new server; `tls` is `starttls`, `implicit`, or "" for none."""
        mine = MailServer(**values)

        def protocol() -> SMTP:
            mine.connections += 1
            return SMTP(
                mine,
                hostname="mail.test",
                authenticator=mine,
                auth_require_tls=False,
                tls_context=self.context if tls == "starttls" else None,
                loop=self.loop,
            )

        wrapped = self.context if tls == "implicit" else None
        server = self._do(self._listen(protocol, wrapped))
        mine.port = server.sockets[0].getsockname()[1]
        return mine

    async def _listen(self, protocol: Callable[[], SMTP], context: ssl.SSLContext | None) -> Any:
        return await self.loop.create_server(protocol, HOST, 0, ssl=context)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, ssl.SSLContext]:
    """A certificate for `name` and 127.0.0.1, as a file to trust, and the server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address(HOST))])
    made = (
        x509.CertificateBuilder(subject, subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificates, keys = folder / "certificate.pem", folder / "key.pem"
    certificates.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    keys.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates, keys)
    return certificates, context
