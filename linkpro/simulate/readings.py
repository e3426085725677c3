"""What LinkPro says of a trial, held against what is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import isclose
from typing import Any

from accounts.models import Site
from analytics import counting, queries
from analytics.metrics import METRICS, Sums
from analytics.models import SiteDay
from analytics.period import Period
from analytics.segments import Filter, Operator
from linkpro.settle import links_of
from linkpro.simulate.place import Place
from linkpro.world import truth
from linkpro.world.trial import CLOCK_CHANGES, Trial
from linkpro.world.truth import Condition, Picked, Stay, Truth
from linkpro.world.visits import Dice
from tracking.models import Session

QUESTIONS = 24
EVERYTHING = 100_000  # rows
TOTALS = tuple(key for key in truth.METRICS if key in METRICS or key in counting.MEASURES)
KEYS = tuple(key for key in truth.METRICS if key in METRICS)
DIMENSIONS = tuple(name for name in truth.DIMENSIONS if name in counting.DIMENSIONS)

Value = int | float | Decimal | str | None
Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number: the line of the table it belongs to, which one it is, true and measured.

    `adds` says whether the numbers of its line may be summed.
    """

    line: str
    which: str
    true: Value
    measured: Value
    adds: bool = False

    @property
    def agrees(self) -> bool:
        """Whether they are the same; ratios to the last digits of a float."""
        if isinstance(self.true, float) and isinstance(self.measured, float):
            return isclose(self.true, self.measured, rel_tol=1e-12)
        return self.true == self.measured


@dataclass(frozen=True, slots=True)
class Reader:
    """Compares a trial with its place."""

    trial: Trial
    truth: Truth
    place: Place

    def everything(self) -> Iterator[Comparison]:
        """All comparisons but those of books and answers."""
        for spec in self.trial.sites:
            site = self.place.sites[spec.slug]
            days = self._days(site, spec.slug)
            for day in days:
                yield from self._totals(site, spec.slug, day)
                yield from self._dimensions(site, spec.slug, day)
                yield from self._sessions(site, spec.slug, day)
            yield from self._periods(site, spec.slug, days)
            yield from self._hours(site, spec.slug)
            yield from self._beginning(site, spec.slug)
            yield from self._questions(site, spec.slug, days)

    def _days(self, site: Site, slug: str) -> list[date]:
        """The days of which either side says something."""
        counted = SiteDay.objects.visible_to(self.place.scope).filter(site=site)
        return sorted({day for s, day in self.truth if s == slug} | {d.date for d in counted})

    def _today(self, site: Site) -> date:
        return site.clock.date_of(self.trial.now)

    def _period(self, site: Site, first: date, last: date) -> Period:
        return Period(first, last, self._today(site))

    # --- Statistics -------------------------------------------------------------------------------

    def _totals(self, site: Site, slug: str, day: date) -> Iterator[Comparison]:
        sums = queries.days(self.place.scope, site, day, day).of_day(day)
        true = self.truth.pick(slug, day)
        for key in TOTALS:
            adds = key in counting.MEASURES
            yield Comparison(key, f"{slug} {day}", true[key], number(sums, key), adds)

    def _dimensions(self, site: Site, slug: str, day: date) -> Iterator[Comparison]:
        for dimension in DIMENSIONS:
            rows = self._breakdown(site, self._period(site, day, day), dimension)
            true = truth.split(self.truth.pick(slug, day), dimension)
            yield from rows_compared(f"by {dimension}", f"{slug} {day}", true, rows)

    def _sessions(self, site: Site, slug: str, day: date) -> Iterator[Comparison]:
        rows = Session.objects.visible_to(self.place.scope).filter(site=site, date=day)
        measured = Counter(
            tuple("" if value is None else value for value in row)
            for row in rows.values_list(*SESSION)
        )
        stays = self.truth.stays.get((slug, day), [])
        true = Counter(tuple(of(stay) for of in SESSION.values()) for stay in stays if stay.person)
        for row in true.keys() | measured.keys():
            which = f"{slug} {day} {row}"
            yield Comparison("visits, each", which, true[row], measured[row], adds=True)

    def _last(self, site: Site, days: list[date]) -> list[date]:
        """Those of the days that are not of long ago."""
        return [day for day in days if day > self._today(site) - timedelta(days=30)]

    def _periods(self, site: Site, slug: str, days: list[date]) -> Iterator[Comparison]:
        """Several days together, and all of them by the month."""
        last = self._last(site, days)
        period = self._period(site, last[0], last[-1])
        sums = queries.days(self.place.scope, site, last[0], last[-1]).of(period)
        true = self.truth.pick(slug, *last)
        for key in TOTALS:
            yield Comparison("last days", f"{slug} {key}", true[key], number(sums, key))
        for dimension in DIMENSIONS:
            rows = self._breakdown(site, period, dimension)
            split = truth.split(true, dimension)
            yield from rows_compared(
                "last days, by a dimension", f"{slug} {dimension}", split, rows
            )
        first = days[0].replace(day=1)
        points = queries.series(
            self.place.scope, site, self._period(site, first, days[-1]), "events"
        )
        ends = [point.at for point in points[1:]] + [date.max]
        for point, end in zip(points, ends, strict=True):
            of_month = [day for day in days if point.at <= day < end]
            events = self.truth.pick(slug, *of_month)["events"] if end > days[0] else None
            which = f"{slug} {point.at}"
            yield Comparison("events by the month", which, events, point.value, adds=True)

    def _beginning(self, site: Site, slug: str) -> Iterator[Comparison]:
        """The first thing that a person did."""
        first = min(
            stay.first.at
            for (owner, _day), stays in self.truth.stays.items()
            for stay in stays
            if owner == slug
        )
        found = queries.first_event(self.place.scope, site)
        yield Comparison("first event", slug, str(first), str(found and found.occurred_at))

    def _hours(self, site: Site, slug: str) -> Iterator[Comparison]:
        """The hours of the days on which the clocks changed."""
        for day in CLOCK_CHANGES[site.time_zone]:
            true = truth.split(self.truth.pick(slug, day), "hour")
            points = queries.series(
                self.place.scope, site, self._period(site, day, day), "page_views"
            )
            hours = [value["page_views"] for _hour, value in sorted(true.items())]
            which = f"{slug} {day}"
            yield Comparison("hours of a day", which, len(hours), len(points))
            for one, point in zip(hours, points, strict=False):
                where = f"{slug} {point.at}"
                yield Comparison("views by the hour", where, one, point.value, adds=True)

    def _questions(self, site: Site, slug: str, days: list[date]) -> Iterator[Comparison]:
        """Random filters on a day or on the last ones, answered from raw events."""
        dice = Dice(self.trial.seed, slug, "questions")
        for _number in range(QUESTIONS):
            some = [dice.random.choice(days)] if dice.happens(0.7) else self._last(site, days)
            by = dice.random.choice(DIMENSIONS)
            where = [self._condition(slug, some, dice) for _n in range(dice.random.randint(1, 2))]
            filters = [_filter(condition, site) for condition in where]
            true = self.truth.pick(slug, *some, where=where)
            asked = f"{slug} {some[0]} to {some[-1]} {' and '.join(map(str, where))}"
            period = self._period(site, some[0], some[-1])
            sums = queries.days(self.place.scope, site, some[0], some[-1], filters).of(period)
            for key in TOTALS:
                which = f"{asked}: {key}"
                yield Comparison("filtered", which, true[key], number(sums, key))
            rows = self._breakdown(site, period, by, filters)
            split = truth.split(true, by)
            yield from rows_compared("filtered, by a dimension", f"{asked} by {by}", split, rows)

    def _breakdown(
        self, site: Site, period: Period, dimension: str, filters: Sequence[Filter] = ()
    ) -> Rows:
        found = queries.breakdown(
            self.place.scope,
            site,
            period,
            dimension,
            KEYS,
            limit=EVERYTHING,
            order="events",
            filters=filters,
        )
        known = links_of(site) if dimension == "link" else {}
        return {known.get(row.value, row.value): row.numbers for row in found.rows}

    def _condition(self, slug: str, days: list[date], dice: Dice) -> Condition:
        dimension = dice.random.choice(DIMENSIONS)
        values = sorted(truth.split(self.truth.pick(slug, *days), dimension)) or [""]
        operator = dice.random.choice(("is", "is_not", "contains", "one_of"))
        value = dice.random.choice(values)
        if operator == "contains" and dimension == "link":
            operator = "is"  # links are told by their ids, of which nobody asks for a part
        if operator == "contains":
            return Condition(dimension, operator, (value[1:4].upper(),))
        if operator == "one_of":
            return Condition(dimension, operator, tuple({value, dice.random.choice(values)}))
        return Condition(dimension, operator, (value,))


