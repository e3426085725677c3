"""What the overview of a site shows: numbers, the chart, and its panels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import queries
from analytics.answers import Coverage, Days, Point
from analytics.figures import change_text, direction, figure, label_of
from analytics.metrics import METRICS, Number, Unit
from analytics.panels import PANELS, panels
from analytics.period import PRESETS, Interval, InvalidPeriod, Period, custom, preset

NUMBERS = (
    "visitors",
    "sessions",
    "page_views",
    "views_per_session",
    "bounce_rate",
    "session_seconds",
)
# Shown where there is any, and offered as a chart then.
MONEY = "revenue"
SHOWN_PRESETS = ("today", "yesterday", "7d", "30d", "month", "12mo")
POINT_LABELS = {
    Interval.HOUR: "H:i",
    Interval.DAY: "D j M",
    Interval.WEEK: "j M",
    Interval.MONTH: "M Y",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page asks for."""

    period: Period
    metric: str
    tabs: dict[str, str]
    error: str = ""

    def url(self, **changes: str) -> str:
        """The page's query with some of it changed."""
        query: dict[str, str] = {"period": self.period.slug}
        if self.period.slug == "custom":
            query = {"first": str(self.period.first), "last": str(self.period.last)}
        if self.metric != NUMBERS[0]:
            query["metric"] = self.metric
        query |= self.tabs
        if "period" in changes:
            query.pop("first", None)
            query.pop("last", None)
        return "?" + urlencode(query | changes)


def asked(query: dict[str, str], now: datetime, site: Site) -> Asked:
    """Read the address; what makes no sense falls back to the default and is said."""
    period, error = preset(query.get("period", ""), now, site.clock), ""
    if "first" in query or "last" in query:
        try:
            period = custom(query.get("first", ""), query.get("last", ""), now, site.clock)
        except InvalidPeriod as problem:
            error = str(problem)
    metric = query.get("metric", "")
    tabs = {panel.key: query[panel.key] for panel in PANELS if query.get(panel.key) in panel.tabs}
    return Asked(period, metric if metric in (*NUMBERS, MONEY) else NUMBERS[0], tabs, error)


def compared(period: Period) -> tuple[Period, Period] | None:
    """The finished days of a period, and as many of the days before it; None for today."""
    finished = period.finished()
    if finished is None:
        return None
    before = period.previous()
    if not period.unfinished:
        return period, before
    last = min(before.last, before.first + timedelta(days=finished.days - 1))
    return finished, Period(before.first, last, period.today)


def context(scope: Scope, site: Site, ask: Asked, now: datetime) -> dict[str, Any]:
    """Everything that `templates/analytics/_report.html` draws."""
    known = _days(scope, site, ask.period)
    return {
        **head(scope, site, ask, now, known),
        "panels": panels(scope, site, ask.period, ask.tabs, ask.url, known),
    }


def _days(scope: Scope, site: Site, period: Period) -> Days:
    """All that the page needs to know of days: those of the period and of the one before."""
    return queries.days(scope, site, period.previous().first, period.last)


def _span(period: Period) -> Period:
    return Period(period.previous().first, period.last, period.today)


def head(
    scope: Scope, site: Site, ask: Asked, now: datetime, known: Days | None = None
) -> dict[str, Any]:
    """The numbers and the chart: the part that is drawn anew while the day goes on."""
    period = ask.period
    known = known or _days(scope, site, period)
    live = queries.visitors_now(scope, site, now)
    pair = compared(period)
    numbers = [_number(scope, site, ask, key, known, pair) for key in _shown(ask, known)]
    points = queries.series(scope, site, period, ask.metric, known)
    before = queries.series(
        scope, site, period.previous(), ask.metric, known, interval=period.interval
    )
    return {
        "period": {
            "slug": period.slug,
            "label": str(PRESETS.get(period.slug, period.label)),
            "first": period.first,
            "last": period.last,
            "unfinished": period.unfinished,
        },
        "periods": [
            {
                "slug": slug,
                "label": str(PRESETS[slug]),
                "url": ask.url(period=slug),
                "current": slug == period.slug,
            }
            for slug in SHOWN_PRESETS
        ],
        "period_form": {"first": period.first, "last": period.last, "error": ask.error},
        "compared_with": pair[1].label if pair and _any_change(numbers) else None,
        "numbers": numbers,
        "live": live,
        "counting": known.counting(period),
        "notes": _notes(period, known.coverage(period)),
        "head_url": ask.url(part="head", version=f"{known.version(_span(period))}.{live}"),
        "empty": _is_empty(period, known),
        **_chart(site, ask, points, before),
    }


