"""The one door to numbers.

Pages, API, exports and reports ask here, with a `Scope`: a site outside it does not exist. A number
that nobody measured is None, never 0; what is not over yet says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from math import ceil
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import largest, segments
from analytics.answers import (
    UNMEASURED,
    Breakdown,
    Days,
    Point,
    Row,
    Totals,
)  # fmt: skip
from analytics.counting import DIMENSIONS
from analytics.days import days, days_of_sites, known_of, states_of
from analytics.metrics import MEASURES, METRICS, Number, Sums
from analytics.models import DailyStat, ImportedDay
from analytics.period import Interval, Period
from analytics.realtime import first_event, has_events, visitors_now
from analytics.segments import Filter

__all__ = [
    "HiddenMetric", "UnknownDimension", "breakdown", "days", "days_of_sites", "first_event",
    "has_events", "series", "totals", "version", "visitors_now",
]  # fmt: skip


class UnknownDimension(ValueError):
    """There is no such dimension."""


class HiddenMetric(ValueError):
    """There is no such metric, or the scope does not reach it."""


def _allowed(scope: Scope, keys: Iterable[str]) -> list[str]:
    keys = list(keys)
    for key in keys:
        if key not in METRICS or (scope.metrics is not None and key not in scope.metrics):
            raise HiddenMetric(key)
    return keys


def _numbers(sums: Sums, keys: Iterable[str]) -> dict[str, Number | None]:
    return {key: METRICS[key].of(sums) for key in keys}


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
    wanted = _allowed(scope, keys)
    known = known or days(scope, site, period.first, period.last, filters)
    return Totals(_numbers(known.of(period), wanted), known.coverage(period))


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
    _allowed(scope, [key])
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
        counted = segments.count_days(site, _countable(known, period), "hour", filters)
        return {(day, int(hour)): sums for (day, hour), sums in counted.items()}
    rows = _stats(scope, site, period, "hour").values("date", "value", *MEASURES)
    foreign = known.state.foreign
    return {
        (row["date"], int(row["value"])): row
        | ({"revenue": None} if row["date"] in foreign else {})
        for row in rows
    }


def _stats(scope: Scope, site: Site, period: Period, dimension: str) -> QuerySet[DailyStat]:
    return DailyStat.objects.visible_to(scope).filter(
        site=site, dimension=dimension, date__gte=period.first, date__lte=period.last
    )


def _countable(known: Days, period: Period) -> list[date]:
    return [day for day in known.state.countable if period.first <= day <= period.last]


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
    known: Days | None = None,
) -> Breakdown:
    """The largest values of a dimension by a measure; "" is the value of what has none.

    `known` are the days of the same question where the caller has read them already.
    """
    wanted = _allowed(scope, keys)
    if dimension not in DIMENSIONS:
        raise UnknownDimension(dimension)
    if order not in MEASURES:
        raise HiddenMetric(order)
    known = known or known_of(scope, site, period.first, period.last, filters)
    values: Sequence[tuple[str, Sums]]
    if filters:
        dates = _countable(known, period)
        values = segments.largest_values(
            site, dates, dimension, filters, order=order, limit=limit + 1, offset=offset
        )
    else:
        found = _largest_of_days(site, period, dimension, known, order, limit + 1, offset)
        if found is None:
            rows_of = _rows_of(scope, site, period, dimension, known)
            found = _largest(rows_of, order=order, limit=limit + 1, offset=offset)
        values = found
        if dimension != "currency" and known.mixes_currencies(period):
            values = [(value, {**sums, "revenue": None}) for value, sums in values]
    rows = [Row(value, _numbers(sums, wanted)) for value, sums in values]
    kept = [row for row in rows[:limit] if _large_enough(scope, row)]
    return Breakdown(kept, len(rows) > limit, known.coverage(period, dimension))


def _rows_of(
    scope: Scope, site: Site, period: Period, dimension: str, known: Days
) -> list[QuerySet[Any]]:
    """The daily statistics of a dimension, and the imported days before them."""
    by_source: dict[str, list[date]] = defaultdict(list)
    for day, brought in known.brought.items():
        if period.first <= day <= period.last and dimension in brought.dimensions:
            by_source[brought.source].append(day)
    imported = ImportedDay.objects.visible_to(scope).filter(site=site, dimension=dimension)
    return [
        _stats(scope, site, period, dimension),
        *(imported.filter(source=name, date__in=dates) for name, dates in by_source.items()),
    ]


def _largest_of_days(
    site: Site,
    period: Period,
    dimension: str,
    known: Days,
    order: str,
    limit: int,
    offset: int,
) -> list[tuple[str, Sums]] | None:
    """From the lists of each day's largest values; None where these do not tell."""
    brought = any(
        period.first <= day <= period.last and dimension in tool.dimensions
        for day, tool in known.brought.items()
    )
    if order != largest.ORDER or brought:
        return None
    counted = (*known.state.countable, *known.state.sealed)
    dates = [day for day in counted if period.first <= day <= period.last]
    sums = ", ".join(map(_sum_of, MEASURES))
    rows = largest.largest(site, dimension, dates, sums, limit, offset)
    return rows and [(row[0], dict(zip(MEASURES, row[1:], strict=True))) for row in rows]


def _largest(
    tables: list[QuerySet[Any]], *, order: str, limit: int, offset: int
) -> list[tuple[str, Sums]]:
    """The largest values of several tables' rows taken together."""
    parts = [rows.values("value", *MEASURES).query.sql_with_params() for rows in tables]
    union = " UNION ALL ".join(sql for sql, _parameters in parts)
    sums = ", ".join(_sum_of(name) for name in MEASURES)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT value, {sums} FROM ({union}) counted GROUP BY value"  # noqa: S608
            f" ORDER BY {_sum_of(order)} DESC NULLS LAST, value LIMIT %s OFFSET %s",
            [*chain.from_iterable(parameters for _sql, parameters in parts), limit, offset],
        )
        found = cursor.fetchall()
    return [(row[0], dict(zip(MEASURES, row[1:], strict=True))) for row in found]


def _sum_of(name: str) -> str:
    """The sum of a measure, NULL where one of the rows does not know it."""
    cast = "" if name == "revenue" else "::bigint"
    return f"CASE WHEN count({name}) = count(*) THEN sum({name}){cast} END"


def _large_enough(scope: Scope, row: Row) -> bool:
    visitors = row.numbers.get("visitors")
    return not scope.min_cell or (visitors or 0) >= scope.min_cell
