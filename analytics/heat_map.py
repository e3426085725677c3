"""The hours of the week on the site's clock, each as the average of the hours that it was.

An hour that is skipped in spring is no hour of that day, and one that comes twice in autumn counts
as two: both averages stay what people saw. Hours that are not over are left out.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import number_format

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import queries
from analytics.answers import Days, Point
from analytics.asked import Asked
from analytics.metrics import METRICS
from analytics.period import Interval

METRICS_OF_HOURS = ("visitors", "page_views", "clicks")
CLASSES = 5
Averages = dict[tuple[int, int], float]


def averages(points: list[Point]) -> Averages:
    """The average of the finished, known hours by (weekday from 0 for Monday, hour)."""
    found: dict[tuple[int, int], list[float]] = defaultdict(list)
    for point in points:
        assert isinstance(point.at, datetime)
        if point.finished and point.value is not None:
            found[point.at.weekday(), point.at.hour].append(float(point.value))
    return {key: sum(values) / len(values) for key, values in found.items()}


def table(
    scope: Scope, site: Site, ask: Asked, metric: str, known: Days | None = None
) -> dict[str, Any]:
    """What `templates/analytics/_heat_map.html` draws: a row an hour, a column a weekday."""
    points = queries.series(
        scope, site, ask.period, metric, known, ask.filters, interval=Interval.HOUR
    )
    found = averages(points)
    top = max(found.values(), default=0.0)
    rows = [
        {
            "label": f"{hour:02}:00",
            "cells": [_cell(found.get((weekday, hour)), top) for weekday in range(7)],
        }
        for hour in range(24)
    ]
    busiest = max(found, key=lambda key: found[key], default=None) if top else None
    return {
        "label": str(METRICS[metric].label),
        "days": [
            {"short": str(WEEKDAYS_ABBR[day]), "long": str(WEEKDAYS[day])} for day in range(7)
        ],
        "rows": rows,
        "any": bool(top),
        "busiest": busiest
        and {
            "day": str(WEEKDAYS[busiest[0]]),
            "hour": f"{busiest[1]:02}:00",
            "value": _written(found[busiest]),
        },
        "zone": site.time_zone,
    }


def _cell(value: float | None, top: float) -> dict[str, Any]:
    if value is None:
        return {"text": "", "class": 0}
    return {"text": _written(value), "class": heat(value, top)}


def heat(value: float, top: float) -> int:
    """From 1 to 5 by its part of the largest; 0 for nothing."""
    return min(CLASSES, 1 + int(CLASSES * value / top)) if value > 0 else 0


def _written(value: float) -> str:
    """With a decimal while it is small."""
    return number_format(round(value, 1), 1) if 0 < value < 10 else number_format(round(value), 0)
