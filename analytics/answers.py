"""What a question to `analytics.queries` gets back: numbers, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from accounts.tenancy import Scope
from analytics.metrics import MEASURES, METRICS, Number, Sums
from analytics.period import Period

NOTHING: Sums = dict.fromkeys(MEASURES, 0)
UNMEASURED: Sums = dict.fromkeys(MEASURES)


class UnknownDimension(ValueError):
    """There is no such dimension."""


class HiddenMetric(ValueError):
    """There is no such metric, or the scope does not reach it."""


def allowed(scope: Scope, keys: Iterable[str]) -> list[str]:
    """The metrics asked for. Raises `HiddenMetric` for one that the scope does not reach."""
    keys = list(keys)
    for key in keys:
        if key not in METRICS or (scope.metrics is not None and key not in scope.metrics):
            raise HiddenMetric(key)
    return keys


def numbers_of(sums: Sums, keys: Iterable[str]) -> dict[str, Number | None]:
    """Metrics by their keys, of sums."""
    return {key: METRICS[key].of(sums) for key in keys}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the numbers of a period rest on.

    `finished`: every day is over, and no event waits to be counted. `since`: the first day of the
    period that is known, None where none is; `gaps`: how many days after it are not. `sources`
    are the tools that its days before `live`, the first day counted here, were brought from.
    """

    finished: bool
    since: date | None
    gaps: int = 0
    sources: tuple[str, ...] = ()
    live: date | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A metric at a time: the first moment of its hour or day, and whether it is finished."""

    at: datetime | date
    value: Number | None
    finished: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """Metrics of a whole period; None is what nobody measured."""

    numbers: dict[str, Number | None]
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a dimension with its metrics."""

    value: str
    numbers: dict[str, Number | None]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The largest values of a dimension, and whether there are more.

    In the dimension `currency` the revenue of a row is in that row's own currency. Where they were
    asked for, `total` is how many values there are in all, and `top` what the largest one has.
    """

    rows: list[Row]
    more: bool
    coverage: Coverage
    total: int | None = None
    top: Number | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How a site's days stand; the sets are of the days that were asked for.

    `live` is the first day that was counted here, `raw_since` the first one whose raw events are
    still there, `countable` are all of those. `foreign` days have their revenue in another currency
    than the site's, `waiting` ones have events that are not counted yet. `version` rises with every
    change of what was counted.
    """

    live: date | None = None
    raw_since: date | None = None
    version: int = 0
    countable: tuple[date, ...] = ()
    sealed: frozenset[date] = frozenset()
    foreign: frozenset[date] = frozenset()
    waiting: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Brought:
    """Where an imported day came from, and the dimensions that the tool tells of it."""

    source: str
    dimensions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Days:
    """The daily totals of a site, read once: every sum and series over them comes from here.

    `began` is the first day that anything is known of: before it numbers are None, not 0. `quiet`
    are the counts of a day on which nothing happened.
    """

    state: State
    began: date | None
    sums: Mapping[date, Sums]
    quiet: Sums = field(default_factory=lambda: NOTHING)
    brought: Mapping[date, Brought] = field(default_factory=dict)

    def of_day(self, day: date) -> Sums:
        """The counts of one day."""
        if day in self.sums:
            return self.sums[day]
        live = self.state.live
        return UNMEASURED if live is None or day < live else self.quiet

    def of(self, period: Period) -> Sums:
        """The counts of the period's known days together; None for what one of them lacks."""
        known = [sums for day in period.dates if (sums := self.of_day(day)) is not UNMEASURED]

        def together(name: str) -> int | Decimal | None:
            values = [value for sums in known if (value := sums[name]) is not None]
            return sum(values) if values and len(values) == len(known) else None

        return {name: together(name) for name in MEASURES}

    def finished(self, period: Period) -> bool:
        """Whether every day is over and everything that happened on it is counted."""
        waits = any(period.first <= day <= period.last for day in self.state.waiting)
        return not period.unfinished and not waits

    def counting(self, period: Period) -> bool:
        """Whether days that are over have events that wait to be counted."""
        finished = period.finished()
        return finished is not None and not self.finished(finished)

    def version(self, period: Period) -> str:
        """What a reader compares to know whether numbers of the period have changed."""
        return f"{self.state.version}{'+' if self.counting(period) else ''}"

    def countable(self, period: Period) -> list[date]:
        """The days of the period whose raw events are still there."""
        return [day for day in self.state.countable if period.first <= day <= period.last]

    def mixes_currencies(self, period: Period) -> bool:
        """Whether a day of the period has no revenue in the site's currency."""
        known = (sums for day in period.dates if (sums := self.of_day(day)) is not UNMEASURED)
        return any(sums["revenue"] is None for sums in known)

    def coverage(self, period: Period, dimension: str = "") -> Coverage:
        """What a total or a breakdown of the period rests on."""
        known = [day for day in period.dates if self._tells(day, dimension)]
        sources = {self.brought[day].source for day in known if day in self.brought}
        return Coverage(
            finished=self.finished(period),
            since=known[0] if known else None,
            gaps=(period.last - known[0]).days + 1 - len(known) if known else 0,
            sources=tuple(sorted(sources)),
            live=self.state.live,
        )

    def _tells(self, day: date, dimension: str) -> bool:
        if day in self.brought:
            return not dimension or dimension in self.brought[day].dimensions
        return self.of_day(day) is not UNMEASURED
