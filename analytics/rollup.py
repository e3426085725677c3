"""Make a site's day anew from its raw events: sessions, daily statistics, version.

A rebuild counts again and replaces; it never adds. So a late event, an erasure or a new list of
bots needs nothing but a mark. Two rebuilds of one day wait for each other; a reader sees the old
day or the new one.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import Site
from analytics.models import SiteDay
from analytics.period import day_bounds
from tracking import partitions
from tracking.models import DirtyDay
from tracking.models.events import EventFlag

# A day that changes all the time is made anew after ten times what it costs, at least this often.
SMALLEST_DELAY = timedelta(seconds=2)
PATIENCE = 10

SESSION_GAP = "30 minutes"

# Attributes that a visit has as a whole: those of its first event.
VISIT_ATTRIBUTES = (
    "source", "medium", "campaign", "term", "content", "channel", "country", "region", "city",
    "device", "browser", "os", "language", "screen",
)  # fmt: skip

# The day's events with the number of their session. A client's own session id is believed;
# otherwise a session ends after half an hour of silence. An event without a visitor is a group of
# its own, so that it counts everywhere except among visitors and sessions.
HITS = f"""
CREATE TEMP TABLE hit ON COMMIT DROP AS
WITH e AS (
    SELECT t.* FROM tracking_event t LEFT JOIN tracking_agent a ON a.id = t.agent_id
    WHERE t.site_id = %(site)s AND t.occurred_at >= %(start)s AND t.occurred_at < %(end)s
      AND coalesce(a.bot, '') = '' AND t.flags & {int(EventFlag.AUTOMATED)} = 0
), gap AS (
    SELECT *, session IS NULL AND (
        lag(occurred_at) OVER visit IS NULL
        OR occurred_at - lag(occurred_at) OVER visit > interval '{SESSION_GAP}') AS begins
    FROM e WINDOW visit AS (PARTITION BY visitor, session ORDER BY occurred_at, event_id)
)
SELECT *, CASE WHEN session IS NULL THEN count(*) FILTER (WHERE begins) OVER (
    PARTITION BY visitor, session ORDER BY occurred_at, event_id) END AS visit_number,
    CASE WHEN visitor IS NULL THEN event_id END AS lone,
    lpad(floor(extract(epoch FROM occurred_at - %(start)s) / 3600)::text, 2, '0') AS hour
FROM gap
"""  # noqa: S608

_first = ", ".join(
    f"(array_agg({name} ORDER BY occurred_at, event_id))[1] AS {name}" for name in VISIT_ATTRIBUTES
)
_list = ", ".join(VISIT_ATTRIBUTES)

VISITS = f"""
CREATE TEMP TABLE visit ON COMMIT DROP AS
SELECT visitor, session, visit_number, lone,
    hashint8extended(visitor,
        coalesce(session, extract(epoch FROM min(occurred_at))::bigint)) AS key,
    min(occurred_at) AS started_at, max(occurred_at) AS ended_at,
    (array_agg(path ORDER BY occurred_at, event_id) FILTER (WHERE name = 'page_view'))[1]
        AS entry_page,
    (array_agg(path ORDER BY occurred_at DESC, event_id DESC) FILTER (WHERE name = 'page_view'))[1]
        AS exit_page,
    {_first},
    count(*) FILTER (WHERE name = 'page_view')::int AS page_views, count(*)::int AS events,
    count(*) FILTER (WHERE name = 'click')::int AS clicks,
    count(*) FILTER (WHERE name = 'conversion')::int AS conversions,
    extract(epoch FROM max(occurred_at) - min(occurred_at))::int AS duration_seconds,
    count(*) = 1 AND bool_and(name = 'page_view') AS bounced
FROM hit GROUP BY visitor, session, visit_number, lone
"""  # noqa: S608

_SESSION_COLUMNS = (
    "visitor, started_at, ended_at, entry_page, exit_page, "
    f"{_list}, page_views, events, clicks, conversions, duration_seconds, bounced"
)

SESSIONS = f"""
CREATE TEMP TABLE new_session ON COMMIT DROP AS
SELECT DISTINCT ON (key) %(site)s::int AS site_id, %(date)s::date AS date, key, {_SESSION_COLUMNS}
FROM visit WHERE visitor IS NOT NULL ORDER BY key, started_at
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
    coalesce(sum(duration_seconds) FILTER (WHERE visitor IS NOT NULL), 0) AS duration_seconds
