"""Make a site's day anew from its raw events: sessions, daily statistics, version.

A rebuild counts again and replaces; it never adds. So a late event, an erasure or a new list of
bots needs nothing but a mark. Two rebuilds of one day wait for each other; a reader sees the old
day or the new one.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import Site
from analytics import counting
from analytics.counting import COLUMNS, EVENT_DIMENSIONS, VISIT_DIMENSIONS
from analytics.models import SiteDay
from tracking import partitions
from tracking.models import DirtyDay

log = structlog.get_logger(__name__)

# A day that changes all the time is made anew after ten times what it costs, at least this often.
SMALLEST_DELAY = timedelta(seconds=2)
PATIENCE = 10

# A day keeps this many values of a dimension; the rest is one value, and the total stays exact.
MOST_VALUES = 10_000
OTHER = "(other)"

_SESSION_COLUMNS = ", ".join(
    ("visitor", "started_at", "ended_at", *VISIT_DIMENSIONS, "page_views", "events", "clicks",
     "conversions", "duration_seconds", "bounced")
)  # fmt: skip
_SESSIONS = (
    f"SELECT DISTINCT ON (key) %(site)s::int AS site_id, day AS date, key, {_SESSION_COLUMNS}"  # noqa: S608
    " FROM visit WHERE visitor IS NOT NULL ORDER BY key, started_at"
)


def _temporary(name: str, query: str) -> str:
    return f"CREATE TEMP TABLE {name} ON COMMIT DROP AS {query}"


def _rows_of_day(counted: str) -> str:
    """The counts as rows of the day's statistics."""
    return (
        f"SELECT %(site)s::int AS site_id, date, dimension, value, {COLUMNS}"  # noqa: S608
        f" FROM ({counted}) counted (date, dimension, value, {COLUMNS}) WHERE events > 0"
    )


def _fold_the_rest(cursor: CursorWrapper, dimension: str, day: dict[str, Any]) -> None:
    """Count a dimension of too many values again, with all but the largest as one value."""
    table, column = "visit", dimension
    if dimension in EVENT_DIMENSIONS:
        table, column = "hit", EVENT_DIMENSIONS[dimension][0]
    cursor.execute(
        f"UPDATE {table} SET {column} = %(other)s WHERE {column} IS NOT NULL AND {column} NOT IN ("  # noqa: S608
        " SELECT value FROM new_stat WHERE dimension = %(dimension)s"
        " ORDER BY events DESC, value LIMIT %(most)s)",
        {"other": OTHER, "dimension": dimension, "most": MOST_VALUES - 1},
    )
    cursor.execute("DELETE FROM new_stat WHERE dimension = %s", [dimension])
    cursor.execute(f"INSERT INTO new_stat {_rows_of_day(counting.stats_of(dimension))}", day)


def _replace(
    cursor: CursorWrapper, table: str, fresh: str, key: str, columns: str, day: dict
) -> int:
    """Bring a day's rows to what they are in `fresh`, writing only rows that differ."""
    same_key = " AND ".join(f"t.{name} = n.{name}" for name in key.split(", "))
    cursor.execute(
        f"DELETE FROM {table} t WHERE t.site_id = %(site)s AND t.date = ANY(%(dates)s)"  # noqa: S608
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


def _count_again(cursor: CursorWrapper, site: Site, date: date) -> int:
    """Bring a day to what its raw events say; returns how many rows differed."""
    day = counting.days_of(site.pk, [(date, *site.clock.bounds(date))])
    cursor.execute("SET LOCAL work_mem = '64MB'")
    cursor.execute("SET LOCAL jit = off")
    cursor.execute("DROP TABLE IF EXISTS hit, visit, new_session, new_stat")
    cursor.execute(_temporary("hit", counting.HITS), day)
    cursor.execute(_temporary("visit", counting.VISITS))
    cursor.execute(_temporary("new_session", _SESSIONS), day)
    cursor.execute(_temporary("new_stat", _rows_of_day(counting.EVERYTHING)), day)
    cursor.execute("SELECT dimension FROM new_stat GROUP BY 1 HAVING count(*) > %s", [MOST_VALUES])
    for (dimension,) in cursor.fetchall():
        _fold_the_rest(cursor, dimension, day)
    # Nothing else looks at new temporary tables, and without it the comparison is quadratic.
    cursor.execute("ANALYZE new_session, new_stat")
    changed = _replace(
        cursor, "tracking_session", "new_session", "site_id, date, key", _SESSION_COLUMNS, day
    )
    key = "site_id, dimension, date, value"
    return changed + _replace(cursor, "analytics_dailystat", "new_stat", key, COLUMNS, day)


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
        month = [partitions.month_of(day)]
        for partitioned in (partitions.SESSION, partitions.DAILY_STAT):
            partitions.ensure(connection.connection, partitioned, month)
        changed = _count_again(cursor, site, day)
    row = known or SiteDay(site=site, date=day, zone=site.clock.zone_on(day))
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
        try:
            done += rebuild(site, day, if_marked=True) is not None
        except Exception:  # one day that cannot be counted must not stop those after it
            log.exception("day not rebuilt", site=site.key, date=day)
    return done


def drift(site: Site, day: date) -> int | None:
    """How many rows of a rebuilt day differ from a fresh count; nothing is repaired.

    None where that cannot be told: the day is sealed, or marked and about to be rebuilt.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [site.pk, day.toordinal()])
            state = SiteDay.plain.filter(site=site, date=day, sealed_at=None)
            if not state.exists() or DirtyDay.plain.filter(site=site, date=day).exists():
                return None
            found = _count_again(cursor, site, day)
        transaction.set_rollback(True)
    return found