def version(scope: Scope, site: Site, period: Period, live: int) -> str:
    """What the page compares to know whether it is out of date."""
    return f"{queries.version(scope, site, _span(period))}.{live}"


def _is_empty(period: Period, known: Days) -> bool:
    """Whether nobody came. Before the first rebuild nothing is known: that changes soon."""
    if known.began is None or known.counting(period):
        return False
    days = [known.of_day(day) for day in period.dates]
    return not any(day["events"] or day["visitors"] or day["page_views"] for day in days)


def _shown(ask: Asked, known: Days) -> list[str]:
    """The numbers of the page; money only where there is some."""
    any_money = any(known.of_day(day)[MONEY] for day in ask.period.dates)
    return [*NUMBERS, MONEY] if any_money or ask.metric == MONEY else [*NUMBERS]


def _notes(period: Period, coverage: Coverage) -> list[str]:
    """What to know of the numbers besides their dates, in words."""
    notes = []
    if coverage.sources:
        told = {"tools": ", ".join(coverage.sources)}
        if coverage.live is not None and coverage.live <= period.last:
            told["day"] = date_format(coverage.live, "j F Y")
            notes.append(_("before %(day)s from %(tools)s") % told)
        else:
            notes.append(_("from %(tools)s") % told)
    if coverage.since is not None and coverage.since > period.first:
        notes.append(_("known from %(day)s on") % {"day": date_format(coverage.since, "j F Y")})
    if coverage.gaps:
        notes.append(
            ngettext("%(n)s day is not known", "%(n)s days are not known", coverage.gaps)
            % {"n": coverage.gaps}
        )
    return notes


def _number(
    scope: Scope,
    site: Site,
    ask: Asked,
    key: str,
    known: Days,
    pair: tuple[Period, Period] | None,
) -> dict[str, Any]:
    metric = METRICS[key]
    value = queries.totals(scope, site, ask.period, [key], known).numbers[key]
    now = before = None
    if pair:
        now, before = (
            queries.totals(scope, site, part, [key], known).numbers[key] for part in pair
        )
    change = change_text(key, now, before)
    # What is too small to be said goes nowhere.
    way = "flat" if change and change[0].isdigit() else direction(now, before)
    good = None
    if way in ("up", "down") and metric.good_when_up is not None:
        good = (way == "up") == metric.good_when_up
    return {
        "key": key,
        "label": label_of(metric, site.currency),
        "help": str(metric.help),
        "value": figure(value, metric.unit, site.currency),
        "reason": _missing(ask.period, known) if value is None else "",
        "change": change,
        "direction": way,
        "good": good,
        "note": "",
        "current": key == ask.metric,
        "url": ask.url(metric=key),
    }


def _any_change(numbers: list[dict[str, Any]]) -> bool:
    return any(number["change"] for number in numbers)


def _missing(period: Period, known: Days) -> str:
    if known.began is None:
        return _("Being counted")
    if period.last < known.began:
        return _("Counted since %(day)s") % {"day": date_format(known.began, "j F Y")}
    if any(known.of_day(day)["visitors"] for day in period.dates):
        return _("Not known of all these days")
    return _("No visits in this period")


def _chart(site: Site, ask: Asked, points: list[Point], before: list[Point]) -> dict[str, Any]:
    metric = METRICS[ask.metric]
    interval = ask.period.interval
    labels = [date_format(point.at, POINT_LABELS[interval]) for point in points]
    values = [_drawn(point.value) for point in points]
    earlier = [_drawn(point.value) for point in before][: len(points)]
    earlier += [None] * (len(points) - len(earlier))
    has_earlier = any(value is not None for value in earlier)
    chart = {
        "label": label_of(metric, site.currency),
        "unit": "count" if metric.unit in (Unit.PER, Unit.MONEY) else metric.unit.value,
        "interval": interval.value,
        "labels": labels,
        "current": values,
        "previous": earlier if has_earlier else None,
        "previous_label": ask.period.previous().label,
        "unfinished": any(not point.finished and point.value is not None for point in points),
    }
    rows = [
        {
            "label": label,
            "current": figure(value, metric.unit, site.currency),
            "previous": figure(then, metric.unit, site.currency),
        }
        for label, value, then in zip(labels, values, earlier, strict=True)
    ]
    return {"chart": chart, "chart_rows": rows}


def _drawn(value: Number | None) -> float | None:
    """A number as a place in a chart, where cents of a cent do not show."""
    return float(value) if isinstance(value, Decimal) else value