"""
_OF_EVENTS = """
    count(DISTINCT visitor) AS visitors,
    count(DISTINCT (visitor, session, visit_number)) FILTER (WHERE visitor IS NOT NULL) AS sessions,
    count(*) FILTER (WHERE name = 'page_view') AS page_views, count(*) AS events,
    count(*) FILTER (WHERE name = 'click') AS clicks,
    count(DISTINCT visitor) FILTER (WHERE name = 'click') AS clickers,
    count(*) FILTER (WHERE name = 'conversion') AS conversions,
    NULL::bigint AS bounces, NULL::bigint AS duration_seconds
"""
VISIT_DIMENSIONS = (*VISIT_ATTRIBUTES, "entry_page", "exit_page")
# The column that a dimension counts, and which of the day's events it looks at.
EVENT_DIMENSIONS = {
    "page": ("path", "name = 'page_view'"),
    "event": ("name", "true"),
    "hour": ("hour", "true"),
}
DIMENSIONS = (*VISIT_DIMENSIONS, *EVENT_DIMENSIONS)
_MEASURES = (
    "visitors, sessions, page_views, events, clicks, clickers, conversions, bounces, "
    "duration_seconds"
)
# A day keeps this many values of a dimension; the rest is one value, and the total stays exact.
MOST_VALUES = 10_000
OTHER = "(other)"


def _visit_stats(names: tuple[str, ...], sets: str) -> str:
    """One pass over the visits that counts every grouping set; `()` is the day's total."""
    which = " ".join(f"WHEN grouping({name}) = 0 THEN '{name}'" for name in names)
    value = " ".join(f"WHEN grouping({name}) = 0 THEN {name}" for name in names)
    return (
        f"SELECT CASE {which} ELSE '' END, coalesce(CASE {value} END, ''), {_OF_VISITS}"  # noqa: S608
        f" FROM visit GROUP BY GROUPING SETS ({sets})"
    )


def _event_stats(name: str) -> str:
    """One pass over the events that counts a dimension."""
    column, kept = EVENT_DIMENSIONS[name]
    return (
        f"SELECT '{name}', coalesce({column}, ''), {_OF_EVENTS} FROM hit"  # noqa: S608
        f" WHERE {kept} GROUP BY {column}"
    )


def _rows_of_day(counted: str) -> str:
    """The counts as rows of the day's statistics."""
    return (
        f"SELECT %(site)s::int AS site_id, %(date)s::date AS date, dimension, value, {_MEASURES}"  # noqa: S608
        f" FROM ({counted}) counted (dimension, value, {_MEASURES}) WHERE events > 0"
    )


_ALL_SETS = ", ".join(["()", *(f"({name})" for name in VISIT_DIMENSIONS)])
_EVERYTHING = " UNION ALL ".join(
    [_visit_stats(VISIT_DIMENSIONS, _ALL_SETS), *map(_event_stats, EVENT_DIMENSIONS)]
)
STATS = f"CREATE TEMP TABLE new_stat ON COMMIT DROP AS {_rows_of_day(_EVERYTHING)}"


def _fold_the_rest(cursor: CursorWrapper, dimension: str, day: dict[str, Any]) -> None:
    """Count a dimension of too many values again, with all but the largest as one value."""
    table, column, recount = "visit", dimension, ""
    if dimension in EVENT_DIMENSIONS:
        table, column, recount = "hit", EVENT_DIMENSIONS[dimension][0], _event_stats(dimension)
    cursor.execute(
        f"UPDATE {table} SET {column} = %(other)s WHERE {column} IS NOT NULL AND {column} NOT IN ("  # noqa: S608
        " SELECT value FROM new_stat WHERE dimension = %(dimension)s"
        " ORDER BY events DESC, value LIMIT %(most)s)",
        {"other": OTHER, "dimension": dimension, "most": MOST_VALUES - 1},
    )
    cursor.execute("DELETE FROM new_stat WHERE dimension = %s", [dimension])
    recount = recount or _visit_stats((dimension,), f"({dimension})")
    cursor.execute(f"INSERT INTO new_stat {_rows_of_day(recount)}", day)


