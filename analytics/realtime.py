"""What is read from raw events while a site's statistics are still on their way.

Each question looks at a bounded piece of the raw events, however many bots a site has.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Max, QuerySet, TextField, Value
from django.db.models.functions import Coalesce, TruncMinute

from accounts.models import Site
from accounts.tenancy import Scope
from analytics.models import DailyStat, ImportedDay, SiteDay
from tracking.event_lists import events_of, with_bots
from tracking.models import Event

LIVE = timedelta(minutes=5)
# How many of the newest raw events are searched for one of a person, before a day was counted.
NEWEST = 1_000


def of_people(scope: Scope, site: Site) -> QuerySet[Event]:
    """The site's raw events without those of bots: what `counting.HITS` counts."""
    return with_bots(events_of(scope, site), "exclude").select_related(None)


def visitors_now(scope: Scope, site: Site, now: datetime) -> int:
    """Visitors with an event in the last five minutes, from the raw events."""
    recent = of_people(scope, site).filter(occurred_at__gte=now - LIVE, visitor__isnull=False)
    return recent.values("visitor").distinct().count()


def visitors_by_minute(scope: Scope, site: Site, now: datetime, minutes: int) -> list[int]:
    """Visitors in each of the last minutes of the clock, the running one last."""
    first = now.replace(second=0, microsecond=0) - timedelta(minutes=minutes - 1)
    recent = of_people(scope, site).filter(occurred_at__gte=first, occurred_at__lte=now)
    rows = recent.annotate(minute=TruncMinute("occurred_at", tzinfo=UTC)).values("minute")
    found = {row["minute"]: row["n"] for row in rows.annotate(n=Count("visitor", distinct=True))}
    return [found.get(first + timedelta(minutes=number), 0) for number in range(minutes)]


def pages_now(
    scope: Scope, site: Site, now: datetime, minutes: int, limit: int
) -> list[tuple[str, int]]:
    """The pages with most visitors in the last minutes."""
    recent = _recent(scope, site, now, minutes).filter(name="page_view")
    rows = recent.values(text=Coalesce("path", Value(""), output_field=TextField())).annotate(
        n=Count("visitor", distinct=True)
    )
    return [(row["text"], row["n"]) for row in rows.order_by("-n", "text")[:limit]]


def sources_now(
    scope: Scope, site: Site, now: datetime, minutes: int, limit: int
) -> list[tuple[str, int]]:
    """Where the visitors of the last minutes came from: only a visit's first event says it."""
    rows = _recent(scope, site, now, minutes).values("visitor").annotate(text=Max("source"))
    return Counter(row["text"] or "" for row in rows).most_common(limit)


def _recent(scope: Scope, site: Site, now: datetime, minutes: int) -> QuerySet[Event]:
    since = now - timedelta(minutes=minutes)
    return of_people(scope, site).filter(
        occurred_at__gte=since, occurred_at__lte=now, visitor__isnull=False
    )


def _first_counted(scope: Scope, site: Site) -> Event | None:
    """The first event of the first counted hour whose raw events are still there."""
    sealed = SiteDay.objects.visible_to(scope).filter(site=site, sealed_at__isnull=False)
    hours = DailyStat.objects.visible_to(scope).filter(site=site, dimension="hour")
    first = hours.exclude(date__in=sealed.values("date")).order_by("date", "value").first()
    if first is None:
        return None
    start = site.clock.bounds(first.date)[0] + timedelta(hours=int(first.value))
    within = of_people(scope, site).filter(
        occurred_at__gte=start, occurred_at__lt=start + timedelta(hours=1)
    )
    return _first(within)


def _first_of_newest(scope: Scope, site: Site) -> Event | None:
    """The first event of a person among the newest raw events."""
    newest = Event.objects.visible_to(scope).filter(site=site).order_by("-occurred_at")
    edge = newest.values_list("occurred_at", flat=True)[NEWEST - 1 : NEWEST]
    people = of_people(scope, site)
    for since in edge:
        people = people.filter(occurred_at__gte=since)
    return _first(people)


def _first(events: QuerySet[Event]) -> Event | None:
    return events.order_by("occurred_at").only("path", "host", "occurred_at", "name").first()


def first_event(scope: Scope, site: Site) -> Event | None:
    """The first event of a site that is a person's, as far as raw events are kept; or None."""
    return _first_counted(scope, site) or _first_of_newest(scope, site)


def has_events(scope: Scope, site: Site) -> bool:
    """Whether anything is known of people on the site."""
    for counted in (DailyStat, ImportedDay):
        if counted.objects.visible_to(scope).filter(site=site, dimension="").exists():
            return True
    return _first_of_newest(scope, site) is not None
