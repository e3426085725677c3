"""What the overview of a site shows: numbers, the chart, and its panels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.dates import day as written_day
from accounts.models import Site
from accounts.tenancy import Scope
from analytics import heat_map, queries
from analytics.answers import Coverage, Days
from analytics.asked import Asked, asked, pair
from analytics.charts import chart
from analytics.controls import controls, dates
from analytics.figures import change_text, direction, figure, label_of
from analytics.metrics import METRICS
from analytics.panels import panels, panels_of
from analytics.period import Period

OF_WEB = (
    "visitors",
    "sessions",
    "page_views",
    "views_per_session",
    "bounce_rate",
    "session_seconds",
)
OF_KIND = {Site.Kind.BIO: ("page_views", "visitors", "clicks", "click_rate", "clickers")}
# Shown where there is any, and offered as a chart then.
WHERE_ANY = ("conversions", "revenue")


def numbers_of_kind(site: Site) -> tuple[str, ...]:
    """The metrics that the overview of such a site begins with."""
    return OF_KIND.get(Site.Kind(site.kind), OF_WEB)


def read(query: QueryDict, now: datetime, site: Site) -> Asked:
    """What the address of the overview asks for."""
    own = {panel.key: panel.tabs for panel in panels_of(site)}
    return asked(query, now, site, metrics=(*numbers_of_kind(site), *WHERE_ANY), own=own)


def context(scope: Scope, site: Site, ask: Asked) -> dict[str, Any]:
    """Everything that `templates/analytics/_overview_report.html` draws."""
    known, before = _days(scope, site, ask)
    shown = {
        **controls(scope, site, ask),
        **head(scope, site, ask, known, before),
        "panels": panels(scope, site, ask, known),
    }
    if site.kind == Site.Kind.BIO:
        shown["heat"] = heat_map.table(scope, site, ask, "clicks", known)
    return shown


def _days(scope: Scope, site: Site, ask: Asked) -> tuple[Days, Days]:
    """The days of the period, and those that it is compared with.

    Both at once where they follow each other. Filters are answered from raw events: then the days
    between two distant periods are not read for nothing.
    """
    period, against = ask.period, ask.against
    if against is None:
        known = queries.days(scope, site, period.first, period.last, ask.filters)
        return known, known
    far = (period.first - against.last).days > 1 or against.first > period.last
    if ask.filters and far:
        known = queries.days(scope, site, period.first, period.last, ask.filters)
        return known, queries.days(scope, site, against.first, against.last, ask.filters)
    both = span(ask)
    known = queries.days(scope, site, both.first, both.last, ask.filters)
    return known, known


def span(ask: Asked) -> Period:
    """All days that the page rests on."""
    periods = [ask.period, *([ask.against] if ask.against else [])]
    first, last = min(each.first for each in periods), max(each.last for each in periods)
    return Period(first, last, ask.period.today)


def head(
    scope: Scope,
    site: Site,
    ask: Asked,
    known: Days | None = None,
    before: Days | None = None,
) -> dict[str, Any]:
    """The numbers and the chart: the part that is drawn anew while the day goes on."""
    period = ask.period
    if known is None or before is None:
        known, before = _days(scope, site, ask)
    numbers = [_number(scope, site, ask, key, known, before) for key in _shown(site, ask, known)]
    points = queries.series(scope, site, period, ask.metric, known, ask.filters)
    earlier = (
        queries.series(
            scope, site, ask.against, ask.metric, before, ask.filters, interval=period.interval
        )
        if ask.against
        else []
    )
    compared = pair(ask)
    changed = any(number["change"] for number in numbers)
    return {
        "period": dates(ask),
        "compared_with": compared[1].label if compared and changed else None,
        "numbers": numbers,
        "counting": known.counting(period),
        "notes": notes(ask, known.coverage(period)),
        "live_url": ask.to("live"),
        "head_url": ask.url({"part": "head", "version": known.version(span(ask))}),
        "empty": _is_empty(period, known),
        **chart(site, ask, points, earlier),
    }


def version(scope: Scope, site: Site, ask: Asked) -> str:
    """What the page compares to know whether it is out of date."""
    return queries.version(scope, site, span(ask))


def _is_empty(period: Period, known: Days) -> bool:
    """Whether nobody came. Before the first rebuild nothing is known: that changes soon."""
    if known.began is None or known.counting(period):
        return False
    days = [known.of_day(day) for day in period.dates]
    return not any(day["events"] or day["visitors"] or day["page_views"] for day in days)


def _shown(site: Site, ask: Asked, known: Days) -> list[str]:
    """The numbers of the page; conversions and money only where there are some."""
    some = [
        key
        for key in WHERE_ANY
        if key == ask.metric or any(known.of_day(day)[key] for day in ask.period.dates)
    ]
    return [*numbers_of_kind(site), *some]


def notes(ask: Asked, coverage: Coverage) -> list[str]:
    """What to know of the numbers besides their dates, in words."""
    found = []
    if coverage.sources:
        told = {"tools": ", ".join(coverage.sources)}
        if coverage.live is not None and coverage.live <= ask.period.last:
            told["day"] = written_day(coverage.live)
            found.append(_("before %(day)s from %(tools)s") % told)
        else:
            found.append(_("from %(tools)s") % told)
    if coverage.since is not None and coverage.since > ask.period.first:
        since = {"day": written_day(coverage.since)}
        text = _("filters are known from %(day)s on") if ask.filters else _("known from %(day)s on")
        found.append(text % since)
    if coverage.gaps:
        found.append(
            ngettext("%(n)s day is not known", "%(n)s days are not known", coverage.gaps)
            % {"n": coverage.gaps}
        )
    compared = pair(ask)
    if compared and compared[0].days != compared[1].days:
        found.append(
            _("%(now)s days against %(then)s") % {"now": compared[0].days, "then": compared[1].days}
        )
    return found


def _number(
    scope: Scope, site: Site, ask: Asked, key: str, known: Days, earlier: Days
) -> dict[str, Any]:
    metric = METRICS[key]
    value = queries.totals(scope, site, ask.period, [key], known).numbers[key]
    now = before = None
    if compared := pair(ask):
        now, before = (
            queries.totals(scope, site, part, [key], days).numbers[key]
            for part, days in zip(compared, (known, earlier), strict=True)
        )
    return {
        "key": key,
        "label": label_of(metric, site.currency),
        "help": str(metric.help),
        "value": figure(value, metric.unit, site.currency),
        "reason": _missing(ask, known) if value is None else "",
        "note": "",
        "current": key == ask.metric,
        "url": ask.url({"metric": key if key != ask.default_metric else ""}),
        **changed(key, now, before),
    }


def changed(key: str, now: Any, before: Any) -> dict[str, Any]:
    """How a metric differs: `change` in words, its `direction`, and whether that is `good`."""
    change = change_text(key, now, before)
    # What is too small to be said goes nowhere.
    way = "flat" if change and change[0].isdigit() else direction(now, before)
    good, good_when_up = None, METRICS[key].good_when_up
    if way in ("up", "down") and good_when_up is not None:
        good = (way == "up") == good_when_up
    return {"change": change, "direction": way, "good": good}


def _missing(ask: Asked, known: Days) -> str:
    if known.began is None:
        return _("Being counted")
    if ask.period.last < known.began:
        return _("Counted since %(day)s") % {"day": written_day(known.began)}
    if any(known.of_day(day)["visitors"] for day in ask.period.dates):
        return _("Not known of all these days")
    return _("No visits in this period")
