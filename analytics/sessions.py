"""Which visits pass a question, newest first: for the page of visits and for the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import segments
from analytics.answers import Days
from analytics.period import Period
from analytics.segments import Filter, Operator
from tracking.models import Session

# A visit's day, beginning and key: after which one a page goes on.
Place = tuple[date, datetime, int]


def newest(
    scope: Scope,
    site: Site,
    period: Period,
    known: Days,
    filters: Sequence[Filter],
    *,
    limit: int,
    within: tuple[datetime, datetime] | None = None,
    before: Place | None = None,
) -> list[Session]:
    """The newest `limit` visits of the period that pass the filters, after the place `before`.

    What a visit has as a whole is kept with it; which pages and events it has, its raw events say.
    `within` is a stretch of time that a visit must touch.
    """
    rows = Session.objects.visible_to(scope).filter(site=site)
    rows = rows.order_by("-date", "-started_at", "-key")
    if any(item.on_events for item in filters):
        keys = segments.visits_passing(
            site, known.countable(period), filters, limit=limit, within=within, before=before
        )
        rows = rows.filter(date__in={day for day, _key in keys}, key__in=[key for _d, key in keys])
        wanted = set(keys)
        return [row for row in rows if (row.date, row.key) in wanted]
    rows = rows.filter(date__gte=period.first, date__lte=period.last)
    for item in filters:
        rows = rows.filter(_condition(item))
    if within:
        rows = rows.filter(started_at__lt=within[1], ended_at__gte=within[0])
    if before:
        day, started, key = before
        later = Q(date=day, started_at__lt=started) | Q(date=day, started_at=started, key__lt=key)
        rows = rows.filter(Q(date__lt=day) | later, date__lte=day)
    return list(rows[:limit])


def _condition(item: Filter) -> Q:
    """A filter on visits as a condition on their table."""
    if item.operator == Operator.CONTAINS:
        return Q(**{f"{item.dimension}__icontains": item.values[0]})
    condition = Q(**{f"{item.dimension}__in": item.values})
    if "" in item.values:
        condition |= Q(**{f"{item.dimension}__isnull": True})
    return ~condition if item.operator == Operator.IS_NOT else condition
