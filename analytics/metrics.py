"""Every number that LinkPro can say, once: its name, its unit, and how it comes from the counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The counts that a row of daily statistics holds and that may be summed over days.
MEASURES = (
    "visitors",
    "sessions",
    "page_views",
    "events",
    "clicks",
    "clickers",
    "conversions",
    "bounces",
    "duration_seconds",
    "revenue",
)
Number = int | float | Decimal
Sums = Mapping[str, int | Decimal | None]


class Unit(StrEnum):
    """What a number counts in."""

    COUNT = "count"
    RATE = "rate"  # from 0 to 1
    SECONDS = "seconds"
    PER = "per"  # so many of one for each of another
    MONEY = "money"  # in the site's currency


@dataclass(frozen=True, slots=True)
class Metric:
    """One number: `of` makes it from sums, None where it cannot be told."""

    key: str
    label: Promise
    unit: Unit
    of: Callable[[Sums], Number | None]
    help: Promise
    good_when_up: bool | None = True


def _sum(measure: str) -> Callable[[Sums], Number | None]:
    return lambda sums: sums[measure]


def _ratio(part: str, whole: str) -> Callable[[Sums], Number | None]:
    """part / whole; None where either was not counted or the whole is nothing."""

    def of(sums: Sums) -> Number | None:
        over, under = sums[part], sums[whole]
        return None if over is None or not under else over / under

    return of


_CATALOGUE = (
    Metric(
        "visitors",
        _("Visitors"),
        Unit.COUNT,
        _sum("visitors"),
        _(
            "People who came on a day, each counted once that day. Over several days this is the"
            " sum of the days: nobody is recognised from one day to the next."
        ),
    ),
    Metric(
        "sessions",
        _("Visits"),
        Unit.COUNT,
        _sum("sessions"),
        _("Series of events of one visitor without a break of more than 30 minutes."),
    ),
    Metric(
        "page_views", _("Page views"), Unit.COUNT, _sum("page_views"), _("Pages that were opened.")
    ),
    Metric(
        "views_per_session",
        _("Views per visit"),
        Unit.PER,
        _ratio("page_views", "sessions"),
        _("Page views divided by visits."),
    ),
    Metric(
        "bounce_rate",
        _("Bounce rate"),
        Unit.RATE,
        _ratio("bounces", "sessions"),
        _("The part of the visits that saw one page and did nothing else."),
        good_when_up=False,
    ),
    Metric(
        "session_seconds",
        _("Visit duration"),
        Unit.SECONDS,
        _ratio("duration_seconds", "sessions"),
        _("Average time from the first to the last event of a visit; a bounce lasts 0 seconds."),
    ),
    Metric(
        "events",
        _("Events"),
        Unit.COUNT,
        _sum("events"),
        _("Everything that was recorded: page views, clicks, conversions and events of your own."),
    ),
    Metric("clicks", _("Clicks"), Unit.COUNT, _sum("clicks"), _("Links that were followed.")),
    Metric(
        "click_rate",
        _("Click rate"),
        Unit.RATE,
        _ratio("clicks", "page_views"),
        _("Clicks divided by page views. More than one link may be followed from one view."),
    ),
    Metric(
        "clickers",
        _("Visitors who clicked"),
        Unit.COUNT,
        _sum("clickers"),
        _("Visitors with at least one click, summed over the days."),
    ),
    Metric(
        "conversions",
        _("Conversions"),
        Unit.COUNT,
        _sum("conversions"),
        _("Events of the category “conversion”."),
    ),
    Metric(
        "conversion_rate",
        _("Conversion rate"),
        Unit.RATE,
        _ratio("conversions", "visitors"),
        _("Conversions divided by visitors."),
    ),
    Metric(
        "revenue",
        _("Revenue"),
        Unit.MONEY,
        _sum("revenue"),
        _("The values of events in the site's currency. Other currencies are not converted."),
    ),
    Metric(
        "revenue_per_visitor",
        _("Revenue per visitor"),
        Unit.MONEY,
        _ratio("revenue", "visitors"),
        _("Revenue in the site's currency divided by visitors."),
    ),
)
METRICS = {metric.key: metric for metric in _CATALOGUE}
