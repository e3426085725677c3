"""The one door to numbers.

Pages, API, exports and reports ask here, with a `Scope`: a site outside it does not exist. A number
that nobody measured is None, never 0; what is not over yet says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil

from django.db.models import F, Max, Min, Q, QuerySet, Sum

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import segments
from analytics.counting import DIMENSIONS
from analytics.metrics import MEASURES, METRICS, Number, Sums
from analytics.models import DailyStat, SiteDay
from analytics.period import Period
from analytics.segments import Filter
from tracking.models import Agent, Event
from tracking.models.events import EventFlag

TOTAL = ""
NOTHING: dict[str, int | None] = dict.fromkeys(MEASURES, 0)
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
    `quiet` are the counts of a day on which nothing happened.
    """

    since: date | None
    sums: dict[date, Sums]
    quiet: Sums

    def of_day(self, day: date) -> Sums:
        """The counts of one day."""
        if self.since is None or day < self.since:
            return UNMEASURED
        return self.sums.get(day, self.quiet)

    def of(self, period: Period) -> Sums:
        """The counts of the period's known days together; None for what none of them knows."""
        days = [self.of_day(day) for day in period.dates]

        def together(name: str) -> int | None:
            known = [value for day in days if (value := day[name]) is not None]
            return sum(known) if known else None

        return {name: together(name) for name in MEASURES}


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


def _dates(scope: Scope, site: Site, first: date, last: date) -> list[date]:
    """The days of the site that were counted and whose raw events are still there, in order."""
    days = SiteDay.objects.visible_to(scope).filter(site=site, date__gte=first, date__lte=last)
    return list(days.filter(sealed_at=None).order_by("date").values_list("date", flat=True))


def days(scope: Scope, site: Site, first: date, last: date, filters: Sequence[Filter] = ()) -> Days:
    """The daily totals from `first` to `last`, of everything or of what passes the filters.

    Filters need raw events: on days that have outlived theirs, a filtered number is unknown.
    """
    since = measured_since(scope, site)
    if not filters:
        rows = _stats(scope, site, Period(first, last, last), TOTAL).values("date", *MEASURES)
        return Days(since, {row["date"]: row for row in rows}, NOTHING)
    sealed = SiteDay.objects.visible_to(scope).filter(
        site=site, date__gte=first, date__lte=last, sealed_at__isnull=False
    )
    sums: dict[date, Sums] = dict.fromkeys(sealed.values_list("date", flat=True), UNMEASURED)
    counted = segments.count_days(site, _dates(scope, site, first, last), TOTAL, filters)
    sums |= {day: counts for (day, _total), counts in counted.items()}
    return Days(since, sums, _quiet(filters))


def _quiet(filters: Sequence[Filter]) -> Sums:
    return NOTHING | dict.fromkeys(segments.unknown_measures(filters))


def totals(
    scope: Scope,
    site: Site,
    period: Period,
    keys: Iterable[str],
    known: Days | None = None,
    filters: Sequence[Filter] = (),
) -> dict[str, Number | None]:
    """The metrics of the whole period; None before the first measured day."""
    wanted = _allowed(scope, keys)
    known = known or days(scope, site, period.first, period.last, filters)
    return _numbers(known.of(period), wanted)


def series(
    scope: Scope,
    site: Site,
    period: Period,
    key: str,
    known: Days | None = None,
    filters: Sequence[Filter] = (),
) -> list[Point]:
    """A metric in the period's steps, from hours to months; None where nothing was measured."""
    _allowed(scope, [key])
    known = known or days(scope, site, period.first, period.last, filters)
    if period.days == 1:
        return _hours(scope, site, period, key, known, filters)
    of = METRICS[key].of
    return [
        Point(part.first, of(known.of(part)), not part.unfinished)
        for part in period.parts(period.interval)
    ]


