"""A site's statistics as the API tells them: totals, series, values, hours, and who is here now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import heat_map, queries
from analytics.answers import Days, Point
from analytics.asked import compared
from analytics.counting import DIMENSIONS
from analytics.dimensions import BY_KEY, labels
from analytics.metrics import MEASURES, METRICS, Number
from analytics.outcomes import books
from analytics.period import PRESETS, Interval, Period, a_year_before
from analytics.profile_stats import change
from analytics.questions import Question
from analytics.segments import Filter, Operator
from analytics.telling import about, number, numbers, period_of, site_of

COMPARE = ("previous", "year")
MINUTES, ROWS_NOW = 30, 10
Filters = Sequence[Filter]


def against(period: Period, compare: str) -> Period:
    """The period that another one is compared with."""
    if compare == "year":
        return Period(a_year_before(period.first), a_year_before(period.last), period.today)
    return period.previous()


def _known(question: Question, filters: Filters, compare: str) -> Days:
    """The days of the question and of what it is compared with, read once."""
    period = question.period
    first = min(period.first, against(period, compare).first) if compare else period.first
    return queries.days(question.scope, question.site, first, period.last, filters)


def totals(
    question: Question, keys: Sequence[str], filters: Filters = (), compare: str = ""
) -> dict[str, Any]:
    """The metrics of the whole period; with `compare` also those of finished days beside others."""
    known = _known(question, filters, compare)
    found = _numbers(question, question.period, keys, known)
    told = {**about(question, known.coverage(question.period)), "metrics": numbers(found)}
    if not compare:
        return told
    pair = compared(question.period, against(question.period, compare))
    return told | {"comparison": pair and _comparison(question, keys, known, pair)}


def _numbers(
    question: Question, period: Period, keys: Iterable[str], known: Days
) -> dict[str, Number | None]:
    return queries.totals(question.scope, question.site, period, keys, known).numbers


def _comparison(
    question: Question, keys: Sequence[str], known: Days, pair: tuple[Period, Period]
) -> dict[str, Any]:
    now, before = (_numbers(question, period, keys, known) for period in pair)
    return {
        "current": {"period": period_of(pair[0]), "metrics": numbers(now)},
        "previous": {"period": period_of(pair[1]), "metrics": numbers(before)},
        "changes": {key: change(now[key], before[key]) for key in keys},
    }


def series(
    question: Question,
    keys: Sequence[str],
    interval: Interval,
    filters: Filters = (),
    compare: str = "",
) -> dict[str, Any]:
    """Each metric step by step; `previous` are the steps of the period compared with."""
    known = _known(question, filters, compare)
    told = {
        **about(question, known.coverage(question.period)),
        "interval": interval,
        "points": _points(question, question.period, keys, interval, filters, known),
    }
    if not compare:
        return told
    other = against(question.period, compare)
    return told | {
        "previous": {
            "period": period_of(other),
            "points": _points(question, other, keys, interval, filters, known),
        }
    }


def _points(
    question: Question,
    period: Period,
    keys: Sequence[str],
    interval: Interval,
    filters: Filters,
    known: Days,
) -> list[dict[str, Any]]:
    scope, site = question.scope, question.site
    found = [queries.series(scope, site, period, key, known, filters, interval) for key in keys]
    return [_step(keys, together) for together in zip(*found, strict=True)]


def _step(keys: Sequence[str], together: Sequence[Point]) -> dict[str, Any]:
    values = (number(point.value) for point in together)
    first = together[0]
    return {
        "at": first.at,
        "finished": first.finished,
        "metrics": dict(zip(keys, values, strict=True)),
    }


def breakdown(
    question: Question,
    dimension: str,
    keys: Sequence[str],
    *,
    order: str,
    search: str,
    page: int,
    size: int,
    filters: Filters = (),
) -> dict[str, Any]:
    """A page of a dimension's values, the largest by a measure first, with the count of all."""
    scope, site = question.scope, question.site
    found = queries.breakdown(
        scope, site, question.period, dimension, keys, limit=size, offset=(page - 1) * size,
        order=order, filters=filters, search=search, counted=True,
    )  # fmt: skip
    named = labels(scope, site, dimension, [row.value for row in found.rows])
    return {
        **about(question, found.coverage),
        "dimension": dimension,
        "order": order,
        "count": found.total,
        "page": page,
        "page_size": size,
        "more": found.more,
        "results": [
            {"value": row.value, "name": named[row.value].text, **numbers(row.numbers)}
            for row in found.rows
        ],
    }


def heat(question: Question, metric: str, filters: Filters = ()) -> dict[str, Any]:
    """The averages of the hours of the week on the site's clock; None where none was measured."""
    scope, site, period = question.scope, question.site, question.period
    known = queries.days(scope, site, period.first, period.last, filters)
    points = queries.series(scope, site, period, metric, known, filters, Interval.HOUR)
    found = heat_map.averages(points)
    return {
        **about(question, known.coverage(period)),
        "metric": metric,
        "hours": [
            {"weekday": day, "hour": hour, "average": found.get((day, hour))}
            for day in range(7)
            for hour in range(24)
        ],
    }


def now(scope: Scope, site: Site) -> dict[str, Any]:
    """Who is on the site: of the last five minutes, and by minute of the last half hour."""
    at = datetime.now(UTC)
    pages = queries.pages_now(scope, site, at, MINUTES, ROWS_NOW)
    sources = queries.sources_now(scope, site, at, MINUTES, ROWS_NOW)
    return {
        "site": site_of(site),
        "at": at,
        "visitors": queries.visitors_now(scope, site, at),
        "visitors_by_minute": queries.visitors_by_minute(scope, site, at, MINUTES),
        "pages": [{"value": value, "visitors": count} for value, count in pages],
        "sources": [{"value": value, "visitors": count} for value, count in sources],
    }


def outcomes(question: Question) -> dict[str, Any]:
    """What became of the events that arrived: every one of them ends in one of the reasons."""
    found = books(question.scope, question.site, question.period)
    return {
        "site": site_of(question.site),
        "period": period_of(question.period),
        "received": found.received,
        "outcomes": [
            {
                "reason": line.reason.code,
                "kind": line.reason.kind,
                "label": str(line.reason.label),
                "means": str(line.reason.means),
                "events": line.n,
            }
            for line in found.lines
        ],
    }


def catalogue() -> dict[str, Any]:
    """What can be asked: metrics, measures to order by, dimensions, periods, ways to filter."""
    return {
        "metrics": [
            {
                "key": metric.key,
                "label": str(metric.label),
                "unit": metric.unit,
                "help": str(metric.help),
                "good_when_up": metric.good_when_up,
                "orders": metric.key in MEASURES,
            }
            for metric in METRICS.values()
        ],
        "dimensions": [
            {"key": key, "label": str(BY_KEY[key].label)} for key in DIMENSIONS if key in BY_KEY
        ],
        "periods": [{"key": key, "label": str(label)} for key, label in PRESETS.items()],
        "intervals": list(Interval),
        "operators": list(Operator),
    }
