"""What was sent to a webhook, as pages and the API show it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import OutboxAttempt, OutboxMessage, WebhookEndpoint
from accounts.outgoing import events

# For how long after its beginning a delivery's page looks again by itself.
LOOKS = timedelta(minutes=2)


def of(endpoint: WebhookEndpoint) -> QuerySet[OutboxMessage]:
    """All that was sent to a webhook or waits for it, the newest first."""
    return OutboxMessage.objects.for_tenant(endpoint.tenant_id).filter(endpoint=endpoint)


def listed(endpoint: WebhookEndpoint) -> QuerySet[OutboxMessage]:
    """The same, each with what came of its last try: `last_status`, `last_detail`."""
    last = OutboxAttempt.plain.filter(message=OuterRef("pk")).order_by("-number")
    return of(endpoint).annotate(
        last_status=Subquery(last.values("status")[:1]),
        last_detail=Subquery(last.values("detail")[:1]),
    )


def is_on_its_way(message: OutboxMessage, now: datetime) -> bool:
    """Whether something is about to come of a delivery."""
    soon = message.next_at <= now + timedelta(seconds=10)
    waits = message.state == OutboxMessage.State.WAITING
    return waits and soon and now - message.next_at < LOOKS


def labels_of(endpoint: WebhookEndpoint) -> list[str]:
    """What a webhook is told, in words."""
    if events.ALL in endpoint.events:
        return [_("Everything")]
    known = [events.EVENTS[type_] for type_ in endpoint.events if type_ in events.EVENTS]
    return [str(one.label) for one in known]


def former_counts(endpoint: WebhookEndpoint, now: datetime) -> bool:
    """Whether the secret before the last rotation signs as well."""
    return bool(endpoint.former_secret_until and endpoint.former_secret_until > now)


def example(one: events.EventType) -> dict[str, Any]:
    """An event of a type, as it may look."""
    return events.event(one.type, one.example, timezone.now().replace(microsecond=0))
