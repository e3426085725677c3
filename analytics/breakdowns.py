"""The values of a dimension with their numbers: the largest ones, a page of them, or all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import largest, segments
from analytics.answers import (
    Breakdown,
    Days,
    HiddenMetric,
    Row,
    UnknownDimension,
    allowed,
    numbers_of,
)
from analytics.counting import DIMENSIONS
from analytics.days import known_of, stats
from analytics.metrics import MEASURES, Number, Sums
from analytics.models import ImportedDay, SiteDay
from analytics.period import Period
from analytics.segments import Filter
from analytics.wanted import Wanted


@dataclass(frozen=True, slots=True)
class _Values:
    """Rows of values; `total` and `top` are those of all values, where they were counted."""

    rows: list[tuple[str, Sums]]
    total: int | None = None
    top: Number | None = None


def breakdown(
    scope: Scope,
    site: Site,
    period: Period,
    dimension: str,
    keys: Iterable[str],
    *,
    limit: int | None = 10,
    offset: int = 0,
    order: str = "visitors",
    filters: Sequence[Filter] = (),
    known: Days | None = None,
    search: str = "",
    values: Sequence[str] | None = None,
    counted: bool = False,
) -> Breakdown:
    """The largest values of a dimension by a measure; "" is the value of what has none.

    `known` are the days of the same question where the caller has read them already. `search` keeps
    values that hold the text, `values` only those named. `counted` asks for `total` and `top`.
    Raises `UnknownDimension`, and `HiddenMetric` also for an order that is no measure.
    """
    wanted = allowed(scope, keys)
    if dimension not in DIMENSIONS:
        raise UnknownDimension(dimension)
    if order not in MEASURES:
        raise HiddenMetric(order)
    known = known or known_of(scope, site, period.first, period.last, filters)
    ask = Wanted(order, None if limit is None else limit + 1, offset, search, values, counted)
    found = _values(scope, site, period, dimension, known, filters, ask)
    rows = found.rows
    if not filters and dimension != "currency" and known.mixes_currencies(period):
        rows = [(value, {**sums, "revenue": None}) for value, sums in rows]
    kept = [
        Row(value, numbers_of(sums, wanted)) for value, sums in rows[:limit] if _seen(scope, sums)
    ]
    more = limit is not None and len(rows) > limit
    return Breakdown(kept, more, known.coverage(period, dimension), found.total, found.top)


def _seen(scope: Scope, sums: Sums) -> bool:
    """Whether the group is large enough to be told apart."""
    return not scope.min_cell or (sums["visitors"] or 0) >= scope.min_cell


def _values(
    scope: Scope,
    site: Site,
    period: Period,
    dimension: str,
    known: Days,
    filters: Sequence[Filter],
    ask: Wanted,
) -> _Values:
    if filters:
        rows = segments.largest_values(site, known.countable(period), dimension, filters, ask)
        return _read(rows, segments.unknown_measures(filters))
    listed = _of_lists(site, period, dimension, known, ask)
    if listed is not None:
        return _Values(listed)
    return _read(_summed(rows_of(scope, site, period, dimension, known), ask))


def _read(rows: list[tuple[Any, ...]], unknown: frozenset[str] = frozenset()) -> _Values:
    """Rows of (value, *measures, total, top)."""
    total, top = rows[0][-2:] if rows else (0, None)
    values: list[tuple[str, Sums]] = []
    for value, *sums, _total, _top in rows:
        named = dict(zip(MEASURES, sums, strict=True))
        values.append((value, named | dict.fromkeys(unknown)))
    return _Values(values, total, top)


def rows_of(
    scope: Scope, site: Site, period: Period, dimension: str, known: Days
) -> list[QuerySet[Any]]:
    """The daily statistics of a dimension, and the imported days before them."""
    by_source: dict[str, list[date]] = defaultdict(list)
    for day, brought in known.brought.items():
        if period.first <= day <= period.last and dimension in brought.dimensions:
            by_source[brought.source].append(day)
    imported = ImportedDay.objects.visible_to(scope).filter(site=site, dimension=dimension)
    # A day without a state has no numbers: what is there of it is being erased.
    states = SiteDay.objects.visible_to(scope).filter(site=site, date=OuterRef("date"))
    counted = stats(scope, site, period, dimension).filter(Exists(states))
    return [
        counted,
        *(imported.filter(source=name, date__in=dates) for name, dates in by_source.items()),
    ]


def _of_lists(
    site: Site, period: Period, dimension: str, known: Days, ask: Wanted
) -> list[tuple[str, Sums]] | None:
    """From the lists of each day's largest values; None where these do not tell."""
    brought = any(
        period.first <= day <= period.last and dimension in tool.dimensions
        for day, tool in known.brought.items()
    )
    narrowed = ask.search or ask.values is not None or ask.counted
    if ask.order != largest.ORDER or ask.limit is None or narrowed or brought:
        return None
    counted = (*known.state.countable, *known.state.sealed)
    dates = [day for day in counted if period.first <= day <= period.last]
    sums = ", ".join(map(_sum_of, MEASURES))
    rows = largest.largest(site, dimension, dates, sums, ask.limit, ask.offset)
    return rows and [(row[0], dict(zip(MEASURES, row[1:], strict=True))) for row in rows]


def _summed(tables: list[QuerySet[Any]], ask: Wanted) -> list[tuple[Any, ...]]:
    """The values of several tables' rows taken together."""
    parts = [rows.values("value", *MEASURES).query.sql_with_params() for rows in tables]
    union = " UNION ALL ".join(sql for sql, _parameters in parts)
    sums = ", ".join(map(_sum_of, MEASURES))
    given = list(chain.from_iterable(parameters for _sql, parameters in parts))
    narrowing, asked = ask.narrowing("%s")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT value, {sums}, {ask.of_all(_sum_of)} FROM ({union}) counted {narrowing}"  # noqa: S608
            f" GROUP BY value ORDER BY {_sum_of(ask.order)} DESC NULLS LAST, value"
            " LIMIT %s OFFSET %s",
            [*given, *asked, ask.limit, ask.offset],
        )
        return list(cursor.fetchall())


def _sum_of(name: str) -> str:
    """The sum of a measure, NULL where one of the rows does not know it."""
    cast = "" if name == "revenue" else "::bigint"
    return f"CASE WHEN count({name}) = count(*) THEN sum({name}){cast} END"
