"""Making one site-day anew from its raw events, by how many there are."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, timedelta

import psycopg

from bench.measure import spent
from bench.place import Place
from bench.report import Report

SIZES = (1_000, 10_000, 100_000)

# Four events a visit, 50 pages, 20 sources, 20 countries, 5 browsers.
_EVENTS = """
INSERT INTO tracking_event (occurred_at, received_at, event_id, visitor, site_id, flags, name,
    host, path, referrer_host, source, medium, channel, country, device, browser, os, language,
    screen)
SELECT at, at, gen_random_uuid(), visit * 7919, %(site)s, 0, 'page_view', 'shop.example',
    '/page/' || (50 * power(random(), 2))::int,
    'host' || visit %% 20, 'source' || visit %% 20, 'referral', 'referral',
    (ARRAY['DE','FR','US','GB','IT','ES','NL','PL','SE','AT'])[1 + visit %% 10],
    (ARRAY['desktop','mobile','tablet'])[1 + visit %% 3],
    (ARRAY['Chrome','Safari','Firefox','Edge','Opera'])[1 + visit %% 5],
    (ARRAY['Windows','macOS','Linux','Android','iOS'])[1 + visit %% 5], 'de-DE', '1440x900'
FROM (
    SELECT n / 4 AS visit, %(start)s::timestamptz + (n / 4) * interval '80000 s' / %(visits)s
        + (n %% 4) * interval '1 min' AS at
    FROM generate_series(0, %(events)s - 1) AS n
) AS made
"""


def measure(place: Place) -> Report:
    """Once when the day is new, once when nothing in it has changed."""
    report = Report("Rebuilding a site-day")
    today = datetime.now(UTC).date()
    for number, size in enumerate(SIZES):
        day = today - timedelta(days=2 + number)
        _fill(place, day, size)
        for case in ("new", "unchanged"):
            _rebuild(place, report, day, size, case)
    return report


def _fill(place: Place, day: date, events: int) -> None:
    from django.db import connection

    from tracking import partitions

    connection.ensure_connection()
    partitions.ensure(connection.connection, partitions.EVENT, [partitions.month_of(day)])
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    values = {"site": place.site_id, "start": start, "events": events, "visits": events // 4}
    with psycopg.connect(place.url, autocommit=True) as own:
        own.execute(_EVENTS, values)
        own.execute("ANALYZE tracking_event")


def _rebuild(place: Place, report: Report, day: date, size: int, case: str) -> None:
    from accounts.models import Site
    from analytics.rollup import rebuild

    began = time.perf_counter()
    with spent(place.postmaster, worker=os.getpid()) as cost:
        rebuild(Site.plain.get(pk=place.site_id), day)
    took = time.perf_counter() - began
    what = f"{size:,} events, {case}"
    report.line(f"{what}: CPU", cost.all_each(1) / 1e6, "s")
    report.line(f"{what}: time", took, "s")
    for table, column in (("analytics_dailystat", "page_views"), ("tracking_session", "events")):
        total = " AND dimension = ''" if table == "analytics_dailystat" else ""
        query = f"SELECT sum({column}) FROM {table} WHERE site_id = %s AND date = %s{total}"
        report.check(f"{what}, {table}", size, place.ask(query, place.site_id, day))
