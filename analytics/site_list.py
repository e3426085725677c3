"""All sites of a member on one page: their numbers, in groups by kind, sorted and searched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import queries
from analytics.answers import Days
from analytics.asked import compared
from analytics.figures import change_text, direction, figure
from analytics.metrics import METRICS, Number, Unit
from analytics.period import PRESETS, Period, preset

PERIODS = ("today", "7d", "30d", "90d")
DEFAULT_PERIOD = "30d"
SPARK_DAYS = 14
PAGE_SIZE = 50
MAX_SEARCH = 100
SORTS = {
    "name": gettext_lazy("Name"),
    "visitors": gettext_lazy("Visitors"),
    "change": gettext_lazy("Change"),
    "second": gettext_lazy("Page views or clicks"),
    "today": gettext_lazy("Today"),
}
# The number beside visitors: what people do there.
SECOND = {Site.Kind.WEB: "page_views", Site.Kind.BIO: "clicks", Site.Kind.GA4: "page_views"}
GROUPS = {
    Site.Kind.WEB: gettext_lazy("Web sites"),
    Site.Kind.BIO: gettext_lazy("Link pages"),
    Site.Kind.GA4: gettext_lazy("GA4 properties"),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What the address of the page asks for."""

    period: str
    sort: str
    search: str
    page: int

    def url(self, **changes: str | int) -> str:
        """The page's query with some of it changed; another order or period begins at page 1."""
        wanted = {"period": self.period, "sort": self.sort, "q": self.search, "page": self.page}
        if set(changes) - {"page"}:
            wanted["page"] = 1
        usual = {"period": DEFAULT_PERIOD, "sort": "name", "q": "", "page": 1}
        query = {k: v for k, v in (wanted | changes).items() if v != usual[k]}
        return f"?{urlencode(query)}"


