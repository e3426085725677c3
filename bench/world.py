"""The named world for reading: a site of 30 days, made by SQL and counted by the real rebuild.

5,000 pages, 500 referrers and 60 countries, each of Zipf popularity (the n-th is met 1/n as often
as the first), 30 browsers, visits of 1 to 7 events and 4 on average, every sixth of them
somebody's second that day; 2 in 100 events are clicks, 1 in 100 a conversion.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from bench import traffic
from bench.measure import Cost, spent
from bench.place import HOST, Place
from bench.report import Report

DAYS, PAGES, REFERRERS, COUNTRIES = 30, 5_000, 500, 60
EVENTS_A_VISIT = 4
LIVE_MINUTES = 5

# The most popular of n is met with 1 / ln(n + 1): a number of Zipf's law by the inverse of its sum.
_ZIPF = "floor(power({n} + 1, random()))::int"
_PAGE, _REFERRER, _COUNTRY = (
    _ZIPF.format(n=n) for n in ("%(pages)s", "%(referrers)s", "%(countries)s")
)
# `random()` of a visit is drawn once, in a materialised row; the page anew for every event.
_EVENTS = f"""
WITH visit AS MATERIALIZED (
    SELECT v,
        %(start)s::timestamptz + v * (%(seconds)s::float8 / %(visits)s) * interval '1 s' AS at,
        hashint8extended(v %% greatest(1, %(visits)s * 5 / 6), %(seed)s) AS visitor,
        CASE WHEN random() < 0.6 THEN {_REFERRER} END AS referrer, {_COUNTRY} AS country,
        1 + floor(random() * 30)::int AS agent
    FROM generate_series(0, %(visits)s - 1) AS v
), event AS (
    SELECT visit.*, n, {_PAGE} AS page, random() AS chance
    FROM visit CROSS JOIN LATERAL generate_series(0, (v %% 7)::int) AS n
)
INSERT INTO tracking_event (occurred_at, received_at, event_id, visitor, site_id, agent_id, flags,
    name, host, path, title, referrer_host, source, medium, channel, country, device, browser, os,
    language, screen)
SELECT event.at + n * interval '40 s', event.at + n * interval '40 s', gen_random_uuid(), visitor,
    %(site)s, a.id, 0,
    CASE WHEN chance < 0.02 THEN 'click' WHEN chance < 0.03 THEN 'conversion' ELSE 'page_view' END,
    %(host)s, '/page/' || page, 'Page ' || page, 'friend' || from_where || '.example',
    'friend' || from_where || '.example', CASE WHEN from_where IS NOT NULL THEN 'referral' END,
    CASE WHEN from_where IS NULL THEN 'direct' ELSE 'referral' END,
    chr(65 + country / 26) || chr(65 + country %% 26), a.device, a.browser, a.os,
    (ARRAY['de-DE', 'en-US', 'fr-FR', 'es-ES', 'pt-BR'])[1 + agent %% 5],
    (ARRAY['1440x900', '1920x1080', '390x844', '412x915', '2560x1440'])[1 + agent %% 5]
FROM event JOIN LATERAL (SELECT CASE WHEN n = 0 THEN referrer END AS from_where) f ON true
JOIN (SELECT *, row_number() OVER (ORDER BY id) AS number FROM tracking_agent) a
    ON a.number = event.agent
"""
_AGENTS = """
INSERT INTO tracking_agent (text, browser, os, device, bot, lists)
SELECT text, (ARRAY['Chrome', 'Safari', 'Firefox', 'Edge', 'Opera'])[1 + n %% 5],
    (ARRAY['Windows', 'macOS', 'Linux', 'Android', 'iOS', 'Chrome OS'])[1 + n %% 6],
    (ARRAY['desktop', 'desktop', 'desktop', 'mobile', 'mobile', 'tablet'])[1 + n %% 6], '', 'bench'
