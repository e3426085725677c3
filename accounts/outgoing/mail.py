"""Mails: built of an outbox row, and sent by the tenant's server or the installation's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import SafeMIMEMultipart, SafeMIMEText, sanitize_address
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from accounts import vault
from accounts.models import MailServer, OutboxMessage, Tenant
from accounts.outgoing import mail_servers, smtp
from accounts.outgoing.legible import one_line
from accounts.outgoing.outcome import Outcome, Result, delivered, gone

log = structlog.get_logger()

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


# --- Built ------------------------------------------------------------------------------------


class Mail(EmailMultiAlternatives):
    """A mail that is the same to the letter on every try: its boundary is its own, not random."""

    boundary = ""

    def message(self) -> SafeMIMEText | SafeMIMEMultipart:
        made = super().message()
        if made.is_multipart():
            made.set_boundary(self.boundary)
        return made


def build(message: OutboxMessage, content: dict[str, Any]) -> Mail:
    """The mail of an outbox row: the same on every try, whichever server takes it."""
    unsubscribe = content.get("unsubscribe", "")
    headers = {
        "Message-ID": f"<{message.pk}@{urlsplit(settings.BASE_URL).hostname}>",
        "Date": format_datetime(message.created_at),
        "Auto-Submitted": "auto-generated",
    }
    if unsubscribe:
        headers["List-Unsubscribe"] = f"<{one_line(unsubscribe)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    reply_to = one_line(content.get("reply_to", ""))
    mail = Mail(
        subject=one_line(message.subject),
        body=content["text"].replace("\0", ""),
        from_email=sender_of(message.tenant),
        to=[message.recipient],
        reply_to=[reply_to] if reply_to else None,
        headers=headers,
    )
    mail.boundary = f"=_{message.pk.hex}"
    if html := content.get("html", "").replace("\0", ""):
        mail.attach_alternative(html, "text/html")
    return mail


def sender_of(tenant: Tenant | None) -> str:
    """Who mail is from: the tenant by its own server's address, or by the installation's."""
    server = mail_servers.of(tenant)
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    if tenant is None:
        return formataddr((name, address))
    organisation = one_line(tenant.name, 100)
    if server is not None:
        return formataddr((organisation, server.from_address))
    by = _("%(organisation)s by %(name)s") % {"organisation": organisation, "name": name}
    return formataddr((by if name else organisation, address))


# --- Sent -------------------------------------------------------------------------------------


def send(message: OutboxMessage, content: dict[str, Any]) -> Outcome:
    """Send an outbox row's mail; see `accounts.outgoing.outcome.Send`."""
    try:
        validate_email(message.recipient)
    except ValidationError:
        return gone(_("No mail can be sent to this address."))
    outcome = hand_in(build(message, content), mail_servers.of(message.tenant))
    if message.kind == mail_servers.TEST and outcome.result == Result.RETRY:
        return replace(outcome, result=Result.GONE)  # whoever tries the server out wants to know
    return outcome


def hand_in(mail: Mail, own: MailServer | None) -> Outcome:
    """Give a mail to the tenant's `own` server, or to the installation's where there is none."""
    if own is None and settings.EMAIL_BACKEND != SMTP_BACKEND:
        return _by_backend(mail)
    try:
        server = mail_servers.reached(own) if own is not None else installation()
    except vault.Unreadable:
        told = _("The mail server's password cannot be read any more: enter it again.")
        return Outcome(Result.RETRY, None, told, way_failed=True)
    sender, recipient = (_bare(text) for text in (mail.from_email, mail.to[0]))
    return smtp.deliver(server, sender, recipient, mail.message().as_bytes(linesep="\r\n"))


def installation() -> smtp.Server:
    """The installation's mail server."""
    return smtp.Server(
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        username=settings.EMAIL_HOST_USER,
        password=settings.EMAIL_HOST_PASSWORD,
        use_tls=settings.EMAIL_USE_TLS,
        trusted=True,
    )


def _bare(address: str) -> str:
    """`anna@xn--…` of `Anna <anna@…>`."""
    return parseaddr(sanitize_address(address, "utf-8"))[1]


def _by_backend(mail: Mail) -> Outcome:
    """Where the installation names no server: by Django's backend, such as files to look at."""
    mail.connection = get_connection()
    try:
        mail.send()
    except OSError as error:
        return Outcome(Result.RETRY, None, type(error).__name__, way_failed=True)
    return delivered()


def told(message: OutboxMessage, outcome: Outcome, now: datetime) -> None:
    """Remember whether the tenant's server works; see `accounts.outgoing.outcome.Told`."""
    if (server := mail_servers.of(message.tenant)) is not None:
        mail_servers.note(server, outcome, now)
        if message.kind == mail_servers.TEST:
            mail_servers.note_test(server, outcome, now)
