"""A tenant's webhooks: made, changed, rotated, paused, stopped, tested, sent again."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from binascii import Error
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, vault
from accounts.models import Membership, OutboxMessage, Tenant, User, WebhookEndpoint
from accounts.outgoing import events, outbox
from accounts.outgoing.notices import notify
from accounts.roles import Role

MOST_ENDPOINTS = 50
PREFIX = "whsec_"
SECRET_BYTES = (24, 64)
# How long the secret before the last rotation signs as well.
FORMER_COUNTS = timedelta(hours=24)
# Of failed deliveries so many are sent again at once.
MOST_AGAIN = 1_000
# What the audit log may know of: of the address only its host, for the rest may be a secret.
_TOLD = ("name", "shape", "events", "enabled")
State = OutboxMessage.State


class TooMany(ValueError):
    """The tenant has as many webhooks as it may have; the message says so to people."""


class BadSecret(ValueError):
    """The text is no secret of a webhook; the message says what is."""


# --- Secrets ----------------------------------------------------------------------------------


def read_secret(text: str) -> bytes:
    """The secret that a text like `whsec_…` stands for. Raises `BadSecret`."""
    least, most = SECRET_BYTES
    try:
        secret = b64decode(text.removeprefix(PREFIX), validate=True)
    except (Error, ValueError):
        secret = b""
    if not text.startswith(PREFIX) or not least <= len(secret) <= most:
        told = _("A secret is “whsec_” and the base64 of %(least)d to %(most)d random bytes.")
        raise BadSecret(told % {"least": least, "most": most})
    return secret


def written(secret: bytes) -> str:
    """A secret as people copy it into their receiver."""
    return PREFIX + b64encode(secret).decode()


def secrets_of(endpoint: WebhookEndpoint, now: datetime) -> list[bytes]:
    """The secrets that sign now, the newest first. Raises `vault.Unreadable`."""
    found = [vault.unseal(endpoint.sealed_secret, _place(endpoint, "sealed_secret"))]
    until = endpoint.former_secret_until
    if endpoint.sealed_former_secret and until and until > now:
        place = _place(endpoint, "sealed_former_secret")
        found.append(vault.unseal(endpoint.sealed_former_secret, place))
    return found


def _place(endpoint: WebhookEndpoint, field: str) -> str:
    return vault.place(endpoint, field, endpoint.tenant_id)


@transaction.atomic
def rotate(endpoint: WebhookEndpoint, actor: User, now: datetime) -> str:
    """A new secret, as text to be shown this once; the one before signs as well for a day."""
    row = WebhookEndpoint.plain.select_for_update().get(pk=endpoint.pk)
    secret, former = secrets.token_bytes(32), secrets_of(row, now)[0]
    row.sealed_former_secret = vault.seal(former, _place(row, "sealed_former_secret"))
    row.former_secret_until = now + FORMER_COUNTS
    row.sealed_secret = vault.seal(secret, _place(row, "sealed_secret"))
    row.save(update_fields=["sealed_secret", "sealed_former_secret", "former_secret_until"])
    audit.record("webhookendpoint.secret_rotated", row, tenant=endpoint.tenant, actor=actor)
    return written(secret)


# --- Made, changed, ended ---------------------------------------------------------------------


@transaction.atomic
def make(
    member: Membership, values: dict[str, Any], secret: bytes | None = None
) -> tuple[WebhookEndpoint, str]:
    """A webhook of checked values, and its secret as text to be shown this once.

    Raises `TooMany`.
    """
    tenant = Tenant.objects.select_for_update().get(pk=member.tenant_id)
    if WebhookEndpoint.objects.for_tenant(tenant).count() >= MOST_ENDPOINTS:
        told = _("An organisation has at most %(most)d webhooks. Delete one first.")
        raise TooMany(told % {"most": MOST_ENDPOINTS})
    endpoint = WebhookEndpoint(tenant=member.tenant, created_by=member.user, **values)
    secret = secret or secrets.token_bytes(32)
    endpoint.sealed_secret = vault.seal(secret, _place(endpoint, "sealed_secret"))
    endpoint.save(force_insert=True)
    _record("created", endpoint, member.user, _differences(None, endpoint))
    return endpoint, written(secret)


@transaction.atomic
def change(endpoint: WebhookEndpoint, values: dict[str, Any], actor: User) -> WebhookEndpoint:
    """Other values, for everything that waits as well; paused, nothing waits any longer.

    Who resumes a webhook, or gives it another address, begins anew: it is no longer failing.
    """
    row = WebhookEndpoint.plain.select_for_update().get(pk=endpoint.pk)
    before = WebhookEndpoint.plain.get(pk=endpoint.pk)
    for name, value in values.items():
        setattr(row, name, value)
    changes = _differences(before, row)
    if not changes:
        return row
    if row.url != before.url or (row.enabled and not before.enabled):
        row.failing_since = None
    if row.enabled:
        row.stopped_because = ""
    row.save()
    if before.enabled and not row.enabled:
        cancel_waiting(row, timezone.now())
    _record("changed", row, actor, changes)
    return row


@transaction.atomic
def delete(endpoint: WebhookEndpoint, actor: User) -> None:
    """Take a webhook away, with what waits for it and what was sent to it."""
    _record("deleted", endpoint, actor, {"name": [endpoint.name, None]})
    endpoint.delete()


def _record(action: str, row: WebhookEndpoint, actor: User | None, changes: dict) -> None:
    audit.record(f"webhookendpoint.{action}", row, tenant=row.tenant, actor=actor, changes=changes)


def _differences(before: WebhookEndpoint | None, after: WebhookEndpoint) -> dict[str, Any]:
    changes = audit.differences(before, after, list(_TOLD))
    if before is None or before.url != after.url:
        changes["host"] = [host_of(before) if before else None, host_of(after)]
    return changes


def host_of(endpoint: WebhookEndpoint) -> str:
    """The host of a webhook's address: the part that is no secret."""
    return urlsplit(endpoint.url).hostname or ""