FROM unnest(%s::text[]) WITH ORDINALITY AS u (text, n)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class World:
    """A site with its days and what they cost."""

    size: int
    site_id: int
    key: str
    first: date
    last: date

    @property
    def live_events(self) -> int:
        """How many events such a site has in the last five minutes."""
        return max(1, self.size * LIVE_MINUTES // (DAYS * 24 * 60))


def _fill(own: psycopg.Connection, start: datetime, seconds: int, **values: Any) -> int:
    given = {"start": start, "seconds": seconds, "seed": start.toordinal(), "host": HOST} | values
    numbers = {"pages": PAGES, "referrers": REFERRERS, "countries": COUNTRIES}
    return own.execute(_EVENTS, given | numbers).rowcount


def make(place: Place, report: Report, tenant: Any, size: int) -> World:
    """A site of about `size` events in the 30 days until yesterday, counted and checked."""
    from django.db import connection

    from accounts.models import Site
    from tracking import partitions

    today = datetime.now(UTC).date()
    dates = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    site = Site(tenant=tenant, name=f"World of {size:,}", key=f"world{size:08d}", domains=[])
    site.save()
    connection.ensure_connection()
    months = {partitions.month_of(day) for day in dates}
    partitions.ensure(connection.connection, partitions.EVENT, months)
    world = World(size, site.pk, site.key, dates[0], dates[-1])
    began, stored = time.perf_counter(), 0
    with psycopg.connect(place.url, autocommit=True) as own:
        own.execute("SELECT setseed(0.5)")
        own.execute(_AGENTS, [traffic.AGENTS])
        for day in dates:
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            visits = size // DAYS // EVENTS_A_VISIT
            stored += _fill(own, start, 86_000, site=site.pk, visits=visits)
        # As autovacuum does when a table has grown.
        own.execute("VACUUM (ANALYZE) tracking_event, tracking_agent")
    report.line(f"{size:,}: events stored", stored, "")
    report.line(f"{size:,}: making them", time.perf_counter() - began, "s")
    _rebuild(place, report, site, dates, stored, size)
    return world


def _rebuild(
    place: Place, report: Report, site: Any, dates: list[date], stored: int, size: int
) -> None:
    from analytics.rollup import rebuild

    began, cost = time.perf_counter(), Cost()
    for day in dates:
        with spent(place.postmaster, worker=os.getpid()) as spent_now:
            rebuild(site, day)
        cost.add(spent_now)
    report.line(f"{size:,}: rebuilding {DAYS} days, time", time.perf_counter() - began, "s")
    report.line(f"{size:,}: rebuilding {DAYS} days, CPU", cost.all_each(1) / 1e6, "s")
    with psycopg.connect(place.url, autocommit=True) as own:
        own.execute("VACUUM (ANALYZE) analytics_dailystat, tracking_session, analytics_siteday")
    counted = "FROM analytics_dailystat WHERE site_id = %s"
    total = place.ask(f"SELECT sum(events) {counted} AND dimension = ''", site.pk)
    report.check(f"{size:,}: events counted", stored, total)
    report.line(
        f"{size:,}: rows of statistics", place.ask(f"SELECT count(*) {counted}", site.pk), ""
    )
    sessions = place.ask("SELECT count(*) FROM tracking_session WHERE site_id = %s", site.pk)
    report.line(f"{size:,}: visits", sessions, "")


def liven(place: Place, world: World) -> None:
    """Let the site have the visitors of a usual minute: events of the moments just gone."""
    with psycopg.connect(place.url, autocommit=True) as own:
        own.execute(
            "DELETE FROM tracking_event WHERE site_id = %s AND occurred_at >= now() - %s::interval",
            [world.site_id, f"{LIVE_MINUTES} minutes"],
        )
        start = datetime.now(UTC) - timedelta(minutes=LIVE_MINUTES - 1)
        visits = max(1, world.live_events // EVENTS_A_VISIT)
        _fill(own, start, 1, site=world.site_id, visits=visits)
