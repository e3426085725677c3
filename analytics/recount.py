"""Count one day again and bring its rows to what its raw events say.

The counting is `analytics.counting`; here its results meet the tables: values that get no row of
their own are folded, visits that go on over midnight are recognised, and only rows that differ are
written. It works in temporary tables of the caller's transaction.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.backends.utils import CursorWrapper

from accounts.models import Site
from analytics import counting
from analytics.counting import COLUMNS, EVENT_DIMENSIONS, OTHER, SESSION_GAP, VISIT_DIMENSIONS

# A day keeps this many values of a dimension; the rest is one value, and the total stays exact.
MOST_VALUES = 10_000
# Once a day is sealed, a value that could name a person stands for at least so many visitors.
FEWEST_VISITORS = 5
# What holds free text, or a place small enough to tell people apart; the others are short lists.
NAMING_DIMENSIONS = (
    "page", "entry_page", "exit_page", "event", "source", "medium", "campaign", "term", "content",
    "region", "city", "outbound", "download", "form",
)  # fmt: skip

_SESSION_COLUMNS = ", ".join(
    ("visitor", "started_at", "ended_at", *VISIT_DIMENSIONS, "page_views", "events", "clicks",
     "conversions", "duration_seconds", "bounced", "continued")
)  # fmt: skip
_SESSIONS = f"""
SELECT DISTINCT ON (key) %(site)s::int AS site_id, day AS date, key,
    {_SESSION_COLUMNS.replace("continued", "false AS continued")}
FROM visit WHERE visitor IS NOT NULL ORDER BY key, started_at
"""  # noqa: S608
# A visit goes on from the day before if the same visitor (under the same session id, if there is
# one: the key then holds both) had one there whose last event is at most half an hour earlier.
_CONTINUED = f"""
UPDATE new_session n SET continued = true FROM tracking_session b
WHERE b.site_id = %(site)s AND b.date = %(before)s AND b.visitor = n.visitor
    AND b.ended_at >= n.started_at - interval '{SESSION_GAP}'
    AND (b.key = n.key OR ({counting.without_session("b")} AND {counting.without_session("n")}))
"""  # noqa: S608
_LATE = f"visitor, key, ended_at FROM {{}} WHERE ended_at >= %(last)s - interval '{SESSION_GAP}'"
_LATE_OLD = _LATE.format("tracking_session") + " AND site_id = %(site)s AND date = ANY(%(dates)s)"
_LATE_NEW = _LATE.format("new_session")
# The visitors whose visits in the day's last half hour are others than before.
_CHANGED_LATE = f"""
SELECT DISTINCT visitor FROM (
    (SELECT {_LATE_OLD} EXCEPT SELECT {_LATE_NEW})
    UNION ALL (SELECT {_LATE_NEW} EXCEPT SELECT {_LATE_OLD})
) changed
"""  # noqa: S608


def _temporary(name: str, query: str) -> str:
    return f"CREATE TEMP TABLE {name} ON COMMIT DROP AS {query}"


def _rows_of_day(counted: str) -> str:
    """The counts as rows of the day's statistics."""
    return (
        f"SELECT %(site)s::int AS site_id, date, dimension, value, {COLUMNS}"  # noqa: S608
        f" FROM ({counted}) counted (date, dimension, value, {COLUMNS}) WHERE events > 0"
    )


def _fold(cursor: CursorWrapper, dimension: str, kept: str, day: dict[str, Any]) -> None:
    """Count a dimension again with all values but the `kept` ones of `new_stat` as one value."""
    table, column = "visit", dimension
    if dimension in EVENT_DIMENSIONS:
        table, column = "hit", EVENT_DIMENSIONS[dimension][0]
    cursor.execute(
        f"UPDATE {table} SET {column} = %(other)s WHERE {column} IS NOT NULL AND {column} NOT IN"  # noqa: S608
        f" (SELECT value FROM new_stat WHERE dimension = %(dimension)s {kept})",
        {"other": OTHER, "dimension": dimension},
    )
    cursor.execute("DELETE FROM new_stat WHERE dimension = %s", [dimension])
    cursor.execute(f"INSERT INTO new_stat {_rows_of_day(counting.stats_of(dimension))}", day)


def _fold_too_many(cursor: CursorWrapper, day: dict[str, Any]) -> None:
    cursor.execute("SELECT dimension FROM new_stat GROUP BY 1 HAVING count(*) > %s", [MOST_VALUES])
    for (dimension,) in cursor.fetchall():
        _fold(cursor, dimension, f"ORDER BY events DESC, value LIMIT {MOST_VALUES - 1}", day)


def _fold_rare(cursor: CursorWrapper, day: dict[str, Any]) -> None:
    """No value that could name a person is left that fewer than five visitors had."""
    cursor.execute(
        "SELECT DISTINCT dimension FROM new_stat"
        " WHERE dimension = ANY(%s) AND visitors < %s AND value <> ''",
        [list(NAMING_DIMENSIONS), FEWEST_VISITORS],
    )
    for (dimension,) in cursor.fetchall():
        _fold(cursor, dimension, f"AND visitors >= {FEWEST_VISITORS}", day)


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


def recount(cursor: CursorWrapper, site: Site, date: date, *, fold_rare: bool = False) -> int:
    """Bring a day to what its raw events say; returns how many rows differed.

    Leaves `changed_late`, the visitors whose visits near the day's end have changed.
    """
    day = counting.days_of(site, [date]) | {"before": date - timedelta(days=1)}
    cursor.execute("SET LOCAL work_mem = '64MB'")
    cursor.execute("SET LOCAL jit = off")
    cursor.execute("DROP TABLE IF EXISTS hit, visit, new_session, new_stat, changed_late")
    cursor.execute(_temporary("hit", counting.HITS), day)
    cursor.execute(_temporary("visit", counting.VISITS))
    cursor.execute(_temporary("new_session", _SESSIONS), day)
    cursor.execute(_temporary("new_stat", _rows_of_day(counting.EVERYTHING)), day)
    _fold_too_many(cursor, day)
    if fold_rare:
        _fold_rare(cursor, day)
    # Nothing else looks at new temporary tables, and without it the comparison is quadratic.
    cursor.execute("ANALYZE new_session, new_stat")
    cursor.execute(_CONTINUED, day)
    cursor.execute(_temporary("changed_late", _CHANGED_LATE), day)
    changed = _replace(
        cursor, "tracking_session", "new_session", "site_id, date, key", _SESSION_COLUMNS, day
    )
    key = "site_id, dimension, date, value"
    return changed + _replace(cursor, "analytics_dailystat", "new_stat", key, COLUMNS, day)
