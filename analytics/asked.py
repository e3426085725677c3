"""What the address of a page of numbers asks for: its days, what they are compared with, filters.

An address is read leniently (what makes no sense is said and left out) and written in one way only,
so that every page links to every other with the same days and filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Site
from analytics import segments
from analytics.period import InvalidPeriod, Period, a_year_before, custom, preset
from analytics.segments import MOST_FILTERS, Filter, InvalidFilter, Operator

BEFORE, YEAR, NOTHING, CUSTOM = "before", "year", "none", "custom"
COMPARISONS = {
    BEFORE: gettext_lazy("Period before"),
    YEAR: gettext_lazy("Same days a year before"),
    NOTHING: gettext_lazy("Nothing"),
}
PERIOD_KEYS = ("period", "first", "last")
COMPARE_KEYS = ("compare", "compare_first", "compare_last")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for.

    `against` is what the period is compared with, chosen by `compare`. `own` is what only this page
    knows, such as tabs and sorting. `error` and `compare_error` tell of wrong dates, `problems` of
    wrong filters.
    """

    key: str
    period: Period
    metric: str
    own: Mapping[str, str]
    against: Period | None = None
    compare: str = BEFORE
    filters: tuple[Filter, ...] = ()
    default_metric: str = ""
    error: str = ""
    compare_error: str = ""
    problems: tuple[str, ...] = ()

    def pairs(
        self,
        changes: Mapping[str, str] | None = None,
        *,
        filters: Sequence[Filter] | None = None,
        shared: bool = False,
        without: Iterable[str] = (),
    ) -> list[tuple[str, str]]:
        """The address's query with some of it changed; `shared` is only what all pages know."""
        changes = changes or {}
        given: dict[str, str] = {}
        if "period" not in changes and "first" not in changes:
            given |= self._days()
        if "compare" not in changes:
            given |= self._comparison()
        if not shared:
            given |= {"metric": self.metric} if self.metric != self.default_metric else {}
            given |= self.own
        kept = {key: value for key, value in (given | dict(changes)).items() if value}
        pairs = [(key, value) for key, value in kept.items() if key not in without]
        chosen = self.filters if filters is None else filters
        return [*pairs, *(("filter", item.text) for item in chosen)]

    def _days(self) -> dict[str, str]:
        if self.period.slug == CUSTOM:
            return {"first": str(self.period.first), "last": str(self.period.last)}
        return {"period": self.period.slug}

    def _comparison(self) -> dict[str, str]:
        if self.compare == CUSTOM and self.against:
            first, last = str(self.against.first), str(self.against.last)
            return {"compare": CUSTOM, "compare_first": first, "compare_last": last}
        return {} if self.compare == BEFORE else {"compare": self.compare}

    def url(
        self,
        changes: Mapping[str, str] | None = None,
        *,
        filters: Sequence[Filter] | None = None,
    ) -> str:
        """This page with some of its query changed; an empty value takes a part away."""
        return "?" + urlencode(self.pairs(changes, filters=filters))

    def to(
        self,
        page: str,
        *args: str,
        changes: Mapping[str, str] | None = None,
        filters: Sequence[Filter] | None = None,
    ) -> str:
        """Another page of the site by its URL's name, with the same days and filters."""
        query = urlencode(self.pairs(changes, filters=filters, shared=True))
        return f"{reverse(page, args=[self.key, *args])}?{query}"

    def toggled(self, dimension: str, value: str) -> tuple[Filter, ...]:
        """The filters with `dimension is value` among them, or without it where it is."""
        item = Filter(dimension, Operator.IS, (value,))
        return self.without(item) if item in self.filters else (*self.filters, item)

    def without(self, item: Filter) -> tuple[Filter, ...]:
        """The filters but one."""
        return tuple(kept for kept in self.filters if kept != item)

    def narrowed(self, dimension: str, value: str) -> tuple[Filter, ...]:
        """The filters with `dimension is value` among them."""
        return tuple(dict.fromkeys((*self.filters, Filter(dimension, Operator.IS, (value,)))))

    def with_problem(self, problem: str) -> Asked:
        """The same, and one thing more that is wrong."""
        return replace(self, problems=(*self.problems, problem))


