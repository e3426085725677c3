"""What is to leave stands in a row, written in the transaction of what it tells about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.utils import timezone

from accounts import vault
from accounts.models import OutboxMessage, Tenant

MAX_SUBJECT = 300


def add_mail(
    kind: str,
    to: str,
    subject: str,
    text: str,
    *,
    tenant: Tenant | None,
    html: str = "",
    at: datetime | None = None,
) -> OutboxMessage:
    """One mail to one address, which leaves once the transaction is committed.

    `kind` says what it is, such as `invitation`; `tenant` whose mail server sends it (None: the
    installation's); `at` the earliest moment. The content is sealed until it is sent.
    """
    content = {"text": text, "html": html}
    subject = " ".join(subject.split())[:MAX_SUBJECT]
    message = OutboxMessage(
        tenant=tenant,
        channel=OutboxMessage.Channel.MAIL,
        kind=kind,
        recipient=to,
        subject=subject,
        next_at=at or timezone.now(),
    )
    return _add(message, content)


def _add(message: OutboxMessage, content: dict[str, Any]) -> OutboxMessage:
    message.sealed = vault.seal(msgspec.json.encode(content), place_of(message))
    message.save(force_insert=True)
    return message


def place_of(message: OutboxMessage) -> str:
    """Where a message's content is sealed."""
    return vault.place(message, "sealed", message.tenant_id)