def _filter(condition: Condition, site: Site) -> Filter:
    """The condition as a filter; links are told by their ids there."""
    values = condition.values
    if condition.dimension == "link":
        ids = {slug: pk for pk, slug in links_of(site).items()}
        values = tuple(ids.get(value, value) for value in values)
    return Filter(condition.dimension, Operator(condition.operator), values)


def _count(name: str) -> Callable[[Stay], int]:
    return lambda stay: sum(event.name == name for event in stay.events)


# The columns of a visit's row, and what is true of them.
SESSION: dict[str, Callable[[Stay], Any]] = truth.OF_STAYS | {
    "page_views": _count("page_view"),
    "clicks": _count("click"),
    "conversions": lambda stay: sum(event.converts for event in stay.events),
    "events": lambda stay: len(stay.events),
    "duration_seconds": lambda stay: stay.seconds,
    "bounced": lambda stay: stay.bounced,
    "continued": lambda stay: False,  # nobody is recognised after midnight
}


def number(sums: Sums, key: str) -> Value:
    """A count, or a metric made of counts."""
    return sums[key] if key in counting.MEASURES else METRICS[key].of(sums)


def rows_compared(
    line: str, which: str, true: dict[str, Picked], measured: Rows
) -> Iterator[Comparison]:
    """A breakdown, value by value and metric by metric."""
    for value in sorted(true.keys() | measured.keys()):
        for key in KEYS:
            one = true[value][key] if value in true else None
            other = measured[value][key] if value in measured else None
            yield Comparison(line, f"{which} {value!r}: {key}", one, other)
