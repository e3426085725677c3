"""How raw events are counted: the one piece of SQL that makes visits and statistics of events.

The rebuild of a day and a filtered question both count with it, so that they agree. It works on
`hit` (the events of some days of one site, each with the number of its visit) and `visit` (one
row for each visit), and never on a tenant's whole log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from accounts.models import Site
from analytics.metrics import MEASURES
from tracking.agents import PROGRAM
from tracking.models.events import EventFlag

SESSION_GAP = "30 minutes"

# Attributes that a visit has as a whole: those of its first event.
VISIT_ATTRIBUTES = (
    "source", "medium", "campaign", "term", "content", "channel", "country", "region", "city",
    "device", "browser", "os", "language", "screen",
)  # fmt: skip
VISIT_DIMENSIONS = (*VISIT_ATTRIBUTES, "entry_page", "exit_page")
# The column that a dimension counts, and which of the day's events it looks at.
EVENT_DIMENSIONS = {
    "page": ("path", "name = 'page_view'"),
    "event": ("name", "true"),
    "link": ("link", "link IS NOT NULL"),
    "outbound": ("outbound", "outbound IS NOT NULL"),
    "download": ("download", "download IS NOT NULL"),
    "form": ("form", "form IS NOT NULL"),
    "hour": ("hour", "true"),
    "currency": ("currency", "value IS NOT NULL AND currency IS NOT NULL"),
}
DIMENSIONS = (*VISIT_DIMENSIONS, *EVENT_DIMENSIONS)

# What tells one visit from another on its day.
VISIT_KEY = "day, visitor, session, visit_number, lone"
# The value of all values of a day that do not keep a row of their own.
OTHER = "(other)"

# A conversion is an event of that name, or one that its sender puts into the category.
CONVERSION = "(name = 'conversion' OR category = 'conversion')"
# Where a click led, as far as a row of statistics holds it: 500 characters are at most 2,000 bytes.
_HREF = "left(props->>'href', 500)"
# A program is taken for a crawler, unless it said whom it speaks for.
PEOPLE = f"""(coalesce(a.bot, '') = ''
        OR a.bot = '{PROGRAM}' AND t.flags & {int(EventFlag.SPEAKS_FOR)} <> 0)
      AND t.flags & {int(EventFlag.AUTOMATED)} = 0"""
# What a site had received before it was emptied is on its way out, and counts no more. Read here,
# where the counting begins, so that no count goes by an older answer.
SINCE_RESET = """t.received_at >= coalesce(
        (SELECT reset_at FROM accounts_site WHERE id = %(site)s), '-infinity')"""

# The events of people on the days given by `dates`, `starts` and `ends`. A client's own session id
# is believed; otherwise a visit ends after half an hour of silence. An event without a visitor is
# a visit of its own, so that it counts everywhere except among visitors and visits. Revenue is what
# is in the site's currency: other money is no part of a sum, and nothing is converted.
HITS = f"""
WITH days AS (
    SELECT * FROM unnest(%(dates)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
        AS d (day, starts_at, ends_at)
), e AS (
    SELECT d.day, d.starts_at, t.* FROM days d
    JOIN tracking_event t ON t.occurred_at >= d.starts_at AND t.occurred_at < d.ends_at
    LEFT JOIN tracking_agent a ON a.id = t.agent_id
    WHERE t.site_id = %(site)s AND t.occurred_at >= %(first)s AND t.occurred_at < %(last)s
      AND {PEOPLE} AND {SINCE_RESET}
), gap AS (
    SELECT *, visitor IS NULL OR lag(occurred_at) OVER earlier IS NULL OR (
        session IS NULL
        AND occurred_at - lag(occurred_at) OVER earlier > interval '{SESSION_GAP}') AS begins
    FROM e
    WINDOW earlier AS (PARTITION BY day, visitor, session ORDER BY occurred_at, event_id)
)
SELECT *,
    CASE WHEN session IS NULL AND visitor IS NOT NULL THEN count(*) FILTER (WHERE begins) OVER (
        PARTITION BY day, visitor, session ORDER BY occurred_at, event_id) END AS visit_number,
    CASE WHEN visitor IS NULL THEN event_id END AS lone,
    CASE WHEN currency = %(currency)s THEN value END AS money,
    CASE WHEN name = 'click' THEN link_id::text END AS link,
    CASE WHEN name = 'click' AND props->'outbound' = 'true'::jsonb THEN {_HREF} END AS outbound,
    CASE WHEN name = 'download' THEN coalesce({_HREF}, '') END AS download,
    CASE WHEN name = 'form_submit' THEN coalesce(label, '') END AS form,
    lpad(floor(extract(epoch FROM occurred_at - starts_at) / 3600)::text, 2, '0') AS hour
FROM gap
"""  # noqa: S608


def without_session(row: str) -> str:
    """Whether a row of sessions, by its `key`, is a visit that had no session id of a client's."""
    start = f"extract(epoch FROM {row}.started_at)::bigint"
    return f"{row}.key = hashint8extended({row}.visitor, {start})"


_OF_FIRST = ", ".join(f"max({name}) FILTER (WHERE begins) AS {name}" for name in VISIT_ATTRIBUTES)
EVENTS_OF_VISIT = f"""
    count(*) FILTER (WHERE name = 'page_view')::int AS page_views, count(*)::int AS events,
    count(*) FILTER (WHERE name = 'click')::int AS clicks,
    count(*) FILTER (WHERE {CONVERSION})::int AS conversions,
    coalesce(sum(money), 0) AS revenue
"""
VISITS = f"""
SELECT {VISIT_KEY},
    hashint8extended(visitor,
        coalesce(session, extract(epoch FROM min(occurred_at))::bigint)) AS key,
    min(occurred_at) AS started_at, max(occurred_at) AS ended_at,
    (array_agg(path ORDER BY occurred_at, event_id) FILTER (WHERE name = 'page_view'))[1]
        AS entry_page,
    (array_agg(path ORDER BY occurred_at DESC, event_id DESC) FILTER (WHERE name = 'page_view'))[1]
        AS exit_page,
    {_OF_FIRST}, {EVENTS_OF_VISIT},
    extract(epoch FROM max(occurred_at) - min(occurred_at))::int AS duration_seconds,
    count(*) = 1 AND bool_and(name = 'page_view') AS bounced
FROM hit GROUP BY {VISIT_KEY}
"""  # noqa: S608

# What is counted of visits, and of single events where the value may change within a visit.
_OF_VISITS = """
    count(DISTINCT visitor) AS visitors,
    count(*) FILTER (WHERE visitor IS NOT NULL) AS sessions,
    coalesce(sum(page_views), 0) AS page_views, coalesce(sum(events), 0) AS events,
    coalesce(sum(clicks), 0) AS clicks,
    count(DISTINCT visitor) FILTER (WHERE clicks > 0) AS clickers,
    coalesce(sum(conversions), 0) AS conversions,
    count(*) FILTER (WHERE bounced AND visitor IS NOT NULL) AS bounces,
    coalesce(sum(duration_seconds) FILTER (WHERE visitor IS NOT NULL), 0) AS duration_seconds,
    coalesce(sum(revenue), 0) AS revenue
"""
_OF_EVENTS = f"""
    count(DISTINCT visitor) AS visitors,
    count(DISTINCT (visitor, session, visit_number)) FILTER (WHERE visitor IS NOT NULL) AS sessions,
    count(*) FILTER (WHERE name = 'page_view') AS page_views, count(*) AS events,
    count(*) FILTER (WHERE name = 'click') AS clicks,
    count(DISTINCT visitor) FILTER (WHERE name = 'click') AS clickers,
    count(*) FILTER (WHERE {CONVERSION}) AS conversions,
    NULL::bigint AS bounces, NULL::bigint AS duration_seconds
"""
_REVENUE = "coalesce(sum(money), 0)"
# A row of a currency has its own sum; several currencies together have none.
_REVENUE_OF_CURRENCY = f"CASE WHEN currency <> '{OTHER}' THEN sum(value) END"
# The measures as columns of SQL, in the order in which they are counted above.
COLUMNS = ", ".join(MEASURES)


def visit_stats(names: tuple[str, ...], *, total: bool = False) -> str:
    """One pass over `visit` that counts dimensions of visits by day, and the day's total."""
    sets = [f"(day, {name})" for name in names] + (["(day)"] if total else [])
    which = " ".join(f"WHEN grouping({name}) = 0 THEN '{name}'" for name in names)
    value = " ".join(f"WHEN grouping({name}) = 0 THEN {name}" for name in names)
    dimension = f"CASE {which} ELSE '' END, coalesce(CASE {value} END, '')" if names else "'', ''"
    return (
        f"SELECT day, {dimension}, {_OF_VISITS} FROM visit"  # noqa: S608
        f" GROUP BY GROUPING SETS ({', '.join(sets)})"
    )


def event_stats(name: str) -> str:
    """One pass over `hit` that counts a dimension of events by day."""
    column, kept = EVENT_DIMENSIONS[name]
    revenue = _REVENUE_OF_CURRENCY if name == "currency" else _REVENUE
    return (
        f"SELECT day, '{name}', coalesce({column}, ''), {_OF_EVENTS}, {revenue} FROM hit"  # noqa: S608
        f" WHERE {kept} GROUP BY day, {column}"
    )


def stats_of(name: str) -> str:
    """The counts of one dimension; "" is the total."""
    if name in EVENT_DIMENSIONS:
        return event_stats(name)
    return visit_stats((name,)) if name else visit_stats((), total=True)


EVERYTHING = " UNION ALL ".join(
    [visit_stats(VISIT_DIMENSIONS, total=True), *map(event_stats, EVENT_DIMENSIONS)]
)


def days_of(site: Site, dates: Sequence[date]) -> dict[str, Any]:
    """The parameters of `HITS` for days of a site."""
    clock = site.clock
    days = [(day, *clock.bounds(day)) for day in dates]
    return {
        "site": site.pk,
        "currency": site.currency,
        "dates": [day for day, _start, _end in days],
        "starts": [start for _day, start, _end in days],
        "ends": [end for _day, _start, end in days],
        "first": min(start for _day, start, _end in days),
        "last": max(end for _day, _start, end in days),
    }
