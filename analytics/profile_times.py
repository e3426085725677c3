"""When people come to a link profile: by hour, weekday, day and week, and the best of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from analytics import queries
from analytics.metrics import Number
from analytics.period import Interval
from analytics.profile_stats import Subject, basic, daily
from analytics.telling import percent

# With fewer views than this a best hour is chance.
SMALL_SAMPLE = 100
Hours = dict[datetime, dict[str, Number]]
KEYS = ("page_views", "clicks", "visitors")


def times(subject: Subject) -> dict[str, Any]:
    """When the profile was looked at, on the clock of its site."""
    totals = subject.totals(subject.question.period)
    hours = _hours(subject)
    by_hour = [_slot({"hour": hour}, _at(hours, hour=hour)) for hour in range(24)]
    by_weekday = [
        _slot({"weekday": day, "name": str(WEEKDAYS[day])}, _at(hours, weekday=day))
        for day in range(7)
    ]
    small = (totals["page_views"] or 0) < SMALL_SAMPLE
    note = _("Fewer than %(n)d views: the best hour and day may be chance.") % {"n": SMALL_SAMPLE}
    return {
        **subject.about(),
        "by_hour": by_hour,
        "by_weekday": by_weekday,
        "by_day": daily(subject),
        "by_week": _weeks(subject),
        "best_hour": _best(by_hour),
        "best_day": _best(by_weekday),
        "sample": {
            "views": totals["page_views"],
            "clicks": totals["clicks"],
            "small": small,
            "note": note if small else None,
        },
    }


def _hours(subject: Subject) -> Hours:
    """The measured hours of the period on the site's clock, with what was counted in each."""
    asked, found = subject.question, defaultdict[datetime, dict[str, Number]](dict)
    for key in KEYS:
        points = queries.series(
            asked.scope, asked.site, asked.period, key, subject.known, interval=Interval.HOUR
        )
        for point in points:
            if point.value is not None and isinstance(point.at, datetime):
                found[point.at][key] = point.value
    return found


def _at(hours: Hours, hour: int | None = None, weekday: int | None = None) -> Hours:
    return {
        at: counts
        for at, counts in hours.items()
        if (hour is None or at.hour == hour) and (weekday is None or at.weekday() == weekday)
    }


def _slot(names: dict[str, Any], hours: Hours) -> dict[str, Any]:
    """The sums of some hours, and their average by day, since a weekday may come once more."""
    if not hours:
        empty = ("views", "clicks", "visitors", "ctr", "views_per_day", "clicks_per_day")
        return {**names, "days": 0, **dict.fromkeys(empty)}
    sums = {key: _sum(counts.get(key, 0) for counts in hours.values()) for key in KEYS}
    days = len({at.date() for at in hours})
    views, clicks = sums["page_views"], sums["clicks"]
    return {
        **names,
        "days": days,
        "views": views,
        "clicks": clicks,
        "visitors": sums["visitors"],
        "ctr": percent(float(clicks) / float(views), 2) if views else None,
        "views_per_day": round(float(views) / days, 2),
        "clicks_per_day": round(float(clicks) / days, 2),
    }


def _sum(values: Iterable[Number]) -> Number:
    return sum(values)


def _best(slots: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The slot with the most clicks a day, or with the most views where nobody clicked."""
    seen = [slot for slot in slots if slot["views"] or slot["clicks"]]
    return max(seen, key=lambda slot: (slot["clicks_per_day"], slot["views_per_day"]), default=None)


def _weeks(subject: Subject) -> list[dict[str, Any]]:
    """The calendar weeks (from Monday), cut at the period's own ends."""
    return [
        {"first": part.first, "last": part.last, **_week(part.first), **basic(subject.totals(part))}
        for part in subject.question.period.parts(Interval.WEEK)
    ]


def _week(day: date) -> dict[str, str]:
    year, week, _weekday = day.isocalendar()
    return {"week": f"{year}-W{week:02}"}
