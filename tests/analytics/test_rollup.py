"""A day's statistics are what its raw events say, however often they are made."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Site
from analytics import recount, rollup
from analytics.models import DailyStat, SiteDay
from tests.conftest import GOOGLEBOT, IPHONE, at
from tests.sending import rebuild_all, send, visit
from tracking.ingest import directory
from tracking.models import DirtyDay, Session

pytestmark = pytest.mark.django_db(transaction=True)


def stats(site: Site, dimension: str = "", day: date | None = None) -> dict[str, DailyStat]:
    rows = DailyStat.objects.for_tenant(site.tenant).filter(site=site, dimension=dimension)
    return {row.value: row for row in (rows.filter(date=day) if day else rows)}


def total(site: Site, day: date | None = None) -> DailyStat:
    return stats(site, "", day)[""]


def test_a_visit_of_three_pages_is_one_visitor_one_visit_three_views(site):
    send(site, visit(at("2026-03-02 10:00"), ["/", "/a", "/b"]))
    rebuild_all()
    row = total(site)
    assert (row.visitors, row.sessions, row.page_views) == (1, 1, 3)
    assert (row.bounces, row.duration_seconds) == (0, 120)
    assert stats(site, "entry_page").keys() == {"/"}
    assert stats(site, "exit_page").keys() == {"/b"}


def test_one_page_view_alone_is_a_bounce_and_with_a_click_is_none(site):
    start = at("2026-03-02 10:00")
    send(site, visit(start, ["/"], ip="84.160.1.1"))
    send(site, visit(start, ["/"], ip="84.160.1.2"))
    send(site, [{"name": "click", "at": start + timedelta(seconds=9), "ip": "84.160.1.2"}])
    rebuild_all()
    row = total(site)
    assert (row.sessions, row.bounces, row.clicks, row.clickers) == (2, 1, 1, 1)


def test_a_visit_ends_after_thirty_minutes_of_silence(site):
    start = at("2026-03-02 10:00")
    send(site, visit(start, ["/", "/a"], gap=timedelta(minutes=30)))
    send(site, visit(start + timedelta(minutes=30, seconds=1801), ["/b"]))
    rebuild_all()
    assert (total(site).visitors, total(site).sessions) == (1, 2)


def test_a_clients_own_session_ids_are_believed(site):
    start = at("2026-03-02 10:00")
    send(site, visit(start, ["/"], session_id="one"))
    send(site, visit(start + timedelta(minutes=1), ["/"], session_id="two"))
    send(site, visit(start + timedelta(hours=2), ["/b"], session_id="one"))
    rebuild_all()
    assert total(site).sessions == 2


def test_bots_are_stored_and_left_out_of_the_statistics(site):
    send(site, visit(at("2026-03-02 10:00"), ["/"]))
    send(site, visit(at("2026-03-02 10:00"), ["/", "/a"], user_agent=GOOGLEBOT))
    rebuild_all()
    assert total(site).page_views == 1


def test_an_event_without_a_visitor_counts_as_an_event_only(site):
    send(site, visit(at("2026-03-02 10:00"), ["/", "/"], ip="", user_agent=""))
    rebuild_all()
    row = total(site)
    assert (row.visitors, row.sessions, row.page_views, row.bounces) == (0, 0, 2, 0)
    assert stats(site, "channel")["direct"].page_views == 2


def test_days_are_cut_by_the_clock_of_the_site(site):
    """23:30 and 00:30 in Berlin are two days, though both are one day in UTC."""
    send(site, visit(at("2026-07-01 21:30"), ["/"]))
    send(site, visit(at("2026-07-01 22:30"), ["/"]))
    rebuild_all()
    assert total(site, date(2026, 7, 1)).page_views == 1
    assert total(site, date(2026, 7, 2)).page_views == 1


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_of_23_or_25_hours_has_every_hour_once(site, day, hours):
    start, end = site.clock.bounds(day)
    assert end - start == timedelta(hours=hours)
    send(site, [{"name": "page_view", "at": start + timedelta(hours=n)} for n in range(hours)])
    rebuild_all()
    by_hour = stats(site, "hour", day)
    assert sorted(by_hour) == [f"{n:02}" for n in range(hours)]
    assert {row.page_views for row in by_hour.values()} == {1}


def test_a_rebuild_without_news_changes_nothing(site):
    send(site, visit(at("2026-03-02 10:00"), ["/", "/a"]))
    rebuild_all()
    before = SiteDay.plain.get()
    rollup.rebuild(site, before.date)
    assert SiteDay.plain.get().version == before.version == 1


def test_a_late_event_raises_the_version_and_is_counted(site):
    send(site, visit(at("2026-03-02 10:00"), ["/"]))
    rebuild_all()
    send(site, visit(at("2026-03-02 10:05"), ["/late"]))
    rebuild_all()
    assert SiteDay.plain.get().version == 2
    assert total(site).page_views == 2
    assert Session.plain.count() == 1


def test_a_repeated_event_counts_once(site):
    event = {"id": "0198a000-0000-7000-8000-000000000001", "at": at("2026-03-02 10:00")}
    assert send(site, [dict(event)]) == ["stored"]
    assert send(site, [dict(event)]) == ["duplicate"]
    rebuild_all()
    assert total(site).events == 1


def test_a_sealed_day_is_left_alone(site):
    send(site, visit(at("2026-03-02 10:00"), ["/"]))
    (day,) = rebuild_all()
    day.sealed_at = datetime.now(UTC)
    day.save()
    send(site, visit(at("2026-03-02 11:00"), ["/a"]))
    rebuild_all()
    assert total(site).page_views == 1
    assert not DirtyDay.plain.exists()


def test_a_hot_day_rests_before_it_is_rebuilt(site):
    send(site, visit(at("2026-03-02 10:00"), ["/"]))
    (day,) = rebuild_all()
    send(site, visit(at("2026-03-02 11:00"), ["/"]))
    assert rollup.due_days(day.rebuilt_at + timedelta(seconds=1)) == []
    assert rollup.due_days(day.rebuilt_at + timedelta(seconds=3)) == [(site.pk, day.date)]
    SiteDay.plain.update(cost_ms=4000)
    assert rollup.due_days(day.rebuilt_at + timedelta(seconds=39)) == []
    assert rollup.due_days(day.rebuilt_at + timedelta(seconds=41)) == [(site.pk, day.date)]


def test_a_visits_source_is_that_of_its_first_event(site):
    start = at("2026-03-02 10:00")
    first = {"url": "https://shop.acme.test/?utm_source=letter&utm_medium=email", "at": start}
    second = {"url": "https://shop.acme.test/b", "at": start + timedelta(minutes=1)}
    send(site, [second, first])
    rebuild_all()
    assert {value: row.page_views for value, row in stats(site, "source").items()} == {"letter": 2}


def test_too_many_values_become_one_and_the_total_stays_exact(site, monkeypatch):
    """With room for three: the two largest keep their names."""
    monkeypatch.setattr(recount, "MOST_VALUES", 3)
    start = at("2026-03-02 10:00")
    for number, page in enumerate("aabbbcdef"):
        send(site, visit(start, [f"/{page}?utm_source={page}"], ip=f"84.160.1.{number}"))
    rebuild_all()
    for dimension, prefix in (("page", "/"), ("source", ""), ("entry_page", "/")):
        counts = {value: row.page_views for value, row in stats(site, dimension).items()}
        assert counts == {f"{prefix}b": 3, f"{prefix}a": 2, "(other)": 4}, dimension
    assert stats(site, "source")["(other)"].visitors == 4
    assert (total(site).visitors, total(site).page_views) == (9, 9)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),  # visitor
            st.integers(0, 6 * 3600),  # second of the day
            st.sampled_from(["page_view", "click", "conversion", "signup"]),
            st.sampled_from(["/", "/a", "/b", None]),
            st.sampled_from([None, "s1", "s2"]),
        ),
        max_size=30,
    )
)
def test_statistics_equal_a_count_by_hand(site, events):
    """Whatever happens on a day, the rebuild says what a plain loop over it says."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tracking_event, tracking_eventkey, tracking_dirtyday")
    start = at("2026-03-02 08:00")
    send(
        site,
        [
            {
                "name": name,
                "path": path,
                "ip": f"84.160.1.{visitor}",
                "user_agent": IPHONE,
                "session_id": session,
                "at": start + timedelta(seconds=second),
            }
            for visitor, second, name, path, session in events
        ],
    )
    rollup.rebuild(site, date(2026, 3, 2))
    expected = by_hand(events)
    row = stats(site).get("")
    got = row and (row.visitors, row.sessions, row.page_views, row.events, row.bounces)
    assert (got or (0, 0, 0, 0, 0)) == expected
    views = Counter(path or "" for _v, _s, name, path, _c in events if name == "page_view")
    assert {value: row.page_views for value, row in stats(site, "page").items()} == views


