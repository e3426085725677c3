"""Which values of a dimension can be the largest of a period, without summing all of them.

The largest values of each day stand in order in an index. A value that is in none of the days'
lists had at most, on each day, what the last one of that day's list had. So the sums of those that
are in a list are exact, and where the wanted ones exceed the sum of the last ones, no other value
can be among them (Fagin's threshold algorithm). That costs the same for ten values as for 10,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection

from accounts.models import Site

# By this measure the index `analytics_dailystat_largest` keeps a day's values in order.
ORDER = "visitors"
# The lists of the days are so many times as long as what is wanted: popularity changes by day.
DEPTH = 4

_QUERY = """
WITH listed AS MATERIALIZED (
    SELECT value, place, {order} FROM unnest(%(dates)s::date[]) AS d (date) CROSS JOIN LATERAL (
        SELECT value, {order}, row_number() OVER (ORDER BY {order} DESC) AS place FROM (
            SELECT value, {order} FROM analytics_dailystat s
            WHERE s.site_id = %(site)s AND s.dimension = %(dimension)s AND s.date = d.date
            ORDER BY {order} DESC LIMIT %(length)s
        ) first
    ) list
)
SELECT s.value, {sums}, sum({order}) > (SELECT sum({order}) FROM listed WHERE place = %(length)s)
FROM (SELECT DISTINCT value FROM listed) v CROSS JOIN unnest(%(dates)s::date[]) AS d (date)
CROSS JOIN LATERAL (
    SELECT * FROM analytics_dailystat s WHERE s.site_id = %(site)s
        AND s.dimension = %(dimension)s AND s.date = d.date AND s.value = v.value
    OFFSET 0  -- a look-up for each: the planner would read all values of all days
) s
GROUP BY s.value ORDER BY sum({order}) DESC, s.value LIMIT %(limit)s OFFSET %(offset)s
"""


def largest(
    site: Site, dimension: str, dates: Sequence[date], sums: str, limit: int, offset: int
) -> list[tuple[Any, ...]] | None:
    """(value, *sums) of the values with most visitors; None where the lists do not tell.

    `sums` are what is summed, as SQL: constants of ours, never anything that was sent.
    """
    given: dict[str, Any] = {"site": site.pk, "dimension": dimension, "dates": list(dates)}
    given |= {"length": (limit + offset) * DEPTH, "limit": limit, "offset": offset}
    with connection.cursor() as cursor:
        cursor.execute(_QUERY.format(order=ORDER, sums=sums), given)
        rows = cursor.fetchall()
    if not rows:
        return None if offset else []
    complete = rows[0][-1] is None  # no list is full: there are no values but these
    sure = complete or (len(rows) == limit and all(row[-1] for row in rows))
    return [row[:-1] for row in rows] if sure else None