def asked(query: Mapping[str, str]) -> Ask:
    """Read the address; what makes no sense is the default."""
    period, sort = query.get("period", ""), query.get("sort", "")
    number = query.get("page", "")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    return Ask(
        period if period in PERIODS else DEFAULT_PERIOD,
        sort if sort in SORTS else "name",
        " ".join(query.get("q", "")[:MAX_SEARCH].split()),
        max(page, 1),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A site with its numbers: of the period, of the part that is compared, and by day."""

    site: Site
    visitors: Number | None
    second: Number | None
    today: Number | None
    now: Number | None
    before: Number | None
    spark: list[Number | None]
    waits: bool

    @property
    def change(self) -> float | None:
        """By which part visitors rose or fell; None where there is nothing to compare."""
        if self.now is None or not self.before:
            return None
        return float(self.now) / float(self.before) - 1


def lines(scope: Scope, sites: Sequence[Site], slug: str, now: datetime) -> list[Line]:
    """The numbers of many sites, each on its own clock, with as many queries as for one."""
    longest = preset("90d" if slug == "90d" else "30d", now, sites[0].clock) if sites else None
    if longest is None:
        return []
    # Around the world it is today, or already tomorrow, or still yesterday.
    first = longest.previous().first - timedelta(days=2)
    if slug in ("today", "7d"):
        first = longest.last - timedelta(days=SPARK_DAYS + 2)
    known = queries.days_of_sites(scope, sites, first, longest.last + timedelta(days=1))
    return [_line(site, known[site.pk], preset(slug, now, site.clock)) for site in sites]


def _line(site: Site, known: Days, period: Period) -> Line:
    def visitors(part: Period) -> Number | None:
        return METRICS["visitors"].of(known.of(part))

    today = Period(period.today, period.today, period.today)
    spark = _spark_days(period)
    pair = compared(period)
    return Line(
        site=site,
        visitors=visitors(period),
        second=METRICS[SECOND[Site.Kind(site.kind)]].of(known.of(period)),
        today=visitors(today),
        now=visitors(pair[0]) if pair else None,
        before=visitors(pair[1]) if pair else None,
        spark=[visitors(Period(day, day, period.today)) for day in spark.dates],
        waits=known.began is None and not known.state.waiting,
    )


def _spark_days(period: Period) -> Period:
    """The days of the line that is drawn: the period's, and at least two weeks."""
    if period.days >= SPARK_DAYS:
        return period
    return Period(period.today - timedelta(days=SPARK_DAYS - 1), period.today, period.today)


def _order(sort: str) -> Callable[[Line], tuple[Any, ...]]:
    """Largest first, and what nobody knows last; names as people sort them."""

    def key(line: Line) -> tuple[Any, ...]:
        name = line.site.name.casefold()
        if sort == "name":
            return (0, 0, name, line.site.pk)
        value = getattr(line, sort)
        return (value is None, -(value or 0), name, line.site.pk)

    return key


def found(sites: Sequence[Site], search: str) -> list[Site]:
    """The sites whose name or domains hold every word of the search."""
    words = search.casefold().split()

    def text(site: Site) -> str:
        return " ".join([site.name, *site.domains, site.key]).casefold()

    return [site for site in sites if all(word in text(site) for word in words)]


def context(scope: Scope, sites: Sequence[Site], ask: Ask, now: datetime) -> dict[str, Any]:
    """Everything that `templates/analytics/sites.html` draws; `sites` are all of the member's."""
    wanted = found(sites, ask.search)
    kinds = list(GROUPS)
    known = sorted(lines(scope, wanted, ask.period, now), key=_order(ask.sort))
    known.sort(key=lambda line: kinds.index(Site.Kind(line.site.kind)))
    pages = max(-(-len(known) // PAGE_SIZE), 1)
    number = min(ask.page, pages)
    shown = known[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return {
        "ask": ask,
        "any": bool(sites),
        "found": len(known),
        "groups": [_group(kind, shown, known) for kind in kinds if _of_kind(shown, kind)],
        "periods": [_choice(ask, slug) for slug in PERIODS],
        "sorts": [(name, label, name == ask.sort) for name, label in SORTS.items()],
        "sort_urls": {name: ask.url(sort=name) for name in SORTS},
        "page_number": number,
        "page_count": pages,
        "page_urls": {
            "previous": ask.url(page=number - 1) if number > 1 else "",
            "next": ask.url(page=number + 1) if number < pages else "",
        },
    }


def _choice(ask: Ask, slug: str) -> dict[str, Any]:
    label, url = str(PRESETS[slug]), ask.url(period=slug)
    return {"slug": slug, "label": label, "url": url, "current": slug == ask.period}


def _of_kind(known: Sequence[Line], kind: Site.Kind) -> list[Line]:
    return [line for line in known if line.site.kind == kind]


def _group(kind: Site.Kind, shown: Sequence[Line], known: Sequence[Line]) -> dict[str, Any]:
    """The rows of a kind on this page, and the sums over all sites of the kind.

    Kinds are never summed together: a link page and the web site it leads to share visitors.
    """
    all_of_kind = _of_kind(known, kind)
    return {
        "kind": kind.value,
        "title": str(GROUPS[kind]),
        "second": str(METRICS[SECOND[kind]].label),
        "rows": [row(line) for line in _of_kind(shown, kind)],
        "totals": _totals(all_of_kind) if len(all_of_kind) > 1 else None,
    }


def _totals(known: Sequence[Line]) -> dict[str, Any]:
    """Sums of what is known; `unknown` is how many sites have no number yet."""
    numbers = {
        name: [value for line in known if (value := getattr(line, name)) is not None]
        for name in ("visitors", "second", "today")
    }
    sums = {name: sum(values) if values else None for name, values in numbers.items()}
    return {
        "sites": len(known),
        "unknown": len(known) - len(numbers["visitors"]),
        **{name: figure(value, Unit.COUNT) for name, value in sums.items()},
    }


def row(line: Line) -> dict[str, Any]:
    """A site as the table shows it."""
    site = line.site
    change = change_text("visitors", line.now, line.before)
    way = "flat" if change and change[0].isdigit() else direction(line.now, line.before)
    return {
        "site": site,
        "name": site.name,
        "key": site.key,
        "domains": site.domains,
        "zone": site.time_zone.replace("_", " "),
        "visitors": figure(line.visitors, Unit.COUNT),
        "second": figure(line.second, Unit.COUNT),
        "today": figure(line.today, Unit.COUNT),
        "change": change,
        "direction": way,
        "good": {"up": True, "down": False}.get(way or ""),
        "spark": line.spark,
        "spark_label": _("Visitors by day"),
        "waits": line.waits,
        "delete_at": site.local(site.delete_at).replace(tzinfo=None) if site.delete_at else None,
        "resetting": site.reset_at is not None,
    }