def by_hand(events) -> tuple[int, int, int, int, int]:
    """Visitors, visits, page views, events and bounces, counted the slow way."""
    visits: list[list[str]] = []
    for visitor in {event[0] for event in events}:
        mine = sorted((e for e in events if e[0] == visitor), key=lambda e: e[1])
        for session in {e[4] for e in mine}:
            last = None
            for _v, second, name, _path, _s in (e for e in mine if e[4] == session):
                if last is None or (session is None and second - last > 1800):
                    visits.append([])
                visits[-1].append(name)
                last = second
    views = sum(1 for event in events if event[2] == "page_view")
    bounces = sum(1 for names in visits if names == ["page_view"])
    return len({event[0] for event in events}), len(visits), views, len(events), bounces


def test_after_a_change_of_zone_old_days_stay_and_nothing_is_lost(site):
    """Berlin until the 2nd, then New York: the 3rd has 30 hours."""
    before = Site.plain.get(pk=site.pk)
    hours = [at("2026-03-02 00:00") + timedelta(hours=n) for n in range(96)]
    send(site, [{"at": hour, "ip": f"84.160.1.{n}"} for n, hour in enumerate(hours[:12])])
    rebuild_all()
    site.time_zone = "America/New_York"
    site.keep_days_of(before, at("2026-03-02 12:00"))
    site.save()
    directory.forget()
    send(site, [{"at": hour, "ip": f"84.161.1.{n}"} for n, hour in enumerate(hours[12:])])
    rebuild_all()
    counts = {row.date.day: row.page_views for row in DailyStat.plain.filter(dimension="")}
    assert counts == {2: 23, 3: 30, 4: 24, 5: 19}
    assert sum(row.page_views for row in stats(site, "hour", date(2026, 3, 3)).values()) == 30
    zones = {row.date.day: row.zone for row in SiteDay.plain.all()}
    assert zones == {
        2: "Europe/Berlin",
        3: "America/New_York",
        4: "America/New_York",
        5: "America/New_York",
    }
