"""What a question over the API asks for: which site, which days, which part, which numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.api import Refused, whole_number
from accounts.models import Site
from accounts.permissions import scope_of
from accounts.tenancy import Scope
from analytics import segments
from analytics.metrics import METRICS
from analytics.period import (
    LONGEST_DAYS,
    PRESETS,
    Interval,
    InvalidPeriod,
    Period,
    custom,
    preset,
)
from analytics.segments import Filter, InvalidFilter

MOST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks about which days of which site."""

    scope: Scope
    site: Site
    period: Period


def find_site(scope: Scope, name: str) -> Site:
    """The site with this key or id; one that the scope does not see does not exist (`Http404`)."""
    named = Q(key=name)
    if name.isascii() and name.isdigit() and len(name) <= 10 and int(name) <= MOST_ID:
        named |= Q(pk=int(name))
    site = Site.objects.visible_to(scope).filter(named).order_by("pk").first()
    if site is None:
        raise Http404
    return site


def default_site(scope: Scope) -> Site:
    """The site of a question that names none: the first web site there is, or the first of all.

    A token for one site sees no other one. Raises `Http404` where there is none.
    """
    sites = list(Site.objects.visible_to(scope).order_by("pk")[:100])
    found = next((site for site in sites if site.kind == Site.Kind.WEB), None)
    if found is None and not sites:
        raise Http404
    return found or sites[0]


def site_asked(request: Request, name: str = "") -> Site:
    """The site that the path or `?site=` names, else the default one. Raises `Http404`."""
    scope, name = scope_of(request), name or request.query_params.get("site", "")
    return find_site(scope, name) if name else default_site(scope)


def period_asked(request: Request, site: Site, days: int = 30) -> Period:
    """`days=`, `period=` or `first=` and `last=`; without any the last `days` days.

    An empty one is none, as a form sends what was not filled in.
    Raises `Refused` with `period_invalid`, and `ValidationError` for `days` that are no number.
    """
    query = {name: str(text) for name, text in request.query_params.items() if text}
    now = timezone.now()
    by_dates = "first" in query or "last" in query
    if by_dates + ("period" in query) + ("days" in query) > 1:
        told = _("Ask by “days”, by “period” or by “first” and “last”, one of the three.")
        raise Refused("period_invalid", told)
    if by_dates:
        try:
            return custom(query.get("first", ""), query.get("last", ""), now, site.clock)
        except InvalidPeriod as error:
            raise Refused("period_invalid", str(error)) from error
    if "period" in query:
        if query["period"] not in PRESETS:
            told = _("Choose a period: %(choices)s.") % {"choices": ", ".join(PRESETS)}
            raise Refused("period_invalid", told)
        return preset(query["period"], now, site.clock)
    return last_days(whole_number(request, "days", days, 1, LONGEST_DAYS), site)


def last_days(days: int, site: Site) -> Period:
    """The last days of a site up to its today."""
    today = site.clock.date_of(timezone.now())
    slug = f"{days}d" if f"{days}d" in PRESETS else "custom"
    return Period(today - timedelta(days=days - 1), today, today, slug)


def asked(request: Request, name: str = "", days: int = 30) -> Question:
    """Who asks about which days of which site. Raises as the functions above."""
    site = site_asked(request, name)
    return Question(scope_of(request), site, period_asked(request, site, days))


def filters_asked(request: Request) -> tuple[Filter, ...]:
    """Every `filter=country:is:FR`. Raises `Refused` with `filter_invalid`."""
    try:
        return segments.read(list(filter(None, request.query_params.getlist("filter"))))
    except InvalidFilter as error:
        raise Refused("filter_invalid", str(error)) from error


def metrics_asked(request: Request, default: Iterable[str] = METRICS) -> list[str]:
    """`metrics=visitors,page_views`. Raises `Refused` with `metric_unknown`."""
    keys = [key for key in request.query_params.get("metrics", "").split(",") if key]
    return [known_metric(key) for key in dict.fromkeys(keys)] or list(default)


def known_metric(key: str) -> str:
    """The key, where the catalogue has it. Raises `Refused` with `metric_unknown`."""
    if key not in METRICS:
        told = _("There is no metric “%(key)s”; see /api/v1/metrics-catalogue.") % {"key": key[:64]}
        raise Refused("metric_unknown", told)
    return key


def interval_asked(request: Request, period: Period) -> Interval:
    """`interval=day`, else the period's own. Raises `Refused` with `interval_invalid`."""
    text = request.query_params.get("interval", "")
    if not text:
        return period.interval
    allowed: Sequence[str] = list(Interval)
    if text not in allowed:
        told = _("Choose an interval: %(choices)s.") % {"choices": ", ".join(allowed)}
        raise Refused("interval_invalid", told)
    if text == Interval.HOUR and period.days > MOST_DAYS_BY_HOUR:
        told = _("By the hour ask for at most %(days)d days.") % {"days": MOST_DAYS_BY_HOUR}
        raise Refused("interval_invalid", told)
    return Interval(text)


MOST_DAYS_BY_HOUR = 93


def flag_asked(request: Request, name: str) -> bool:
    """Whether a parameter of the address says yes."""
    return request.query_params.get(name, "").lower() in ("1", "true", "yes", "on")
