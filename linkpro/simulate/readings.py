"""What LinkPro says of a trial, held against what is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
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
            yield from self._questions(site, spec.slug)

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
            found = queries.breakdown(
                self.place.scope,
                site,
                self._period(site, day, day),
                dimension,
                KEYS,
                limit=EVERYTHING,
                order="events",
            )
            rows = {row.value: row.numbers for row in found.rows}
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

    def _periods(self, site: Site, slug: str, days: list[date]) -> Iterator[Comparison]:
        """The last days together."""
        last = [day for day in days if day > self._today(site) - timedelta(days=30)]
        period = self._period(site, last[0], last[-1])
        sums = queries.days(self.place.scope, site, last[0], last[-1]).of(period)
        true = self.truth.pick(slug, *last)
        for key in TOTALS:
            yield Comparison("last days", f"{slug} {key}", true[key], number(sums, key))

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

    def _questions(self, site: Site, slug: str) -> Iterator[Comparison]:
        """Random filters, answered from raw events."""
        dice = Dice(self.trial.seed, slug, "questions")
        days = sorted(day for s, day in self.truth if s == slug)
        for _number in range(QUESTIONS):
            day, by = dice.random.choice(days), dice.random.choice(DIMENSIONS)
            where = [self._condition(slug, day, dice) for _n in range(dice.random.randint(1, 2))]
            filters = [Filter(c.dimension, Operator(c.operator), c.values) for c in where]
            true = self.truth.pick(slug, day, where=where)
            asked = f"{slug} {day} {' and '.join(map(str, where))}"
            sums = queries.days(self.place.scope, site, day, day, filters).of_day(day)
            for key in TOTALS:
                yield Comparison("filtered", f"{asked}: {key}", true[key], number(sums, key))
            found = queries.breakdown(
                self.place.scope,
                site,
                self._period(site, day, day),
                by,
                KEYS,
                limit=EVERYTHING,
                order="events",
                filters=filters,
            )
            rows = {row.value: row.numbers for row in found.rows}
            split = truth.split(true, by)
            yield from rows_compared("filtered, by a dimension", f"{asked} by {by}", split, rows)

    def _condition(self, slug: str, day: date, dice: Dice) -> Condition:
        dimension = dice.random.choice(DIMENSIONS)
        values = sorted(truth.split(self.truth.pick(slug, day), dimension)) or [""]
        operator = dice.random.choice(("is", "is_not", "contains", "one_of"))
        value = dice.random.choice(values)
        if operator == "contains":
            return Condition(dimension, operator, (value[1:4].upper(),))
        if operator == "one_of":
            return Condition(dimension, operator, tuple({value, dice.random.choice(values)}))
        return Condition(dimension, operator, (value,))


def _count(name: str) -> Callable[[Stay], int]:
    return lambda stay: sum(event.name == name for event in stay.events)


# The columns of a visit's row, and what is true of them.
SESSION: dict[str, Callable[[Stay], Any]] = truth.OF_STAYS | {
    "page_views": _count("page_view"),
    "clicks": _count("click"),
    "conversions": _count("conversion"),
    "events": lambda stay: len(stay.events),
    "duration_seconds": lambda stay: stay.seconds,
    "bounced": lambda stay: stay.bounced,
    "continued": lambda stay: False,  # nobody is recognised after midnight
}


def number(sums: Sums, key: str) -> Value:
    """A count, or a metric made of counts."""
    return sums[key] if key in counting.MEASURES else METRICS[key].of(sums)


def rows_compared(
    line: str, which: str, true: dict[str, Picked], measured: dict[str, dict[str, Any]]
) -> Iterator[Comparison]:
    """A breakdown, value by value and metric by metric."""
    for value in sorted(true.keys() | measured.keys()):
        for key in KEYS:
            one = true[value][key] if value in true else None
            other = measured[value][key] if value in measured else None
            yield Comparison(line, f"{which} {value!r}: {key}", one, other)
