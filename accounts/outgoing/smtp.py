"""Mail servers: connected to, kept open for a while, handed mails to.

A server that a tenant named is reached at public addresses only, and under its own name where the
connection is encrypted (`accounts.outgoing.public`); the installation's own server is trusted.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock, Timer
from time import monotonic
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.outgoing.outcome import Outcome, Result, delivered, gone
from accounts.outgoing.public import NotPublic, resolve

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
# From the first byte to the last: a server that drips letters ends there.
DEADLINE_SECONDS = 60.0
IDLE_SECONDS = 15.0
TLS_PORT = 465
# Ports where mail is handed in; a tenant names no other.
MAIL_PORTS = frozenset({25, 465, 587, 2525, 2587})
# An answer: three digits, a dash where it goes on, words; so many lines of so many bytes (RFC 5321
# asks for 512).
_REPLY = re.compile(rb"([2-5][0-9][0-9])([ -]?)([^\r\n]*)\r?\n\Z")
MOST_LINES, MAX_LINE = 100, 4_096


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to sign in there; `trusted` is the installation's own."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    use_tls: bool = True
    trusted: bool = False


class WayFailed(Exception):
    """The server cannot be used as it is set; the message tells people why."""

    def __init__(self, told: str, status: int | None = None) -> None:
        super().__init__(told)
        self.status = status


# --- Connected --------------------------------------------------------------------------------


class Line(smtplib.SMTP):
    """A connection to a server, to one of the addresses found for it and to no other."""

    def __init__(self, server: Server) -> None:
        super().__init__(local_hostname=_own_name(), timeout=READ_SECONDS)
        self.server = server
        self.leash: socket.socket | None = None
        self.used_at = monotonic()

    def open(self) -> None:
        """Connect, encrypt, sign in. Raises `WayFailed`, `NotPublic`, smtplib's and OSError."""
        name, self.addresses = find(self.server)
        self._host = name  # what certificates are checked for
        try:
            code, words = self.connect(name, self.server.port)
        except OSError as error:
            told = _("The mail server %(host)s could not be reached.") % {"host": self.server.host}
            if isinstance(error, ssl.SSLError):
                told = _certificate_refused(error)
            raise WayFailed(told) from error
        if code != 220:
            raise WayFailed(_words(words), code)
        self.ehlo_or_helo_if_needed()
        if self.server.use_tls and self.server.port != TLS_PORT:
            self.encrypt()
        if self.server.username:
            self.sign_in()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        raw = _first_that_answers(self.addresses, port)
        raw.settimeout(timeout)
        self.leash = raw.dup()
        if self.server.use_tls and port == TLS_PORT:
            return _trusted().wrap_socket(raw, server_hostname=host)
        return raw

    def getreply(self) -> tuple[int, bytes]:
        """The server's answer. Raises `WayFailed` for what is none, or does not end.

        smtplib's own takes any text for an answer, and as many lines of it as come.
        """
        if self.file is None:
            self.file = self.sock.makefile("rb")  # type: ignore[union-attr]
        lines = []
        for _line in range(MOST_LINES):
            line = self.file.readline(MAX_LINE)
            if not line:
                self.close()
                raise smtplib.SMTPServerDisconnected("The connection ended.")
            found = _REPLY.match(line)
            if found is None:
                break
            lines.append(found[3])
            if found[2] != b"-":
                return int(found[1]), b"\n".join(lines)
        raise WayFailed(_("What answers there does not speak like a mail server."))

    def encrypt(self) -> None:
        """STARTTLS, which the server must offer: a password is not sent to whoever strips it."""
        if not self.has_extn("starttls"):
            raise WayFailed(_("The mail server does not offer encryption (STARTTLS)."))
        try:
            self.starttls(context=_trusted())
        except ssl.SSLError as error:
            raise WayFailed(_certificate_refused(error)) from error
        self.ehlo_or_helo_if_needed()

    def sign_in(self) -> None:
        try:
            self.login(self.server.username, self.server.password)
        except smtplib.SMTPAuthenticationError as error:
            told = _("The mail server refused the user name or the password: %(words)s")
            raise WayFailed(told % {"words": _words(error.smtp_error)}, error.smtp_code) from error
        except smtplib.SMTPNotSupportedError as error:
            raise WayFailed(_("The mail server offers no way to sign in that we know.")) from error
        except UnicodeEncodeError as error:
            told = _("The mail server takes user names and passwords of plain letters only.")
            raise WayFailed(told) from error

    def abort(self) -> None:
        """End the connection under whoever waits for it in another thread."""
        if self.leash is not None:
            with suppress(OSError):
                self.leash.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        if self.leash is not None:
            self.leash.close()
            self.leash = None


