"""A day of an import in the place of what it brought before: replaced whole, by no id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from operator import attrgetter

from psycopg import Connection

from tracking import partitions
from tracking.ingest import writer
from tracking.ingest.wire import Hit
from tracking.ingest.writer import COLUMNS

_imported_row = attrgetter(*COLUMNS)
COPY_IMPORTED = f"COPY tracking_event ({', '.join(COLUMNS)}) FROM STDIN"
REPLACED = "replaced"


def replace_day(
    connection: Connection,
    site_id: int,
    day: date,
    bounds: tuple[datetime, datetime],
    source: str,
    hits: Iterable[Hit],
) -> int:
    """Put an import's events of one day in the place of those it brought before.

    `day` is a day of the site's clock and `bounds` are its beginning and end; all hits lie between
    them and have the numbers of their agents. They are taken one by one, so a day may be of any
    size. Ids are not consulted: the day is replaced whole, and on any error it stays as it was.
    Returns how many events were there before.
    """
    start, end = bounds
    months = {partitions.month_of(at.astimezone(UTC).date()) for at in (start, end)}
    try:
        partitions.ensure(connection, partitions.EVENT, months)
        gone = connection.execute(
            "DELETE FROM tracking_event WHERE site_id = %s AND occurred_at >= %s"
            " AND occurred_at < %s AND import_source = %s",
            [site_id, start, end, source],
        ).rowcount
        ends = _copy_counting(connection, site_id, hits)
        if gone or ends:
            connection.execute(
                "INSERT INTO tracking_dirtyday (site_id, date) VALUES (%s, %s)", [site_id, day]
            )
        if gone:  # so that the books say how many events there are: stored + bots - replaced
            ends[site_id, REPLACED] = gone
        writer.count_outcomes(connection, ends)
        connection.commit()
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    return gone


def _copy_counting(
    connection: Connection, site_id: int, hits: Iterable[Hit]
) -> Counter[tuple[int | None, str]]:
    ends: Counter[tuple[int | None, str]] = Counter()
    with connection.cursor() as cursor, cursor.copy(COPY_IMPORTED) as copy:
        for hit in hits:
            copy.write_row(_imported_row(hit))
            ends[site_id, writer.BOT if hit.bot else writer.STORED] += 1
    return ends
