"""Which visits and events a question is about: filters, and the raw events that pass them.

A filter on an attribute of visits (source, country, entry page …) keeps whole visits. A filter on
events (page, event) keeps single events of those visits; what only a whole visit has (bounce,
duration) is then unknown. So each agrees with the statistics of its dimension.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Site
from analytics import counting
from analytics.counting import COLUMNS, DIMENSIONS, EVENT_DIMENSIONS, VISIT_KEY
from analytics.metrics import MEASURES
from analytics.wanted import Wanted


class Operator(StrEnum):
    """How a value is compared."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    ONE_OF = "one_of"


class InvalidFilter(ValueError):
    """The filter names no dimension, or compares with nothing; the message says so to people."""


TOTAL = ""
MOST_FILTERS = 10
MOST_ONE_OF = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """A dimension compared with values; "" is the value of what has none."""

    dimension: str
    operator: Operator
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.dimension not in DIMENSIONS:
            name = self.dimension[:64].replace("\0", "")
            raise InvalidFilter(_("There is no dimension “%(name)s”.") % {"name": name})
        if not 1 <= len(self.values) <= (MOST_ONE_OF if self.operator == Operator.ONE_OF else 1):
            raise InvalidFilter(_("Give one value, or up to 100 with “one of”."))
        if any("\0" in value or len(value) > 512 for value in self.values):
            raise InvalidFilter(_("A value is too long, or holds a character that no value has."))

    @property
    def text(self) -> str:
        """As it stands in an address: `country:is:FR`, `page:one_of:/a|/b`."""
        values = "|".join(value.replace("\\", r"\\").replace("|", r"\|") for value in self.values)
        return f"{self.dimension}:{self.operator}:{values}"

    @property
    def on_events(self) -> bool:
        """Whether it picks single events rather than whole visits."""
        return self.dimension in EVENT_DIMENSIONS

    def sql(self, name: str) -> tuple[str, dict[str, Any]]:
        """The condition, with its parameters under names that begin with `name`."""
        column, kept = EVENT_DIMENSIONS.get(self.dimension, (self.dimension, "true"))
        value = f"coalesce({column}, '')"
        if self.operator == Operator.CONTAINS:
            compared = f"position(lower(%({name})s) IN lower({value})) > 0"
            return f"({kept} AND {compared})", {name: self.values[0]}
        compared = f"{value} = ANY(%({name})s)"
        if self.operator == Operator.IS_NOT:
            compared = f"NOT {compared}"
        return f"({kept} AND {compared})", {name: list(self.values)}


_PARTS = re.compile(r"\\(.)|(\|)", re.DOTALL)
_CUT = "\0"  # no value holds it


def read(texts: Iterable[str]) -> tuple[Filter, ...]:
    """The filters of an address, each written as `Filter.text`. Raises `InvalidFilter`."""
    found = []
    for text in texts:
        dimension, __, rest = text.partition(":")
        operator, __, values = rest.partition(":")
        if operator not in list(Operator):
            raise InvalidFilter(_("Write a filter as dimension:is:value, such as country:is:FR."))
        if "\0" in values:
            raise InvalidFilter(_("A value holds a character that no value has."))
        parts = _PARTS.sub(lambda part: part[1] or _CUT, values).split(_CUT)
        if operator != Operator.ONE_OF:
            parts = [_PARTS.sub(lambda part: part[1] or part[2], values)]
        found.append(Filter(dimension, Operator(operator), tuple(parts)))
    if len(found) > MOST_FILTERS:
        raise InvalidFilter(_("Give at most %(n)s filters.") % {"n": MOST_FILTERS})
    return tuple(dict.fromkeys(found))


def _conditions(filters: Iterable[Filter], prefix: str) -> tuple[str, dict[str, Any]]:
    parts = ["true"]
    parameters: dict[str, Any] = {}
    for number, item in enumerate(filters):
        condition, values = item.sql(f"{prefix}{number}")
        parts.append(condition)
        parameters |= values
    return " AND ".join(parts), parameters


# NULL equals nothing, so the parts of a visit's key are compared with something in their place.
_NO_UUID = "00000000-0000-0000-0000-000000000000"


def _same_visit(one: str, other: str) -> str:
    parts = {
        "day": "",
        "visitor": "0",
        "session": "0",
        "visit_number": "0",
        "lone": f"'{_NO_UUID}'",
    }
    return " AND ".join(
        f"coalesce({one}.{name}, {none}) = coalesce({other}.{name}, {none})"
        if none
        else f"{one}.{name} = {other}.{name}"
        for name, none in parts.items()
    )


