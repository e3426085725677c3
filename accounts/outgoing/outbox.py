"""What is to leave stands in a row, written in the transaction of what it tells about."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from celery import current_app
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone

from accounts import vault
from accounts.models import OutboxMessage, Tenant, WebhookEndpoint
from accounts.outgoing.legible import one_line
from accounts.outgoing.letters import html_of

log = structlog.get_logger()

MAX_SUBJECT = 300
MAX_RECIPIENT = 320
# How long whoever added something waits for a broker that is away: it must not be noticed.
AT_MOST_A_MOMENT = {
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 0.5,
}
PIECE = 1_000  # rows that are deleted at once
# The lane of what belongs to no tenant, such as mails about signing in.
OWN_LANE = "mail installation"
State = OutboxMessage.State


# --- Put there --------------------------------------------------------------------------------


def add_mail(
    kind: str,
    to: str,
    subject: str,
    text: str,
    *,
    tenant: Tenant | None,
    html: str = "",
    at: datetime | None = None,
    reply_to: str = "",
    unsubscribe: str = "",
) -> OutboxMessage:
    """One mail to one address, which leaves once the transaction is committed.

    `kind` says what it is, such as `invitation`; `tenant` whose mail server sends it (None: the
    installation's); `at` the earliest moment. Without `html` it is made of the text, in the look of
    all mails (`accounts.outgoing.letters`); `unsubscribe` the address (https) that ends mails of
    this kind at a press of the reader's button. The content is sealed until it is sent.
    """
    subject = one_line(subject, MAX_SUBJECT)
    html = html or html_of(subject, text, tenant)
    content = {"text": text, "html": html, "reply_to": reply_to, "unsubscribe": unsubscribe}
    message = OutboxMessage(
        tenant=tenant,
        channel=OutboxMessage.Channel.MAIL,
        lane=f"mail {tenant.pk}" if tenant else OWN_LANE,
        kind=kind,
        recipient=one_line(to, MAX_RECIPIENT),
        subject=subject,
        next_at=at or timezone.now(),
    )
    return _add(message, content)


def add_webhook(
    kind: str, endpoint: WebhookEndpoint, body: dict[str, Any], *, at: datetime | None = None
) -> OutboxMessage:
    """One call of a tenant's endpoint, which leaves once the transaction is committed.

    `kind` is the type of the event, `body` what JSON can hold. The list of what was sent shows the
    endpoint's host only: the rest of an address may be a secret.
    """
    message = OutboxMessage(
        tenant=endpoint.tenant,
        channel=OutboxMessage.Channel.WEBHOOK,
        lane=f"webhook {endpoint.pk}",
        kind=kind,
        recipient=(urlsplit(endpoint.url).hostname or "")[:MAX_RECIPIENT],
        endpoint=endpoint,
        next_at=at or timezone.now(),
    )
    return _add(message, body)


def _add(message: OutboxMessage, content: dict[str, Any]) -> OutboxMessage:
    message.sealed = vault.seal(
        json.dumps(content, cls=DjangoJSONEncoder).encode(), place_of(message)
    )
    message.save(force_insert=True)
    _wake_after_commit()
    return message


def place_of(message: OutboxMessage) -> str:
    """Where a message's content is sealed."""
    return vault.place(message, "sealed", message.tenant_id)


def content_of(message: OutboxMessage) -> dict[str, Any]:
    """What a message says. Raises `vault.Unreadable`, also where the content was wiped."""
    if message.sealed is None:
        raise vault.Unreadable("The content of this message was wiped.")
    content: dict[str, Any] = json.loads(vault.unseal(message.sealed, place_of(message)))
    return content


# --- Woken ------------------------------------------------------------------------------------


def _wake_after_commit() -> None:
    """Once a transaction, however much it adds."""
    if not any(hook[1] is wake for hook in connection.run_on_commit):
        transaction.on_commit(wake, robust=True)


def wake() -> None:
    """Ask a worker to look into the outbox now. Without Redis it looks a few seconds later."""
    try:
        with current_app.connection_for_write(transport_options=AT_MOST_A_MOMENT) as broker:
            current_app.send_task(
                "accounts.tasks.send_due", expires=30, retry=False, connection=broker
            )
    except Exception as error:  # noqa: BLE001 - the row is the queue: nothing is lost
        log.info("outbox_not_woken", error=type(error).__name__)


# --- Called back, sent again ------------------------------------------------------------------


@transaction.atomic
def cancel(message: OutboxMessage, now: datetime) -> bool:
    """Let a waiting message not be sent; False where it is being sent, or is no longer waiting."""
    row = _locked(message)
    if row is None or row.state != State.WAITING or row.is_leased(now):
        return False
    row.state, row.finished_at = State.CANCELLED, now
    row.save(update_fields=["state", "finished_at"])
    return True


@transaction.atomic
def send_again(message: OutboxMessage, now: datetime) -> bool:
    """Let a message that is over be sent once more, with all its tries and the same id.

    False where it still waits, or its content is wiped.
    """
    row = _locked(message)
    if row is None or row.state == State.WAITING or row.sealed is None:
        return False
    row.state, row.attempts, row.next_at, row.finished_at = State.WAITING, 0, now, None
    row.save(update_fields=["state", "attempts", "next_at", "finished_at"])
    _wake_after_commit()
    return True


def _locked(message: OutboxMessage) -> OutboxMessage | None:
    return OutboxMessage.plain.select_for_update(of=("self",)).filter(pk=message.pk).first()


# --- Forgotten --------------------------------------------------------------------------------


def forget_old(now: datetime, content_days: int, days: int) -> dict[str, Any]:
    """Wipe the content of what left or was called back, and delete what is over for long.

    What was given up keeps its content until it is deleted, so that it can be sent again.
    """
    done = OutboxMessage.plain.filter(finished_at__isnull=False)
    old = done.filter(finished_at__lt=now - timedelta(days=days)).order_by("finished_at")
    deleted = 0
    while piece := list(old.values_list("pk", flat=True)[:PIECE]):
        OutboxMessage.plain.filter(pk__in=piece).delete()
        deleted += len(piece)
    read = done.filter(
        state__in=[State.SENT, State.CANCELLED],
        sealed__isnull=False,
        finished_at__lt=now - timedelta(days=content_days),
    )
    return {"deleted": deleted, "wiped": read.update(sealed=None)}