def _own_name() -> str:
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def _trusted() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.OUTGOING_CA_FILE:
        context.load_verify_locations(settings.OUTGOING_CA_FILE)
    return context


def find(server: Server) -> tuple[str, list[str]]:
    """The server's name and the addresses that may be connected to.

    Raises `NotPublic`, and `WayFailed` where a password would be sent for all to read.
    """
    if server.trusted:
        return server.host, [server.host]
    found = resolve(server.host, server.port)
    if not found.own and server.port not in MAIL_PORTS:
        raise NotPublic
    if server.username and not server.use_tls and not found.own:
        raise WayFailed(_("A password is sent over an encrypted connection only: turn on TLS."))
    return found.host, found.addresses


def _first_that_answers(addresses: list[str], port: int) -> socket.socket:
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), CONNECT_SECONDS)
    return socket.create_connection((addresses[-1], port), CONNECT_SECONDS)


def _certificate_refused(error: ssl.SSLError) -> str:
    why = getattr(error, "verify_message", "") or error.reason or _("the encryption failed")
    told = _("The mail server's certificate was not accepted: %(why)s")
    return told % {"why": str(why).replace("_", " ").lower()}


def _words(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


# --- Kept open --------------------------------------------------------------------------------

_idle: dict[Server, list[Line]] = defaultdict(list)
_lock = Lock()


@contextmanager
def line_to(server: Server) -> Iterator[Line]:
    """An open connection, for one mail; kept for the next one where all went well.

    It ends after `DEADLINE_SECONDS`, however the server drags.
    """
    line = _kept(server) or Line(server)
    watch = Timer(DEADLINE_SECONDS, line.abort)
    watch.daemon = True
    watch.start()
    try:
        if line.sock is None:
            line.open()
        yield line
    except BaseException:
        line.close()
        raise
    finally:
        watch.cancel()
    line.used_at = monotonic()
    with _lock:
        _idle[server].append(line)


def _kept(server: Server) -> Line | None:
    """A connection that was used moments ago and still answers."""
    while True:
        with _lock:
            line = _idle[server].pop() if _idle[server] else None
        if line is None:
            return None
        with suppress(OSError, smtplib.SMTPException, WayFailed):
            if monotonic() - line.used_at < IDLE_SECONDS and line.rset()[0] == 250:
                return line
        line.close()


def close_idle() -> None:
    """Take leave of all servers that nothing is handed to now."""
    with _lock:
        lines = [line for kept in _idle.values() for line in kept]
        _idle.clear()
    for line in lines:
        with suppress(OSError, smtplib.SMTPException, WayFailed):
            line.sock.settimeout(CONNECT_SECONDS)  # type: ignore[union-attr]
            line.quit()
        line.close()


# --- Handed to --------------------------------------------------------------------------------


def deliver(server: Server, sender: str, recipient: str, mail: bytes) -> Outcome:
    """Hand one mail to a server. Never raises for what servers and networks do."""
    try:
        with line_to(server) as line:
            return _hand_over(line, sender, recipient, mail)
    except WayFailed as error:
        return Outcome(Result.RETRY, error.status, str(error), way_failed=True)
    except NotPublic as error:
        return Outcome(Result.RETRY, None, str(error), way_failed=True)
    except smtplib.SMTPResponseException as error:
        return Outcome(Result.RETRY, error.smtp_code, _words(error.smtp_error), way_failed=True)
    except (OSError, smtplib.SMTPException):
        told = _("The mail server hung up, or did not answer in time.")
        return Outcome(Result.RETRY, None, told, way_failed=True)


def _hand_over(line: Line, sender: str, recipient: str, mail: bytes) -> Outcome:
    code, words = line.mail(sender)
    if code != 250:
        told = _("The mail server refused the sender %(sender)s: %(words)s")
        raise WayFailed(told % {"sender": sender, "words": _words(words)}, code)
    code, words = line.rcpt(recipient)
    if code not in (250, 251):
        return _refused(code, words)
    try:
        code, words = line.data(mail)
    except smtplib.SMTPDataError as error:
        return _refused(error.smtp_code, error.smtp_error)
    return delivered(code, _words(words)) if code == 250 else _refused(code, words)


def _refused(code: int, words: bytes | str) -> Outcome:
    """What a refusal of a recipient or of a mail means: 4xx is for now, 5xx for good."""
    if code == 421:  # the server closes down, whoever the mail is for
        raise WayFailed(_words(words), code)
    if code >= 500:
        return gone(_words(words), code)
    return Outcome(Result.RETRY, code, _words(words))
