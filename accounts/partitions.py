"""Monthly partitions of the big tables, made before they are needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from psycopg import Connection, sql

# Months made ahead of time by the periodic task, so that no event ever waits for its table.
MONTHS_AHEAD = 3
# The lock under which partitions are made: two who need the same month do not race.
PARTITION_LOCK = 4_711_002


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A table, and whether its months are bounds of times or of time-ordered ids (UUIDv7)."""

    table: str
    by_uuid: bool = False


def month_of(day: date) -> date:
    """The first day of the day's month."""
    return date(day.year, day.month, 1)


def next_month(month: date) -> date:
    """The first day of the following month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def bound(partitioned: Partitioned, month: date) -> str:
    """The lower bound of a month's partition, as PostgreSQL reads it."""
    if not partitioned.by_uuid:
        return month.isoformat()
    milliseconds = int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp() * 1000)
    text = f"{milliseconds:012x}"
    return f"{text[:8]}-{text[8:]}-0000-0000-000000000000"


def name_of(partitioned: Partitioned, month: date) -> str:
    """The name of a month's partition, such as `tracking_event_2026_11`."""
    return f"{partitioned.table}_{month:%Y_%m}"


def _exists(connection: Connection, name: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    return row is not None and bool(row[0])


def _make(connection: Connection, partitioned: Partitioned, month: date) -> str:
    """One partition, made beside its parent and then attached.

    Attaching an empty table does not stop readers and writers of the parent. Of ids, some of the
    month may already lie in the default partition (random ones, or of a clock that is ahead): they
    move first, while writers of that partition wait.
    """
    name = name_of(partitioned, month)
    names = {"part": sql.Identifier(name), "table": sql.Identifier(partitioned.table)}
    bounds = {
        "start": sql.Literal(bound(partitioned, month)),
        "end": sql.Literal(bound(partitioned, next_month(month))),
    }
    connection.execute(sql.SQL("CREATE TABLE {part} (LIKE {table} INCLUDING ALL)").format(**names))
    if partitioned.by_uuid:
        other = sql.Identifier(f"{partitioned.table}_other")
        connection.execute(
            sql.SQL("LOCK TABLE {other} IN ACCESS EXCLUSIVE MODE").format(other=other)
        )
        move = (
            "WITH early AS (DELETE FROM {other} WHERE event_id >= {start} AND event_id < {end}"
            " RETURNING *) INSERT INTO {part} SELECT * FROM early"
        )
        connection.execute(sql.SQL(move).format(other=other, part=names["part"], **bounds))
    attach = "ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({start}) TO ({end})"
    connection.execute(sql.SQL(attach).format(**names, **bounds))
    return name


def missing(connection: Connection, partitioned: Partitioned, months: Iterable[date]) -> list[date]:
    """Those of the months that have no partition, in order."""
    return [
        month
        for month in sorted(set(months))
        if not _exists(connection, name_of(partitioned, month))
    ]


def ensure(connection: Connection, partitioned: Partitioned, months: Iterable[date]) -> list[str]:
    """Make the missing partitions of these months; returns the names of the new ones.

    Bounds of times are UTC. The lock is taken only where something is missing: it lasts until the
    caller's transaction ends, and rebuilds that need nothing must not wait for each other.
    """
    wanted = missing(connection, partitioned, months)
    if not wanted:
        return []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [PARTITION_LOCK])
        connection.execute("SET LOCAL TIME ZONE 'UTC'")
        return [
            _make(connection, partitioned, month)
            for month in wanted
            if not _exists(connection, name_of(partitioned, month))
        ]


def months_ahead(today: date) -> list[date]:
    """Last month, this month, and the months that are made ahead of time."""
    first = month_of(today)
    months = [month_of(first - timedelta(days=1)), first]
    for _step in range(MONTHS_AHEAD):
        months.append(next_month(months[-1]))
    return months


def months_of(connection: Connection, partitioned: Partitioned) -> list[date]:
    """The months that have a partition, in order."""
    rows = connection.execute(
        "SELECT right(c.relname, 7) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = to_regclass(%s) AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'",
        [partitioned.table],
    ).fetchall()
    return sorted(date(int(name[:4]), int(name[5:]), 1) for (name,) in rows)