# --- Stopped ----------------------------------------------------------------------------------


@transaction.atomic
def stop(endpoint: WebhookEndpoint, because: str, now: datetime) -> None:
    """Send nothing to a webhook any more, and tell the owners of its tenant why."""
    endpoint.enabled, endpoint.stopped_because = False, because
    endpoint.save(update_fields=["enabled", "stopped_because", "updated_at"])
    cancel_waiting(endpoint, now)
    changes = {"enabled": [True, False], "reason": [None, because]}
    _record("stopped", endpoint, None, changes)
    _tell_owners(endpoint)


def _tell_owners(endpoint: WebhookEndpoint) -> None:
    tenant = endpoint.tenant
    owners = Membership.objects.for_tenant(tenant).filter(role=Role.OWNER, suspended_at=None)
    context = {"endpoint": endpoint, "host": host_of(endpoint), "tenant": tenant}
    for owner in owners.filter(user__is_active=True).select_related("user"):
        notify(owner.user, "webhook_stopped", "accounts/email/webhook_stopped", context, by=tenant)


def cancel_waiting(endpoint: WebhookEndpoint, now: datetime) -> int:
    """Call back what waits for a webhook, but for what is on its way; returns how many."""
    waiting = _deliveries(endpoint).filter(state=State.WAITING).exclude(leased_until__gt=now)
    return waiting.update(state=State.CANCELLED, finished_at=now)


# --- Tested, sent again -----------------------------------------------------------------------


@transaction.atomic
def send_test(endpoint: WebhookEndpoint, actor: User) -> OutboxMessage:
    """Send an event of the type `test` the way all others go."""
    message = outbox.add_webhook(events.TEST, endpoint, events.test_event(endpoint))
    _record("tested", endpoint, actor, {"delivery": [None, str(message.pk)]})
    return message


def _deliveries(endpoint: WebhookEndpoint) -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.for_tenant(endpoint.tenant_id).filter(endpoint=endpoint)


@transaction.atomic
def replay(endpoint: WebhookEndpoint, delivery: OutboxMessage, actor: User) -> bool:
    """Send one delivery again, under its id; False where it waits or its content is gone."""
    done = outbox.send_again(delivery, timezone.now())
    if done:
        _record("replayed", endpoint, actor, {"delivery": [None, str(delivery.pk)]})
    return done


@transaction.atomic
def replay_failed(endpoint: WebhookEndpoint, since: datetime, actor: User) -> int:
    """Send again what failed or was called back since a moment, oldest first; returns how many."""
    lost = _deliveries(endpoint).filter(
        state__in=[State.FAILED, State.CANCELLED], sealed__isnull=False, created_at__gte=since
    )
    rows = lost.exclude(kind=events.TEST).order_by("created_at", "pk")[:MOST_AGAIN]
    ids: list[UUID] = [row.pk for row in rows if outbox.send_again(row, timezone.now())]
    if ids:
        _record("replayed", endpoint, actor, {"deliveries": [0, len(ids)]})
    return len(ids)
