"""Charts in the shapes that `linkpro/static/linkpro/charts.js` draws, and the same as a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format

from accounts import dates
from accounts.models import Site
from analytics.answers import Point
from analytics.asked import Asked
from analytics.figures import figure, label_of
from analytics.metrics import METRICS, Number, Unit
from analytics.period import Interval, Period

POINT_LABELS: dict[Interval, Callable[[Any], str]] = {
    Interval.HOUR: lambda at: date_format(at, "H:i"),
    Interval.DAY: dates.weekday,
    Interval.WEEK: dates.short_day,
    Interval.MONTH: lambda at: date_format(at, "M Y"),
}


def chart(site: Site, ask: Asked, points: list[Point], before: list[Point]) -> dict[str, Any]:
    """The chart of the address's metric, and its rows; each point leads to its visits."""
    metric, interval = METRICS[ask.metric], ask.period.interval
    labels = [POINT_LABELS[interval](point.at) for point in points]
    values = [_drawn(point.value) for point in points]
    earlier = [_drawn(point.value) for point in before][: len(points)]
    earlier += [None] * (len(points) - len(earlier))
    has_earlier = any(value is not None for value in earlier)
    urls = [_visits(ask, number, point) for number, point in enumerate(points)]
    drawn = {
        "label": label_of(metric, site.currency),
        "unit": "count" if metric.unit is Unit.PER else metric.unit.value,
        "currency": site.currency,
        "interval": interval.value,
        "labels": labels,
        "current": values,
        "previous": earlier if has_earlier else None,
        "previous_label": ask.against.label if ask.against else "",
        "unfinished": any(not point.finished and point.value is not None for point in points),
        "urls": urls,
    }
    rows = [
        {
            "label": label,
            "current": figure(value, metric.unit, site.currency),
            "previous": figure(then, metric.unit, site.currency),
            "url": url,
        }
        for label, value, then, url in zip(labels, values, earlier, urls, strict=True)
    ]
    return {"chart": drawn, "chart_rows": rows}


def _visits(ask: Asked, number: int, point: Point) -> str:
    """The visits of a point's hour, day, week or month; none where nothing is known."""
    if point.value is None:
        return ""
    interval, period = ask.period.interval, ask.period
    if interval == Interval.HOUR:
        day = str(period.first)
        return ask.to("visits", changes={"first": day, "last": day, "hour": str(number)})
    part = _part(period, interval, point.at)
    return ask.to("visits", changes={"first": str(part.first), "last": str(part.last)})


def _part(period: Period, interval: Interval, at: date | datetime) -> Period:
    first = at.date() if isinstance(at, datetime) else at
    if interval == Interval.DAY:
        return Period(first, first, period.today)
    rest = Period(first, period.last, period.today)
    return rest.parts(interval)[0]


def _drawn(value: Number | None) -> float | None:
    """A number as a place in a chart, where cents of a cent do not show."""
    return float(value) if isinstance(value, Decimal) else value
