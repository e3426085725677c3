"""Statistics are what the raw events say: for any question, whatever happened to the events."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Site
from analytics import queries
from analytics.counting import DIMENSIONS
from analytics.metrics import MEASURES, METRICS
from analytics.period import Interval, Period
from analytics.segments import Filter, Operator
from tests.analytics import recount_by_hand as by_hand
from tests.conftest import CHROME, GOOGLEBOT, IPHONE
from tests.sending import rebuild_all, send
from tracking.ingest import directory

pytestmark = pytest.mark.django_db(transaction=True)

DAYS = 4
FAR = date(2028, 1, 1)
# Clocks with a day of 23, 25, 23.5 and 24.5 hours in the four days, one of odd minutes, and one
# whose days are of two weeks, months and years.
PLACES = [
    ("Europe/Berlin", date(2025, 3, 29)),
    ("America/New_York", date(2025, 11, 1)),
    ("Australia/Lord_Howe", date(2025, 10, 4)),
    ("Australia/Lord_Howe", date(2025, 4, 5)),
    ("Asia/Kathmandu", date(2025, 2, 27)),
    ("Europe/Berlin", date(2024, 12, 30)),
]
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            # Of ten minutes: anywhere, or near each other around the first midnight.
            "step": st.one_of(st.integers(0, DAYS * 24 * 6 - 1), st.integers(138, 150)),
            # The same visitor comes again after so many minutes.
            "again": st.sampled_from([None, 29, 30, 31]),
            "ip": st.sampled_from(["84.160.1.1", "84.160.1.1", "8.8.8.8", ""]),
            "user_agent": st.sampled_from([CHROME, CHROME, IPHONE, GOOGLEBOT]),
            "name": st.sampled_from(
                [
                    "page_view",
                    "page_view",
                    "click",
                    "conversion",
                    "signup",
                    "download",
                    "form_submit",
                ]
            ),
            "category": st.sampled_from([None, None, "conversion", "test"]),
            "label": st.sampled_from([None, "Newsletter"]),
            "props": st.sampled_from(
                [
                    None,
                    {"href": "https://else.test/x", "outbound": True},
                    {"href": "https://shop.acme.test/a.pdf", "outbound": False},
                    {"outbound": True},
                ]
            ),
            "path": st.sampled_from(["/", "/a", "/A/b", None]),
            "referrer": st.sampled_from([None, "https://www.google.com/", "https://t.co/x"]),
            "session_id": st.sampled_from([None, None, "s1"]),
            "value": st.sampled_from([None, "0.1", "19.99", "-3"]),
            "currency": st.sampled_from([None, "EUR", "EUR", "USD"]),
        }
    ),
    min_size=1,
    max_size=20,
)
CHANGES = st.sampled_from(["late", "again", "erase", "bots", "zone"])
POOL = {
    "source": ["Google", ""],
    "channel": ["direct", "organic_search"],
    "country": ["DE", "US", ""],
    "device": ["desktop", "mobile", ""],
    "entry_page": ["/", "/a", ""],
    "page": ["/", "/a", "/A/b", ""],
    "event": ["page_view", "click", "signup"],
    "outbound": ["https://else.test/x", ""],
    "download": ["https://else.test/x", ""],
    "form": ["Newsletter", ""],
    "currency": ["EUR", "USD"],
    "hour": ["00", "10", "23", "24"],
}


class World:
    """A site whose events are sent, lost and judged anew; it knows the days it ever had."""

    def __init__(self, site: Site, zone: str, first: date) -> None:
        with connection.cursor() as cursor:
            for table in ("event", "eventkey", "session", "dirtyday"):
                cursor.execute(f"DELETE FROM tracking_{table}")
            cursor.execute("DELETE FROM analytics_dailystat")
            cursor.execute("DELETE FROM analytics_siteday")
            cursor.execute("UPDATE tracking_agent SET bot = '' WHERE bot = 'test'")
        site.time_zone, site.earlier_zones = zone, []
        site.save()
        directory.forget()
        self.site, self.first, self.days = site, first, set[date]()
        self.start = site.clock.bounds(first)[0]

    def send(self, events: list[dict[str, Any]]) -> None:
        payloads = [payload for event in events for payload in payloads_of(event, self.start)]
        send(self.site, payloads, now=self.start + timedelta(days=400))
        self.days |= {self.site.clock.date_of(event["at"]) for event in payloads}

    def mark_all(self) -> None:
        with connection.cursor() as cursor:
            for day in self.days:
                cursor.execute(
                    "INSERT INTO tracking_dirtyday (site_id, date) VALUES (%s, %s)",
                    [self.site.pk, day],
                )

    def erase(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM tracking_event WHERE visitor IN (SELECT min(visitor) FROM"
                " tracking_event)"
            )
        self.mark_all()

    def judge_anew(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE tracking_agent SET bot = 'test' WHERE text = %s", [IPHONE])
        self.mark_all()

    def move(self, zone: str, at: datetime) -> None:
        before = Site.plain.get(pk=self.site.pk)
        self.site.time_zone = zone
        self.site.keep_days_of(before, at)
        self.site.save()
        directory.forget()


def numbered(events: list[dict[str, Any]], first: int = 2) -> list[dict[str, Any]]:
    return [event | {"id": str(UUID(int=first + 2 * n))} for n, event in enumerate(events)]


def payloads_of(event: dict[str, Any], start: datetime) -> list[dict[str, Any]]:
    """An event as it is sent, and the page view of the same visitor that may follow it."""
    at = start + timedelta(minutes=10 * event["step"])
    payload = {key: value for key, value in event.items() if key not in ("step", "again")}
    if event["again"] is None:
        return [payload | {"at": at}]
    follows = {"at": at + timedelta(minutes=event["again"]), "name": "page_view"}
    follows["id"] = str(UUID(int=UUID(event["id"]).int + 1))
    return [payload | {"at": at}, payload | follows]


def play(world: World, events: list[dict[str, Any]], change: str) -> None:
    """Send the events with something happening in between."""
    half = len(events) // 2
    early, late = events[:half], events[half:]
    if change == "zone":
        events = sorted(events, key=lambda event: event["step"])
        turn = DAYS * 24 * 3
        early = [event for event in events if event["step"] < turn]
        late = [event for event in events if event["step"] >= turn]
    world.send(early)
    rebuild_all()
    if change == "zone":
        world.move("America/Sao_Paulo", world.start + timedelta(minutes=10 * turn))
    world.send(late)
    if change == "again":
        world.send(events)
    if change == "late":
        rebuild_all()
        world.send(numbered(early, first=1000))
    if change in ("erase", "bots"):
        rebuild_all()
        world.erase() if change == "erase" else world.judge_anew()
    rebuild_all()


def a_filter(dice: Random) -> Filter:
    dimension = dice.choice(list(POOL))
    operator = dice.choice(list(Operator))
    many = operator == Operator.ONE_OF
    values = dice.sample(POOL[dimension], 2 if many else 1)
    return Filter(dimension, operator, tuple(values))


def check(world: World, scope, dice: Random) -> None:
    """One random question, asked and counted by hand."""
    site = world.site
    filters = [a_filter(dice) for _ in range(dice.choice([0, 0, 1, 2]))]
    span = sorted(dice.choices(range(-1, DAYS + 1), k=2))
    first, last = (world.first + timedelta(days=n) for n in span)
    period = Period(first, last, FAR)
    whole = not any(f.dimension in by_hand.OF_EVENTS for f in filters)
    visits = by_hand.visits_of(by_hand.raw_events(site))
    parts = [pair for pair in by_hand.kept_visits(visits, filters) if first <= pair[0].day <= last]
    live = min(world.days)

    got = queries.totals(scope, site, period, METRICS, filters=filters)
    sums = dict.fromkeys(MEASURES) if last < live else by_hand.count(site, parts, whole=whole)
    assert got.numbers == {key: METRICS[key].of(sums) for key in METRICS}, filters
    assert got.coverage.finished

    dimension = dice.choice(DIMENSIONS)
    rows = queries.breakdown(
        scope, site, period, dimension, METRICS, limit=1000, filters=filters
    ).rows
    expected = by_hand.count_values(site, parts, dimension, whole=whole)
    assert {row.value: row.numbers for row in rows} == {
        value: {key: METRICS[key].of(sums) for key in METRICS} for value, sums in expected.items()
    }, (dimension, filters)
    sizes = [row.numbers["visitors"] or 0 for row in rows]
    assert sizes == sorted(sizes, reverse=True)

    check_series(world, scope, period, filters, parts, dice.choice(list(Interval)), whole)


def step_of(interval: Interval, day: date) -> tuple[int, ...]:
    if interval == Interval.WEEK:
        return day.isocalendar()[:2]
    return (day.year, day.month) if interval == Interval.MONTH else (day.toordinal(),)


def check_series(world: World, scope, period: Period, filters, parts, interval, whole) -> None:
    site, live = world.site, min(world.days)
    points = queries.series(scope, site, period, "page_views", filters=filters, interval=interval)
    if interval == Interval.HOUR:
        starts = {site.local(pair[1].events[0]["occurred_at"]) for pair in parts}
        assert live <= period.first or points[0].value is None
        assert sum(point.value or 0 for point in points) == views(parts)
        length = site.clock.bounds(period.last)[1] - site.clock.bounds(period.first)[0]
        assert 0 <= len(points) - length / timedelta(hours=1) < period.days
        assert all(any(p.at <= start for p in points) for start in starts)
        return
    groups: dict[tuple, list] = defaultdict(list)
    for day in period.dates:
        groups[step_of(interval, day)].append(day)
    assert [point.at for point in points] == [days[0] for days in groups.values()]
    for point, days in zip(points, groups.values(), strict=True):
        mine = [pair for pair in parts if pair[0].day in days]
        assert point.value == (None if days[-1] < live else views(mine))


def views(parts) -> int:
    return sum(e["name"] == "page_view" for _visit, part in parts for e in part.events)


@settings(
    max_examples=30,
    # Making an example smaller takes minutes: the questions print what differs.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.sampled_from(PLACES), EVENTS, CHANGES, st.randoms(use_true_random=False))
def test_any_question_is_answered_as_the_raw_events_say(site, owner, place, events, change, dice):
    world = World(site, *place)
    play(world, numbered(events), change)
    for _question in range(4):
        check(world, owner.scope(), dice)
