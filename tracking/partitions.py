"""The monthly partitions of events, of their ids, and of what is derived from them."""

from __future__ import annotations

from datetime import date, timedelta

from psycopg import Connection, sql

from accounts.partitions import (
    Partitioned,
    bound,
    ensure,
    missing,
    month_of,
    months_ahead,
    months_of,
    name_of,
    next_month,
)

__all__ = [
    "ALL",
    "bound",
    "ensure",
    "missing",
    "month_of",
    "months_ahead",
    "name_of",
    "next_month",
]

EVENT = Partitioned("tracking_event")
EVENT_KEY = Partitioned("tracking_eventkey", by_uuid=True)
SESSION = Partitioned("tracking_session")
DAILY_STAT = Partitioned("analytics_dailystat")
# Events of any month may come in; ids of the past only through the default partition.
ALL = (EVENT, EVENT_KEY, SESSION, DAILY_STAT)


def ensure_ahead(connection: Connection, today: date) -> list[str]:
    """The partitions that the next months need, of every table."""
    months = months_ahead(today)
    return [name for partitioned in ALL for name in ensure(connection, partitioned, months)]


# --- Ids that have been known for long enough -----------------------------------------------------

KEYS_KEPT = timedelta(days=30)
_OTHER_KEYS = f"{EVENT_KEY.table}_other"
_PIECE = 20_000


def drop_old_keys(connection: Connection, today: date) -> list[str]:
    """Drop the ids of months that ended long ago; returns the names of their tables.

    An event sent again later than that counts again. Waits for nobody: what is in use is dropped
    another night. Needs a connection that commits by itself.
    """
    dropped = []
    for month in months_of(connection, EVENT_KEY):
        if next_month(month) > today - KEYS_KEPT or month >= months_ahead(today)[0]:
            continue
        name = name_of(EVENT_KEY, month)
        with connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '1s'")
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
        dropped.append(name)
    return dropped


def forget_old_keys(connection: Connection, today: date) -> int:
    """Delete ids that tell no time once they have been known for `KEYS_KEPT`, piece by piece."""
    piece = sql.SQL(
        "DELETE FROM {table} WHERE ctid IN"
        " (SELECT ctid FROM {table} WHERE received_on < %s LIMIT %s)"
    ).format(table=sql.Identifier(_OTHER_KEYS))
    gone = 0
    while True:
        deleted = connection.execute(piece, [today - KEYS_KEPT, _PIECE]).rowcount
        gone += deleted
        if deleted < _PIECE:
            return gone
