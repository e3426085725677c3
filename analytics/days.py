"""How the days of a site stand, and their totals: read once, and asked from there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, Min, Q, QuerySet, Sum

from accounts.models import Site
from accounts.tenancy import Scope
from analytics import segments
from analytics.answers import NOTHING, UNMEASURED, Brought, Days, State
from analytics.metrics import MEASURES, Sums
from analytics.models import DailyStat, ImportedDay, SiteDay
from analytics.period import Period
from analytics.segments import TOTAL, Filter
from tracking.models import DirtyDay


def states_of(scope: Scope, sites: Sequence[Site], first: date, last: date) -> dict[int, State]:
    """How the sites' days from `first` to `last` stand."""
    asked = Q(date__gte=first, date__lte=last)
    rows = SiteDay.objects.visible_to(scope).filter(site__in=sites).values("site_id")
    found = rows.annotate(
        live=Min("date"),
        raw_since=Min("date", filter=Q(sealed_at=None)),
        versions=Sum("version", filter=asked),
        countable=ArrayAgg("date", filter=asked & Q(sealed_at=None)),
        sealed=ArrayAgg("date", filter=asked & Q(sealed_at__isnull=False)),
        foreign=ArrayAgg("date", filter=asked & ~Q(currency=F("site__currency"))),
    )
    marks = DirtyDay.objects.visible_to(scope).filter(asked, site__in=sites)
    waiting: dict[int, set[date]] = defaultdict(set)
    for site_id, day in marks.values_list("site_id", "date").distinct():
        waiting[site_id].add(day)
    states = {site.pk: State(waiting=frozenset(waiting[site.pk])) for site in sites}
    for row in found:
        states[row["site_id"]] = State(
            live=row["live"],
            raw_since=row["raw_since"],
            version=row["versions"] or 0,
            countable=tuple(sorted(row["countable"] or ())),
            sealed=frozenset(row["sealed"] or ()),
            foreign=frozenset(row["foreign"] or ()),
            waiting=frozenset(waiting[row["site_id"]]),
        )
    return states


def _brought(
    scope: Scope, states: Mapping[int, State], first: date, last: date
) -> QuerySet[ImportedDay]:
    """The imported totals before each site's first day here: of two tools the one brought last."""
    before = Q()
    for site_id, state in states.items():
        if state.live is None or first < state.live:
            until = last if state.live is None else min(last, state.live - timedelta(days=1))
            before |= Q(site=site_id, date__lte=until)
    totals = ImportedDay.objects.visible_to(scope).filter(before, dimension=TOTAL)
    rows = totals.order_by("site_id", "date", "-imported_at", "source").distinct("site_id", "date")
    return rows if before else rows.none()


def days_of_sites(scope: Scope, sites: Sequence[Site], first: date, last: date) -> dict[int, Days]:
    """The daily totals of several sites from `first` to `last`, by the site's id."""
    states = states_of(scope, sites, first, last)
    sums: dict[int, dict[date, Sums]] = {site.pk: {} for site in sites}
    brought: dict[int, dict[date, Brought]] = {site.pk: {} for site in sites}
    totals = DailyStat.objects.visible_to(scope).filter(
        site__in=sites, dimension=TOTAL, date__gte=first, date__lte=last
    )
    for row in totals.values("site_id", "date", *MEASURES):
        foreign = row["date"] in states[row["site_id"]].foreign
        sums[row["site_id"]][row["date"]] = row | {"revenue": None} if foreign else row
    currencies = {site.pk: site.currency for site in sites}
    for day in _brought(scope, states, first, last):
        counts = {name: getattr(day, name) for name in MEASURES}
        if day.currency != currencies[day.site_id]:
            counts["revenue"] = None
        sums[day.site_id][day.date] = counts
        brought[day.site_id][day.date] = Brought(day.source, frozenset(day.dimensions))
    return {
        key: Days(state, _began(state, brought[key]), sums[key], NOTHING, brought[key])
        for key, state in states.items()
    }


def _began(state: State, brought: Mapping[date, Brought]) -> date | None:
    return min([*brought, *([state.live] if state.live else [])], default=None)


def days(scope: Scope, site: Site, first: date, last: date, filters: Sequence[Filter] = ()) -> Days:
    """The daily totals from `first` to `last`, of everything or of what passes the filters.

    Filters need raw events: on days that have outlived theirs, and on imported ones, a filtered
    number is unknown.
    """
    if not filters:
        return days_of_sites(scope, [site], first, last)[site.pk]
    known = known_of(scope, site, first, last, filters)
    counted = segments.count_days(site, known.state.countable, TOTAL, filters)
    sums = {day: counts for (day, _total), counts in counted.items()}
    return replace(known, sums={**known.sums, **sums})


def quiet(filters: Sequence[Filter]) -> Sums:
    return {**NOTHING, **dict.fromkeys(segments.unknown_measures(filters))}


def known_of(scope: Scope, site: Site, first: date, last: date, filters: Sequence[Filter]) -> Days:
    """As `days`; with filters without the counts, for whom it is enough to know the days."""
    if not filters:
        return days(scope, site, first, last)
    state = states_of(scope, [site], first, last)[site.pk]
    return Days(state, state.raw_since, dict.fromkeys(state.sealed, UNMEASURED), quiet(filters))


def stats(scope: Scope, site: Site, period: Period, dimension: str) -> QuerySet[DailyStat]:
    """The daily statistics of a dimension."""
    return DailyStat.objects.visible_to(scope).filter(
        site=site, dimension=dimension, date__gte=period.first, date__lte=period.last
    )
