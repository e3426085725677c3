"""The one door to numbers.

Pages, API, exports and reports ask here, with a `Scope`: a site outside it does not exist. A number
that nobody measured is None, never 0; what is not over yet says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Max, Min, QuerySet, Sum

from accounts.models import Site
from accounts.tenancy import Scope
from accounts.zones import day_bounds
from analytics.counting import DIMENSIONS
from analytics.metrics import MEASURES, METRICS, Number, Sums
from analytics.models import DailyStat, SiteDay
from analytics.period import Period
from tracking.models import Event
from tracking.models.events import EventFlag

TOTAL = ""
NOTHING: Sums = dict.fromkeys(MEASURES, 0)
UNMEASURED: Sums = dict.fromkeys(MEASURES)
LIVE = timedelta(minutes=5)


class UnknownDimension(ValueError):
    """There is no such dimension."""


class HiddenMetric(ValueError):
    """There is no such metric, or the scope does not reach it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A metric at a time: the first moment of its hour or day, and whether that is over."""

    at: datetime | date
    value: Number | None
    finished: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a dimension with its metrics."""

    value: str
    numbers: dict[str, Number | None]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The largest values of a dimension, and whether there are more."""

    rows: list[Row]
    more: bool


@dataclass(frozen=True, slots=True)
class Days:
    """The daily totals of a site, read once: every sum and series over them comes from here.

    `since` is the first day that anything is known of: before it numbers are None, not 0.
    """

    since: date | None
    sums: dict[date, Sums]

    def of_day(self, day: date) -> Sums:
        """The counts of one day."""
        if self.since is None or day < self.since:
            return UNMEASURED
        return self.sums.get(day, NOTHING)

    def of(self, period: Period) -> Sums:
        """The counts of the measured days of a period together."""
        days = [self.of_day(day) for day in period.dates if self.since and day >= self.since]
        if not days:
            return UNMEASURED
        return {name: sum(day[name] or 0 for day in days) for name in MEASURES}


def visible_site(scope: Scope, key: str) -> Site | None:
    """The site with this key, if the scope sees it."""
    return Site.objects.visible_to(scope).filter(key=key).first()


def _stats(scope: Scope, site: Site, period: Period, dimension: str) -> QuerySet[DailyStat]:
    return DailyStat.objects.visible_to(scope).filter(
        site=site, dimension=dimension, date__gte=period.first, date__lte=period.last
    )


def _allowed(scope: Scope, keys: Iterable[str]) -> list[str]:
    keys = list(keys)
    for key in keys:
        if key not in METRICS or (scope.metrics is not None and key not in scope.metrics):
            raise HiddenMetric(key)
    return keys


def _numbers(sums: Sums, keys: Iterable[str]) -> dict[str, Number | None]:
    return {key: METRICS[key].of(sums) for key in keys}


def measured_since(scope: Scope, site: Site) -> date | None:
    """The first day that anything is known of."""
    days = SiteDay.objects.visible_to(scope).filter(site=site)
    return days.aggregate(first=Min("date"))["first"]


def version(scope: Scope, site: Site, period: Period) -> str:
    """What a reader compares to know whether the period's numbers have changed."""
    days = SiteDay.objects.visible_to(scope).filter(
        site=site, date__gte=period.first, date__lte=period.last
    )
    state = days.aggregate(versions=Sum("version"), last=Max("rebuilt_at"))
    return f"{state['versions'] or 0}"


def days(scope: Scope, site: Site, first: date, last: date) -> Days:
    """The daily totals from `first` to `last`."""
    rows = (
        DailyStat.objects.visible_to(scope)
        .filter(site=site, dimension=TOTAL, date__gte=first, date__lte=last)
        .values("date", *MEASURES)
    )
    return Days(measured_since(scope, site), {row["date"]: row for row in rows})


def totals(
    scope: Scope, site: Site, period: Period, keys: Iterable[str], known: Days | None = None
) -> dict[str, Number | None]:
    """The metrics of the whole period; None before the first measured day."""
    wanted = _allowed(scope, keys)
    known = known or days(scope, site, period.first, period.last)
    return _numbers(known.of(period), wanted)


def series(
    scope: Scope, site: Site, period: Period, key: str, known: Days | None = None
) -> list[Point]:
    """A metric day by day, or hour by hour of a single day; None where nothing was measured."""
    _allowed(scope, [key])
    known = known or days(scope, site, period.first, period.last)
    if period.days == 1:
        return _hours(scope, site, period, key, known.since)
    of = METRICS[key].of
    return [Point(day, of(known.of_day(day)), day < period.today) for day in period.dates]


def _hours(scope: Scope, site: Site, period: Period, key: str, since: date | None) -> list[Point]:
    """The 23 to 25 hours of one day on the site's clock; the hours to come are None."""
    rows = _stats(scope, site, period, "hour").values("value", *MEASURES)
    known = {int(row["value"]): row for row in rows}
    start, end = day_bounds(period.first, site.time_zone)
    now = datetime.now(UTC)
    points = []
    for number in range(round((end - start).total_seconds() / 3600)):
        at = start + timedelta(hours=number)
        measured = since is not None and period.first >= since and at <= now
        value = METRICS[key].of(known.get(number, NOTHING)) if measured else None
        points.append(Point(at.astimezone(site.zone), value, at + timedelta(hours=1) <= now))
    return points


def breakdown(
    scope: Scope,
    site: Site,
    period: Period,
    dimension: str,
    keys: Iterable[str],
    *,
    limit: int = 10,
    offset: int = 0,
    order: str = "visitors",
) -> Breakdown:
    """The largest values of a dimension by a measure; "" is the value of what has none."""
    wanted = _allowed(scope, keys)
    if dimension not in DIMENSIONS:
        raise UnknownDimension(dimension)
    if order not in MEASURES:
        raise HiddenMetric(order)
    groups = (
        _stats(scope, site, period, dimension)
        .values("value")
        .annotate(**{f"sum_{name}": Sum(name) for name in MEASURES})
        .order_by(f"-sum_{order}", "value")
    )
    rows = [
        Row(group["value"], _numbers({m: group[f"sum_{m}"] for m in MEASURES}, wanted))
        for group in groups[offset : offset + limit + 1]
    ]
    kept = [row for row in rows[:limit] if _large_enough(scope, row)]
    return Breakdown(kept, more=len(rows) > limit)


def _large_enough(scope: Scope, row: Row) -> bool:
    visitors = row.numbers.get("visitors")
    return not scope.min_cell or (visitors or 0) >= scope.min_cell


def change(now: Number | None, before: Number | None) -> float | None:
    """(now - before) / before; None where either is unknown or there was nothing before."""
    if now is None or not before:
        return None
    return (now - before) / before


def visitors_now(scope: Scope, site: Site, now: datetime) -> int:
    """Visitors with an event in the last five minutes, from the raw events."""
    return (
        Event.objects.visible_to(scope)
        .filter(site=site, occurred_at__gte=now - LIVE, visitor__isnull=False, agent__bot="")
        .exclude(flags__gte=EventFlag.AUTOMATED)
        .values("visitor")
        .distinct()
        .count()
    )


def first_event(scope: Scope, site: Site) -> Event | None:
    """The first event of a site that is a person's, or None while it waits for one."""
    events = Event.objects.visible_to(scope).filter(site=site)
    return events.order_by("occurred_at").only("path", "host", "occurred_at", "name").first()


def has_events(scope: Scope, site: Site) -> bool:
    """Whether anything was ever received for the site."""
    if measured_since(scope, site) is not None:
        return True
    return Event.objects.visible_to(scope).filter(site=site).exists()
