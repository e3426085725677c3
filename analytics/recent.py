"""The newest conversions of a site, as single events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q

from accounts.models import Site
from accounts.tenancy import Scope
from analytics.days import stats
from analytics.period import Period
from analytics.telling import number
from tracking.event_lists import events_of, key_text
from tracking.models import Event

NEWEST = 10


def recent_conversions(
    scope: Scope, site: Site, period: Period, limit: int = NEWEST
) -> list[dict[str, Any]]:
    """The newest conversions of the period whose events are still there, newest first.

    Statistics tell the hours that had any, so no more than these are read of the raw events.
    """
    hours = stats(scope, site, period, "hour").filter(conversions__gt=0)
    within = Q()
    for row in hours.order_by("-date", "-value")[:limit]:
        start = site.clock.bounds(row.date)[0] + timedelta(hours=int(row.value))
        within |= Q(occurred_at__gte=start, occurred_at__lt=start + timedelta(hours=1))
    if not within:
        return []
    of_people = events_of(scope, site).filter(within & Q(is_bot=False))
    found = of_people.filter(Q(name="conversion") | Q(category="conversion"))
    return [_told(event) for event in found.order_by("-occurred_at", "-event_id")[:limit]]


def _told(event: Event) -> dict[str, Any]:
    return {
        "id": str(event.event_id),
        "session_id": key_text(event.session if event.session is not None else event.visitor),
        "conversion_type": event.action or event.label or event.name,
        "source_path": event.path,
        "value": number(event.value),
        "currency": event.currency,
        "timestamp": event.occurred_at,
        "source": event.source,
        "country": event.country,
    }
