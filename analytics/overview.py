"""What the overview of a site shows: numbers, the chart, and its panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import names, queries
from analytics.figures import change_text, direction, figure
from analytics.metrics import METRICS, Number, Unit
from analytics.period import PRESETS, Interval, InvalidPeriod, Period, custom, preset
from analytics.queries import Days, Point

NUMBERS = (
    "visitors",
    "sessions",
    "page_views",
    "views_per_session",
    "bounce_rate",
    "session_seconds",
)
SHOWN_PRESETS = ("today", "yesterday", "7d", "30d", "month", "12mo")
ROWS = 8
POINT_LABELS = {
    Interval.HOUR: "H:i",
    Interval.DAY: "D j M",
    Interval.WEEK: "j M",
    Interval.MONTH: "M Y",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """A breakdown on the page; `tab` names it among the panel's dimensions."""

    key: str
    title: Promise
    tabs: dict[str, tuple[Promise, Promise]]  # dimension: (tab, first column)
    name: Callable[[str], str]


PANELS = (
    Panel(
        "pages",
        gettext_lazy("Pages"),
        {
            "page": (gettext_lazy("All"), gettext_lazy("Page")),
            "entry_page": (gettext_lazy("Entry"), gettext_lazy("Entry page")),
            "exit_page": (gettext_lazy("Exit"), gettext_lazy("Exit page")),
        },
        names.page,
    ),
    Panel(
        "sources",
        gettext_lazy("Sources"),
        {
            "source": (gettext_lazy("Sources"), gettext_lazy("Source")),
            "channel": (gettext_lazy("Channels"), gettext_lazy("Channel")),
            "campaign": (gettext_lazy("Campaigns"), gettext_lazy("Campaign")),
        },
        names.source,
    ),
    Panel(
        "countries",
        gettext_lazy("Countries"),
        {"country": (gettext_lazy("Countries"), gettext_lazy("Country"))},
        names.country,
    ),
    Panel(
        "devices",
        gettext_lazy("Devices"),
        {
            "device": (gettext_lazy("Devices"), gettext_lazy("Device")),
            "browser": (gettext_lazy("Browsers"), gettext_lazy("Browser")),
            "os": (gettext_lazy("Systems"), gettext_lazy("System")),
        },
        names.device,
    ),
)


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
    return Asked(period, metric if metric in NUMBERS else NUMBERS[0], tabs, error)


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
    return {**head(scope, site, ask, now), "panels": panels(scope, site, ask)}


def head(scope: Scope, site: Site, ask: Asked, now: datetime) -> dict[str, Any]:
    """The numbers and the chart: the part that is drawn anew while the day goes on."""
    period = ask.period
    known = queries.days(scope, site, period.previous().first, period.last)
    live = queries.visitors_now(scope, site, now)
    pair = compared(period)
    numbers = [_number(scope, site, ask, key, known, pair) for key in NUMBERS]
    points = queries.series(scope, site, period, ask.metric, known)
    before = queries.series(scope, site, period.previous(), ask.metric, known)
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
        "head_url": ask.url(part="head", version=version(scope, site, period, live)),
        # Before the first rebuild nothing is known: that is no empty period, and it changes soon.
        "empty": known.since is not None
        and not any(known.of_day(day)["events"] for day in period.dates),
        **_chart(site, ask, points, before),
    }


def version(scope: Scope, site: Site, period: Period, live: int) -> str:
    """What the page compares to know whether it is out of date."""
    return f"{queries.version(scope, site, period)}.{live}"


def _number(
    scope: Scope,
    site: Site,
    ask: Asked,
    key: str,
    known: Days,
    pair: tuple[Period, Period] | None,
) -> dict[str, Any]:
    metric = METRICS[key]
    value = queries.totals(scope, site, ask.period, [key], known)[key]
    now = before = None
    if pair:
        now, before = (queries.totals(scope, site, part, [key], known)[key] for part in pair)
    way = direction(now, before)
    good = None
    if way in ("up", "down") and metric.good_when_up is not None:
        good = (way == "up") == metric.good_when_up
    return {
        "key": key,
        "label": str(metric.label),
        "help": str(metric.help),
        "value": figure(value, metric.unit),
        "reason": _missing(ask.period, known) if value is None else "",
        "change": change_text(key, now, before),
        "direction": way,
        "good": good,
        "note": "",
        "current": key == ask.metric,
        "url": ask.url(metric=key),
    }


def _any_change(numbers: list[dict[str, Any]]) -> bool:
    return any(number["change"] for number in numbers)


def _missing(period: Period, known: Days) -> str:
    if known.since is None:
        return _("Being counted")
    if period.last < known.since:
        return _("Counted since %(day)s") % {"day": date_format(known.since, "j F Y")}
    return _("No visits in this period")


def _chart(site: Site, ask: Asked, points: list[Point], before: list[Point]) -> dict[str, Any]:
    metric = METRICS[ask.metric]
    interval = ask.period.interval
    labels = [date_format(point.at, POINT_LABELS[interval]) for point in points]
    values = [point.value for point in points]
    earlier = [point.value for point in before][: len(points)]
    earlier += [None] * (len(points) - len(earlier))
    has_earlier = any(value is not None for value in earlier)
    chart = {
        "label": str(metric.label),
        "unit": "count" if metric.unit is Unit.PER else metric.unit.value,
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
            "current": figure(value, metric.unit),
            "previous": figure(then, metric.unit),
        }
        for label, value, then in zip(labels, values, earlier, strict=True)
    ]
    return {"chart": chart, "chart_rows": rows}


def panels(scope: Scope, site: Site, ask: Asked) -> list[dict[str, Any]]:
    """The breakdowns, each with its tabs."""
    return [_panel(scope, site, ask, panel) for panel in PANELS]


def _panel(scope: Scope, site: Site, ask: Asked, panel: Panel) -> dict[str, Any]:
    dimension = ask.tabs.get(panel.key, next(iter(panel.tabs)))
    found = queries.breakdown(
        scope, site, ask.period, dimension, ["visitors", "page_views"], limit=ROWS
    )
    largest = max((row.numbers["visitors"] or 0 for row in found.rows), default=0)
    tabs = [
        {"label": str(label), "url": ask.url(**{panel.key: name}), "current": name == dimension}
        for name, (label, _column) in panel.tabs.items()
    ]
    return {
        "key": panel.key,
        "title": str(panel.title),
        "label": str(panel.tabs[dimension][1]),
        "rows": [_row(panel, dimension, row, largest) for row in found.rows],
        "empty": _("Nothing was counted here in this period."),
        "more_url": "",
        "tabs": tabs if len(tabs) > 1 else [],
    }


def _row(panel: Panel, dimension: str, row: queries.Row, largest: Number) -> dict[str, Any]:
    visitors, views = row.numbers["visitors"], row.numbers["page_views"]
    name = names.channel if dimension == "channel" else panel.name
    if dimension == "campaign":
        name = names.campaign
    return {
        "label": name(row.value),
        "value": row.value,
        "count": figure(visitors, Unit.COUNT),
        "views": figure(views, Unit.COUNT),
        "share": 100 * (visitors or 0) / largest if largest else 0.0,
        "url": "",
        "note": "",
    }