def _replace(
    cursor: CursorWrapper, table: str, fresh: str, key: str, columns: str, day: dict
) -> int:
    """Bring a day's rows to what they are in `fresh`, writing only rows that differ."""
    same_key = " AND ".join(f"t.{name} = n.{name}" for name in key.split(", "))
    cursor.execute(
        f"DELETE FROM {table} t WHERE t.site_id = %(site)s AND t.date = %(date)s"  # noqa: S608
        f" AND NOT EXISTS (SELECT FROM {fresh} n WHERE {same_key})",
        day,
    )
    changed = cursor.rowcount
    news = ", ".join(f"excluded.{name}" for name in columns.split(", "))
    olds = ", ".join(f"{table}.{name}" for name in columns.split(", "))
    cursor.execute(
        f"INSERT INTO {table} ({key}, {columns}) SELECT {key}, {columns} FROM {fresh}"  # noqa: S608
        f" ON CONFLICT ({key}) DO UPDATE SET ({columns}) = ROW({news})"
        f" WHERE ({olds}) IS DISTINCT FROM ({news})"
    )
    return changed + cursor.rowcount


def _count_again(cursor: CursorWrapper, day: dict[str, Any]) -> int:
    cursor.execute("SET LOCAL work_mem = '64MB'")
    cursor.execute("SET LOCAL jit = off")
    cursor.execute("DROP TABLE IF EXISTS hit, visit, new_session, new_stat")
    cursor.execute(HITS, day)
    cursor.execute(VISITS)
    cursor.execute(SESSIONS, day)
    cursor.execute(STATS, day)
    cursor.execute("SELECT dimension FROM new_stat GROUP BY 1 HAVING count(*) > %s", [MOST_VALUES])
    for (dimension,) in cursor.fetchall():
        _fold_the_rest(cursor, dimension, day)
    squeezed = " ".join(_SESSION_COLUMNS.split())
    changed = _replace(
        cursor, "tracking_session", "new_session", "site_id, date, key", squeezed, day
    )
    key = "site_id, dimension, date, value"
    return changed + _replace(cursor, "analytics_dailystat", "new_stat", key, _MEASURES, day)


@transaction.atomic
def rebuild(site: Site, day: date, *, if_marked: bool = False) -> SiteDay | None:
    """Make one day anew from its raw events and raise its version if anything changed.

    None when nothing was done: the day is sealed (its raw events are gone), or, with `if_marked`,
    somebody else has just rebuilt it.
    """
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [site.pk, day.toordinal()])
        # The marks go first: what is marked from now on is seen by a later rebuild for certain.
        marks, _by_model = DirtyDay.plain.filter(site=site, date=day).delete()
        if if_marked and not marks:
            return None
        known = SiteDay.plain.filter(site=site, date=day).first()
        if known is not None and known.sealed_at:
            return None
        zone = known.zone if known else site.time_zone
        start, end = day_bounds(day, zone)
        month = [partitions.month_of(day)]
        for partitioned in (partitions.SESSION, partitions.DAILY_STAT):
            partitions.ensure(connection.connection, partitioned, month)
        parameters = {"site": site.pk, "date": day, "start": start, "end": end}
        changed = _count_again(cursor, parameters)
    row = known or SiteDay(site=site, date=day, zone=zone)
    row.version += 1 if changed or known is None else 0
    row.rebuilt_at = datetime.now(UTC)
    row.cost_ms = int((time.monotonic() - began) * 1000)
    row.save()
    return row


def due_days(now: datetime) -> list[tuple[int, date]]:
    """(site id, day) of the marked days that have rested long enough since their last rebuild."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.site_id, d.date FROM (SELECT DISTINCT site_id, date FROM tracking_dirtyday) d"
            " LEFT JOIN analytics_siteday s ON s.site_id = d.site_id AND s.date = d.date"
            " WHERE s.rebuilt_at IS NULL"
            " OR s.rebuilt_at + greatest(%s::interval, s.cost_ms * %s * interval '1 ms') <= %s"
            " ORDER BY d.date DESC, d.site_id",
            [str(SMALLEST_DELAY), PATIENCE, now],
        )
        return list(cursor.fetchall())


def rebuild_due(now: datetime, budget: timedelta = timedelta(seconds=20)) -> int:
    """Rebuild the days that are due, newest first, for at most `budget`; returns how many."""
    until, done = time.monotonic() + budget.total_seconds(), 0
    sites = Site.objects.unscoped("statistics of every tenant are made alike")
    for site_id, day in due_days(now):
        if time.monotonic() > until:
            break
        site = sites.filter(pk=site_id).first()
        if site is None:
            DirtyDay.plain.filter(site_id=site_id).delete()
            continue
        done += rebuild(site, day, if_marked=True) is not None
    return done