def _with(filters: Sequence[Filter]) -> tuple[str, dict[str, Any]]:
    """`hit` and `visit` of a question: what passes the filters, and only that."""
    of_visits, one = _conditions([f for f in filters if not f.on_events], "v")
    on_events = [f for f in filters if f.on_events]
    of_events, two = _conditions(on_events, "e")
    visits = f"SELECT * FROM every_visit WHERE {of_visits}"  # noqa: S608
    hits = (
        f"SELECT h.* FROM every_hit h WHERE {of_events} AND EXISTS"  # noqa: S608
        f" (SELECT FROM kept_visit v WHERE {_same_visit('v', 'h')})"
    )
    matched = "SELECT * FROM kept_visit"
    if on_events:
        attributes = ", ".join(f"v.{name}" for name in counting.VISIT_DIMENSIONS)
        keys = ", ".join(f"v.{name}" for name in VISIT_KEY.split(", "))
        matched = (
            f"SELECT {keys}, {attributes}, c.page_views, c.events, c.clicks, c.conversions,"  # noqa: S608
            " c.revenue, NULL::int AS duration_seconds, NULL::boolean AS bounced"
            " FROM kept_visit v JOIN ("
            f" SELECT {VISIT_KEY}, {counting.EVENTS_OF_VISIT} FROM hit GROUP BY {VISIT_KEY}"
            f") c ON {_same_visit('v', 'c')}"
        )
    every_visit = counting.VISITS.replace("FROM hit", "FROM every_hit")
    chain = {
        "every_hit": counting.HITS,
        "every_visit": every_visit,
        "kept_visit": visits,
        "hit": hits,
        "visit": matched,
    }
    text = ", ".join(f"{name} AS MATERIALIZED ({query})" for name, query in chain.items())
    return f"WITH {text}", one | two


Counts = dict[str, int | Decimal | None]


def unknown_measures(filters: Sequence[Filter]) -> frozenset[str]:
    """What cannot be told of a part of a visit's events."""
    on_events = any(item.on_events for item in filters)
    return frozenset({"bounces", "duration_seconds"} if on_events else ())


def _counts(values: Sequence[Any], filters: Sequence[Filter]) -> Counts:
    unknown = unknown_measures(filters)
    return {
        name: None if name in unknown else value
        for name, value in zip(MEASURES, values, strict=True)
    }


# The planner takes the events that pass for a handful, and would compare each with every visit of
# its day: the time would grow with the square of the events. These make it hash all parts of a
# visit's key; a join without equality still has its loop.
_PLAN = """
SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'
"""


def _ask(
    site: Site,
    dates: Sequence[date],
    dimension: str,
    filters: Sequence[Filter],
    rest: str,
    **more: Any,
) -> list[tuple[Any, ...]]:
    """The rows of a query over what passes the filters on these days of the site."""
    if not dates:
        return []
    chain, parameters = _with(filters)
    counted = (
        f"SELECT * FROM ({counting.stats_of(dimension)})"  # noqa: S608
        f" c (day, dimension, value, {COLUMNS}) WHERE events > 0"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PLAN)
        cursor.execute(
            f"{chain}, counted AS ({counted}) {rest}",
            counting.days_of(site, dates) | parameters | more,
        )
        return list(cursor.fetchall())


def count_days(
    site: Site, dates: Sequence[date], dimension: str, filters: Sequence[Filter]
) -> dict[tuple[date, str], Counts]:
    """What passes the filters by day and value of a dimension ("": the total)."""
    rows = _ask(site, dates, dimension, filters, f"SELECT day, value, {COLUMNS} FROM counted")  # noqa: S608
    return {(row[0], row[1]): _counts(row[2:], filters) for row in rows}


def _sum_of(name: str) -> str:
    return f"sum({name})" if name == "revenue" else f"sum({name})::bigint"


def largest_values(
    site: Site, dates: Sequence[date], dimension: str, filters: Sequence[Filter], ask: Wanted
) -> list[tuple[Any, ...]]:
    """The largest values of a dimension among what passes the filters, over all the days.

    Rows of (value, *measures, total, top).
    """
    sums = ", ".join(map(_sum_of, MEASURES))
    narrowing, given = ask.narrowing("{}")
    named = {f"asked{number}": value for number, value in enumerate(given)}
    rest = (
        f"SELECT value, {sums}, {ask.of_all(_sum_of)} FROM counted"  # noqa: S608
        f" {narrowing.format(*(f'%({name})s' for name in named))} GROUP BY value"
        f" ORDER BY sum({ask.order}) DESC NULLS LAST, value LIMIT %(limit)s OFFSET %(offset)s"
    )
    more = named | {"limit": ask.limit, "offset": ask.offset}
    return _ask(site, dates, dimension, filters, rest, **more)


def visits_passing(
    site: Site,
    dates: Sequence[date],
    filters: Sequence[Filter],
    *,
    limit: int,
    within: tuple[datetime, datetime] | None = None,
    before: tuple[date, datetime, int] | None = None,
) -> list[tuple[date, int]]:
    """The newest visits with an event that passes: their days and keys in `tracking_session`.

    `within` keeps those with something in a stretch of time, `before` those older than a visit.
    """
    conditions = ["v.visitor IS NOT NULL"]
    conditions.append(f"EXISTS (SELECT FROM hit h WHERE {_same_visit('h', 'v')})")
    more: dict[str, Any] = {"limit": limit}
    if within:
        conditions.append("v.started_at < %(until)s AND v.ended_at >= %(since)s")
        more |= {"since": within[0], "until": within[1]}
    if before:
        conditions.append("(v.day, v.started_at, v.key) < (%(day)s, %(started)s, %(visit)s)")
        more |= {"day": before[0], "started": before[1], "visit": before[2]}
    rest = (
        f"SELECT v.day, v.key FROM kept_visit v WHERE {' AND '.join(conditions)}"  # noqa: S608
        " ORDER BY v.day DESC, v.started_at DESC, v.key DESC LIMIT %(limit)s"
    )
    return [(row[0], row[1]) for row in _ask(site, dates, TOTAL, filters, rest, **more)]
