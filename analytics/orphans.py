"""What is left of sites that were deleted.

The big tables know no foreign key to their site (rows come in by the thousand), so a site's events,
keys, sessions and statistics, the imported ones too, are erased here, a piece at a time, as soon as
the site is gone.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from psycopg import sql

from analytics.models import DailyStat, ImportedDay
from tracking.models import DirtyDay, Event, EventKey, Outcome, Rejected, Session

HOLDERS = (Event, EventKey, Session, DailyStat, ImportedDay, DirtyDay, Outcome, Rejected)
# Rows a statement deletes, so that none of them holds its locks for long.
PIECE = 20_000


def site_ids() -> set[int]:
    """The ids in the days of statistics and in marks whose site is no more."""
    found: set[int] = set()
    with connection.cursor() as cursor:
        for model in HOLDERS:
            # The next id by the index each time: as many steps as there are sites, not rows.
            cursor.execute(
                f"WITH RECURSIVE s AS ((SELECT min(site_id) AS id FROM {model._meta.db_table})"  # noqa: S608
                f" UNION ALL SELECT (SELECT min(site_id) FROM {model._meta.db_table} t"
                " WHERE t.site_id > s.id) FROM s WHERE s.id IS NOT NULL)"
                " SELECT id FROM s WHERE id IS NOT NULL"
                " AND NOT EXISTS (SELECT FROM accounts_site w WHERE w.id = s.id)"
            )
            found.update(row[0] for row in cursor.fetchall())
    return found


def erase_pieces(table: str, which: str, given: dict[str, Any]) -> int:
    """Delete the rows `t` of a table that `which` picks, a piece at a time; returns how many.

    `which` is SQL of ours, never anything that was sent; `given` are its parameters.
    """
    piece = sql.SQL(
        "DELETE FROM {table} WHERE (tableoid, ctid) IN"
        " (SELECT t.tableoid, t.ctid FROM {table} t WHERE {which} LIMIT %(piece)s)"
    ).format(table=sql.Identifier(table), which=sql.SQL(which))
    erased = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(piece, given | {"piece": PIECE})
            erased += cursor.rowcount
            if cursor.rowcount < PIECE:
                return erased


def erase(site_id: int) -> int:
    """Erase all rows of a site that is no more; returns how many there were. May be repeated."""
    given = {"site": site_id}
    return sum(
        erase_pieces(model._meta.db_table, "t.site_id = %(site)s", given) for model in HOLDERS
    )


def erase_all() -> int:
    """Erase what deleted sites have left; returns the number of rows."""
    return sum(erase(site_id) for site_id in sorted(site_ids()))