def _hours(
    scope: Scope, site: Site, period: Period, key: str, known: Days, filters: Sequence[Filter]
) -> list[Point]:
    """The 23 to 25 hours of one day on the site's clock; the hours to come are None."""
    day = period.first
    if known.of_day(day) is UNMEASURED:
        counted, quiet = {}, UNMEASURED
    else:
        counted, quiet = _counts_by_hour(scope, site, period, filters), _quiet(filters)
    start, end = site.clock.bounds(day)
    now = datetime.now(UTC)
    points = []
    for number in range(ceil((end - start).total_seconds() / 3600)):
        at = start + timedelta(hours=number)
        sums = counted.get(number, quiet) if at <= now else UNMEASURED
        over = at + timedelta(hours=1) <= now
        points.append(Point(site.local(at), METRICS[key].of(sums), over))
    return points


def _counts_by_hour(
    scope: Scope, site: Site, period: Period, filters: Sequence[Filter]
) -> dict[int, Sums]:
    if filters:
        dates = _dates(scope, site, period.first, period.last)
        counted = segments.count_days(site, dates, "hour", filters)
        return {int(hour): sums for (_day, hour), sums in counted.items()}
    rows = _stats(scope, site, period, "hour").values("value", *MEASURES)
    return {int(row["value"]): row for row in rows}


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
    filters: Sequence[Filter] = (),
) -> Breakdown:
    """The largest values of a dimension by a measure; "" is the value of what has none."""
    wanted = _allowed(scope, keys)
    if dimension not in DIMENSIONS:
        raise UnknownDimension(dimension)
    if order not in MEASURES:
        raise HiddenMetric(order)
    values = (
        segments.largest_values(
            site,
            _dates(scope, site, period.first, period.last),
            dimension,
            filters,
            order=order,
            limit=limit + 1,
            offset=offset,
        )
        if filters
        else _largest_values(_stats(scope, site, period, dimension), order, limit + 1, offset)
    )
    rows = [Row(value, _numbers(sums, wanted)) for value, sums in values]
    kept = [row for row in rows[:limit] if _large_enough(scope, row)]
    return Breakdown(kept, more=len(rows) > limit)


def _largest_values(
    stats: QuerySet[DailyStat], order: str, limit: int, offset: int
) -> list[tuple[str, Sums]]:
    groups = (
        stats.values("value")
        .annotate(**{f"sum_{name}": Sum(name) for name in MEASURES})
        .order_by(f"-sum_{order}", "value")
    )
    return [
        (group["value"], {name: group[f"sum_{name}"] for name in MEASURES})
        for group in groups[offset : offset + limit]
    ]


def _large_enough(scope: Scope, row: Row) -> bool:
    visitors = row.numbers.get("visitors")
    return not scope.min_cell or (visitors or 0) >= scope.min_cell


def _of_people(scope: Scope, site: Site) -> QuerySet[Event]:
    """The site's raw events without those of bots: what `counting.HITS` counts."""
    automated = F("flags").bitand(int(EventFlag.AUTOMATED))
    events = Event.objects.visible_to(scope).filter(site=site)
    bots = Agent.objects.exclude(bot="").values("pk")
    return events.annotate(automated=automated).filter(
        Q(agent__isnull=True) | ~Q(agent__in=bots), automated=0
    )


def visitors_now(scope: Scope, site: Site, now: datetime) -> int:
    """Visitors with an event in the last five minutes, from the raw events."""
    recent = _of_people(scope, site).filter(occurred_at__gte=now - LIVE, visitor__isnull=False)
    return recent.values("visitor").distinct().count()


def first_event(scope: Scope, site: Site) -> Event | None:
    """The first event of a site that is a person's, or None while it waits for one."""
    return (
        _of_people(scope, site)
        .order_by("occurred_at")
        .only("path", "host", "occurred_at", "name")
        .first()
    )


def has_events(scope: Scope, site: Site) -> bool:
    """Whether anything was ever received for the site."""
    if measured_since(scope, site) is not None:
        return True
    return _of_people(scope, site).exists()
