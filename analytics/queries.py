"""The one door to numbers.

Pages, API, exports and reports ask here, with a `Scope`: a site outside it does not exist. A number
that nobody measured is None, never 0; what is not over yet says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import ceil

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import segments
from analytics.answers import (
    UNMEASURED,
    Days,
    HiddenMetric,
    Point,
    Totals,
    UnknownDimension,
    allowed,
    numbers_of,
)
from analytics.breakdowns import breakdown
from analytics.days import days, days_of_sites, known_of, states_of, stats
from analytics.metrics import MEASURES, METRICS, Sums
from analytics.period import Interval, Period
from analytics.realtime import (
    first_event,
    has_events,
    pages_now,
    sources_now,
    visitors_by_minute,
    visitors_now,
)
from analytics.segments import Filter

__all__ = [
    "HiddenMetric",
    "UnknownDimension",
    "breakdown",
    "days",
    "days_of_sites",
    "first_event",
    "has_events",
    "known_of",
    "pages_now",
    "series",
    "sources_now",
    "totals",
    "version",
    "visitors_by_minute",
    "visitors_now",
]  # fmt: skip


def version(scope: Scope, site: Site, period: Period) -> str:
    """What a reader compares to know whether the period's numbers have changed."""
    state = states_of(scope, [site], period.first, period.last)[site.pk]
    return Days(state, state.live, {}).version(period)


def totals(
    scope: Scope,
    site: Site,
    period: Period,
    keys: Iterable[str],
    known: Days | None = None,
    filters: Sequence[Filter] = (),
) -> Totals:
    """The metrics of the whole period; None before the first measured day.

    `known` are the days of the same question where the caller has read them already.
    """
    wanted = allowed(scope, keys)
    known = known or days(scope, site, period.first, period.last, filters)
    return Totals(numbers_of(known.of(period), wanted), known.coverage(period))


def series(
    scope: Scope,
    site: Site,
    period: Period,
    key: str,
    known: Days | None = None,
    filters: Sequence[Filter] = (),
    interval: Interval | None = None,
) -> list[Point]:
    """A metric in steps from hours to months (the period's own unless another is named).

    None where nothing was measured: before the first day, in hours to come.
    """
    allowed(scope, [key])
    known = known or days(scope, site, period.first, period.last, filters)
    interval = interval or period.interval
    if interval == Interval.HOUR:
        return _hours(scope, site, period, key, known, filters)
    of = METRICS[key].of
    return [
        Point(part.first, of(known.of(part)), known.finished(part))
        for part in period.parts(interval)
    ]


def _hours(
    scope: Scope, site: Site, period: Period, key: str, known: Days, filters: Sequence[Filter]
) -> list[Point]:
    """The 23 to 25 hours of each day on the site's clock; the hours to come are None.

    A day that is not of whole hours ends with a shorter one.
    """
    counted, quiet = _counts_by_hour(scope, site, period, known, filters), known.quiet
    now, of = datetime.now(UTC), METRICS[key].of
    points = []
    for day in period.dates:
        unknown = day in known.brought or known.of_day(day) is UNMEASURED
        start, end = site.clock.bounds(day)
        for number in range(ceil((end - start) / timedelta(hours=1))):
            at = start + timedelta(hours=number)
            over = min(at + timedelta(hours=1), end) <= now and day not in known.state.waiting
            sums = counted.get((day, number), quiet)
            value = None if unknown or at > now else of(sums)
            points.append(Point(site.local(at), value, over))
    return points


def _counts_by_hour(
    scope: Scope, site: Site, period: Period, known: Days, filters: Sequence[Filter]
) -> dict[tuple[date, int], Sums]:
    if filters:
        counted = segments.count_days(site, known.countable(period), "hour", filters)
        return {(day, int(hour)): sums for (day, hour), sums in counted.items()}
    rows = stats(scope, site, period, "hour").values("date", "value", *MEASURES)
    foreign = known.state.foreign
    return {
        (row["date"], int(row["value"])): row
        | ({"revenue": None} if row["date"] in foreign else {})
        for row in rows
    }
