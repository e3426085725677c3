"""HTTP receivers in threads: well-behaved, hanging, dripping, endless, and of every certificate.

They speak by hand what no server library would say, and count who connects to them.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Speak = Callable[[socket.socket], None]


@dataclass
class Asked:
    """A request as it came."""

    head: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server on loopback. `speaks` is called with each connection after the request was read."""

    port: int
    speaks: Speak
    tls: ssl.SSLContext | None = None
    connections: int = 0
    asked: list[Asked] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/hook"

    def answers(self, *answers: bytes) -> None:
        """Answer these in turn; the last one for ever."""
        waiting = list(answers)

        def speak(line: socket.socket) -> None:
            line.sendall(waiting.pop(0) if len(waiting) > 1 else waiting[0])

        self.speaks = speak

    def accept(self, server: socket.socket) -> None:
        while not self.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                line, _peer = server.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=[line], daemon=True).start()

    def serve(self, line: socket.socket) -> None:
        line.settimeout(5)
        with contextlib.suppress(OSError, ValueError), line:
            if self.tls:
                line = self.tls.wrap_socket(line, server_side=True)
            with line:
                self.asked.append(_read(line))
                self.speaks(line)


def _read(line: socket.socket) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := line.recv(65_536)):
            raise ValueError("no request")
        data += piece
    head, _gap, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (text.split(": ", 1) for text in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += line.recv(65_536)
    return Asked(first, headers, body)


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} Something", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextlib.contextmanager
def receiving(
    speaks: Speak | bytes = OK, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Receiver]:
    """A receiver on a free port while the context lasts."""
    with socket.create_server((host, 0)) as server:
        server.settimeout(0.1)
        receiver = Receiver(server.getsockname()[1], lambda line: None, tls)
        if isinstance(speaks, bytes):
            receiver.answers(speaks)
        else:
            receiver.speaks = speaks
        thread = threading.Thread(target=receiver.accept, args=[server], daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.stopping.set()
            thread.join()


# --- Ill-behaved ones -------------------------------------------------------------------------


def hang(line: socket.socket) -> None:
    """Say nothing until the other side is gone."""
    line.settimeout(5)
    with contextlib.suppress(OSError):
        line.recv(1)


def drop(line: socket.socket) -> None:
    """End the connection instead of answering."""
    line.close()


def drip(line: socket.socket) -> None:
    """A byte of a header now and then, for longer than anybody is to wait: not for ever."""
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _byte in range(150):
        line.sendall(b"a")
        threading.Event().wait(0.02)


def endless(line: socket.socket) -> None:
    """An answer of which there is always more."""
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    while True:
        line.sendall(b"a" * 65_536)


# --- Certificates -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Authority:
    """An authority of the tests' own, and the file in which its certificate stands."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    path: Path

    def context(
        self, name: str = "127.0.0.1", *, expired: bool = False, self_signed: bool = False
    ) -> ssl.SSLContext:
        """What a server with a certificate for `name` speaks TLS with."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = (key, _name(name)) if self_signed else (self.key, self.certificate.subject)
        certificate = _certificate(key, name, signer, expired=expired)
        path = self.path.with_name(f"{name}-{expired}-{self_signed}.pem")
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def authority(folder: Path) -> Authority:
    """A new authority whose certificate is written into the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, "LinkPro tests", (key, _name("LinkPro tests")), is_ca=True)
    path = folder / "authority.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(key, certificate, path)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    name: str,
    signer: tuple[ec.EllipticCurvePrivateKey, x509.Name],
    *,
    expired: bool = False,
    is_ca: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    numeric = name.replace(".", "").isdigit()
    other = x509.IPAddress(ip_address(name)) if numeric else x509.DNSName(name.replace(" ", "-"))
    signing = signer[0].public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(signer[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=-1 if expired else 1))
        .add_extension(x509.SubjectAlternativeName([other]), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing), critical=False)
        .sign(signer[0], hashes.SHA256())
    )
