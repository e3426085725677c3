"""The books of the ingest: what became of every event that arrived."""

from django.db import connection


def fold() -> None:
    """Make one row of the many that were appended for a site, hour and reason."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH many AS ("
            "  SELECT site_id, hour, reason FROM tracking_outcome GROUP BY 1, 2, 3"
            "  HAVING count(*) > 1"
            "), gone AS ("
            "  DELETE FROM tracking_outcome o USING many m WHERE o.hour = m.hour"
            "  AND o.reason = m.reason AND o.site_id IS NOT DISTINCT FROM m.site_id"
            "  RETURNING o.site_id, o.hour, o.reason, o.n"
            ") INSERT INTO tracking_outcome (site_id, hour, reason, n)"
            " SELECT site_id, hour, reason, sum(n) FROM gone GROUP BY 1, 2, 3"
        )
