"""The months of the audit log: made ahead of time, and ended when they are old enough."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from psycopg import Connection, sql

from accounts import partitions
from accounts.partitions import Partitioned, months_ahead, months_of, name_of, next_month

log = structlog.get_logger(__name__)

AUDIT = Partitioned("accounts_auditentry")
# Where entries stand whose month has no table yet, such as after months of standing still.
OTHER = f"{AUDIT.table}_other"
_STRAYS = f"{AUDIT.table}_strays"
# Nobody who changes something waits longer for a month to be made or ended; the next run tries it.
LOCK_TIMEOUT = "2s"


def ensure_ahead(connection: Connection, today: date) -> list[str]:
    """Make the missing months from the last one to the coming ones, and those that strays need.

    Returns the names of the new tables. Needs a connection that commits by itself.
    """
    strays = connection.execute(
        sql.SQL(
            "SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC')::date FROM {}"
        ).format(sql.Identifier(OTHER))
    )
    return ensure(connection, {*months_ahead(today), *(month for (month,) in strays.fetchall())})


def ensure(connection: Connection, months: Iterable[date]) -> list[str]:
    """Make the missing ones of these months; entries that wait for them move in."""
    missing = set(months) - set(months_of(connection, AUDIT))
    if not missing:
        return []
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
        _set_aside(connection)
        made = partitions.ensure(connection, AUDIT, missing)
        connection.execute(
            sql.SQL("CREATE TABLE {} PARTITION OF {} DEFAULT").format(
                sql.Identifier(OTHER), sql.Identifier(AUDIT.table)
            )
        )
        for name in [*made, OTHER]:
            _forbid_truncate(connection, name)
        _bring_back(connection)
    return made


def _set_aside(connection: Connection) -> None:
    """Take the default table away: a month cannot be made while its entries stand there."""
    names = {"table": sql.Identifier(AUDIT.table), "other": sql.Identifier(OTHER)}
    connection.execute(sql.SQL("ALTER TABLE {table} DETACH PARTITION {other}").format(**names))
    connection.execute(
        sql.SQL("ALTER TABLE {other} RENAME TO {strays}").format(
            **names, strays=sql.Identifier(_STRAYS)
        )
    )


def _bring_back(connection: Connection) -> None:
    """Copy what was set aside to where it belongs; nothing is ever deleted from the log itself."""
    names = {"table": sql.Identifier(AUDIT.table), "strays": sql.Identifier(_STRAYS)}
    connection.execute(sql.SQL("INSERT INTO {table} SELECT * FROM {strays}").format(**names))
    connection.execute(sql.SQL("DROP TABLE {strays}").format(**names))


def _forbid_truncate(connection: Connection, name: str) -> None:
    """Triggers for rows come with the partition, the one against emptying it does not."""
    connection.execute(
        sql.SQL(
            "CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {}"
            " FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_append_only()"
        ).format(sql.Identifier(name))
    )


# --- The end of a month -----------------------------------------------------------------------

# Entries are chained in the order in which they are committed, so that a month's sequences may have
# holes, which are entries of the following month: an anchor stands for each run without a hole.
_ANCHORS = """
    WITH runs AS (
        SELECT tenant_id, min(sequence) AS first, max(sequence) AS last FROM (
            SELECT tenant_id, sequence,
                sequence - row_number() OVER (PARTITION BY tenant_id ORDER BY sequence) AS run
            FROM {part}
        ) AS placed GROUP BY tenant_id, run
    )
    INSERT INTO accounts_auditanchor
        (tenant_id, first_sequence, previous, sequence, hash, ended_month, created_at)
    SELECT runs.tenant_id, runs.first, begins.previous, runs.last, ends.hash, {month}, now()
    FROM runs
    JOIN {part} AS begins ON begins.sequence = runs.first
        AND begins.tenant_id IS NOT DISTINCT FROM runs.tenant_id
    JOIN {part} AS ends ON ends.sequence = runs.last
        AND ends.tenant_id IS NOT DISTINCT FROM runs.tenant_id
"""


def end_old(connection: Connection, now: datetime) -> list[str]:
    """Drop the months that ended `AUDIT_LOG_RETENTION_DAYS` ago; returns the names of their tables.

    0 days keep all. A month with an entry that is not chained yet stays until it is.
    """
    days = settings.AUDIT_LOG_RETENTION_DAYS
    if days < 1:
        return []
    last = min(now.date() - timedelta(days=days), months_ahead(now.date())[0])
    old = [month for month in months_of(connection, AUDIT) if next_month(month) <= last]
    return [name for month in old if (name := _end(connection, month))]


def _end(connection: Connection, month: date) -> str | None:
    """Leave anchors and drop the month's table; None where it must stay."""
    name = name_of(AUDIT, month)
    part = sql.Identifier(name)
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
        connection.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(part))
        waiting = connection.execute(
            sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE hash IS NULL)").format(part)
        ).fetchone()
        if waiting and waiting[0]:
            log.error("a month of the audit log is not chained and stays", month=str(month))
            return None
        connection.execute(sql.SQL(_ANCHORS).format(part=part, month=sql.Literal(month)))
        connection.execute(sql.SQL("DROP TABLE {}").format(part))
    return name