def asked(
    query: QueryDict,
    now: datetime,
    site: Site,
    *,
    metrics: Sequence[str],
    own: Mapping[str, Iterable[str] | None] | None = None,
    period: str = "",
) -> Asked:
    """Read an address. `metrics` are those that the page knows, the first one by default.

    `own` are the page's own keys with what they may be (None: any text); `period` is the name of
    the page's period where the address names none.
    """
    said = {key: str(value) for key, value in query.dict().items()}
    chosen, error = _period(said, now, site, period)
    against, compare, compare_error = _against(said, now, site, chosen)
    filters, problems = _filters(query.getlist("filter"))
    metric = said.get("metric", "")
    kept = {
        key: said[key].replace("\0", "")[:200]
        for key, choices in (own or {}).items()
        if said.get(key) and (choices is None or said[key] in choices)
    }
    return Asked(
        key=site.key,
        period=chosen,
        metric=metric if metric in metrics else metrics[0],
        own=kept,
        against=against,
        compare=compare,
        filters=filters,
        default_metric=metrics[0],
        error=error,
        compare_error=compare_error,
        problems=problems,
    )


def _period(query: dict[str, str], now: datetime, site: Site, default: str) -> tuple[Period, str]:
    named = preset(query.get("period", default), now, site.clock)
    if "first" not in query and "last" not in query:
        return named, ""
    try:
        return custom(query.get("first", ""), query.get("last", ""), now, site.clock), ""
    except InvalidPeriod as problem:
        return named, str(problem)


def _against(
    query: dict[str, str], now: datetime, site: Site, period: Period
) -> tuple[Period | None, str, str]:
    """What the period is compared with, the name of that choice, and what is wrong with it."""
    choice = query.get("compare", BEFORE)
    if choice == CUSTOM:
        first, last = query.get("compare_first", ""), query.get("compare_last", "")
        try:
            return custom(first, last, now, site.clock), CUSTOM, ""
        except InvalidPeriod as problem:
            return period.previous(), BEFORE, str(problem)
    if choice == NOTHING:
        return None, NOTHING, ""
    if choice == YEAR:
        first_day, last_day = a_year_before(period.first), a_year_before(period.last)
        return Period(first_day, last_day, period.today), YEAR, ""
    return period.previous(), BEFORE, ""


def _filters(texts: Sequence[str]) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    """The filters that can be read, and what is wrong with the others."""
    found: dict[Filter, None] = {}
    problems: dict[str, None] = {}
    for text in texts:
        try:
            found |= dict.fromkeys(segments.read([text]))
        except InvalidFilter as problem:
            problems[_("A filter was left out. %(why)s") % {"why": problem}] = None
    if len(found) > MOST_FILTERS:
        problems[_("Only the first %(n)s filters are used.") % {"n": MOST_FILTERS}] = None
    return tuple(found)[:MOST_FILTERS], tuple(problems)


def pair(ask: Asked) -> tuple[Period, Period] | None:
    """The finished days of the period, and as many of those that it is compared with."""
    return compared(ask.period, ask.against) if ask.against else None


def compared(period: Period, against: Period | None = None) -> tuple[Period, Period] | None:
    """The finished days of a period, and as many of the days before it or of `against`.

    None where no day is finished, as today. Days of the reader's own are taken whole where the
    period is over.
    """
    before, finished = against or period.previous(), period.finished()
    if finished is None:
        return None
    if not period.unfinished:
        return period, before
    last = min(before.last, before.first + timedelta(days=finished.days - 1))
    return finished, Period(before.first, last, period.today)
