"""Every number says whether it is finished, and what it rests on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Site
from analytics import queries
from analytics.metrics import METRICS
from analytics.period import Interval, Period
from analytics.segments import Filter, Operator
from tests.conftest import at
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, LAST, TODAY = date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 10)
PERIOD = Period(FIRST, LAST, TODAY)
DIRECT = [Filter("channel", Operator.IS, ("direct",))]


@pytest.fixture
def counted(site):
    for day in (2, 4):
        send(site, visit(at(f"2026-03-0{day} 10:00"), ["/"]))
    rebuild_all()
    return site


def answers(scope, site, period, filters):
    totals = queries.totals(scope, site, period, METRICS, filters=filters)
    pages = queries.breakdown(scope, site, period, "page", ["visitors"], filters=filters)
    assert totals.coverage == pages.coverage
    return totals.coverage


@pytest.mark.parametrize("filters", [[], DIRECT])
def test_a_period_that_is_over_and_counted_is_finished(owner, counted, filters):
    coverage = answers(owner.scope(), counted, PERIOD, filters)
    assert (coverage.finished, coverage.since, coverage.gaps) == (True, FIRST, 0)


@pytest.mark.parametrize("filters", [[], DIRECT])
def test_a_period_with_today_is_unfinished(owner, counted, filters):
    assert not answers(owner.scope(), counted, Period(FIRST, LAST, LAST), filters).finished


@pytest.mark.parametrize("filters", [[], DIRECT])
def test_a_day_that_waits_to_be_counted_makes_its_numbers_unfinished(owner, counted, filters):
    send(counted, visit(at("2026-03-04 12:00"), ["/late"], ip="84.160.1.7"))
    scope = owner.scope()
    assert not answers(scope, counted, PERIOD, filters).finished
    assert answers(scope, counted, Period(FIRST, FIRST, TODAY), filters).finished
    points = queries.series(scope, counted, PERIOD, "visitors", filters=filters)
    assert [point.finished for point in points] == [True, True, False, True]
    hours = queries.series(
        scope, counted, Period(date(2026, 3, 4), date(2026, 3, 4), TODAY), "events", filters=filters
    )
    assert {point.finished for point in hours} == {False}
    rebuild_all()
    assert answers(scope, counted, PERIOD, filters).finished


def test_a_period_that_begins_before_the_site_says_since_when_it_is_known(owner, counted):
    early = Period(FIRST - timedelta(days=3), LAST, TODAY)
    assert answers(owner.scope(), counted, early, []).since == FIRST
    before = Period(FIRST - timedelta(days=3), FIRST - timedelta(days=1), TODAY)
    coverage = queries.totals(owner.scope(), counted, before, ["visitors"]).coverage
    assert coverage.since is None


def test_hours_of_several_days_are_all_of_their_hours(owner, site):
    """Over the change to summer time: 24 + 23 + 24 hours."""
    send(site, visit(at("2026-03-28 10:00"), ["/"]))
    send(site, visit(at("2026-03-30 10:00"), ["/"]))
    rebuild_all()
    period = Period(date(2026, 3, 28), date(2026, 3, 30), date(2026, 4, 5))
    points = queries.series(owner.scope(), site, period, "page_views", interval=Interval.HOUR)
    assert len(points) == 71
    found = {point.at.isoformat() for point in points if point.value}
    assert found == {"2026-03-28T11:00:00+01:00", "2026-03-30T12:00:00+02:00"}


def test_the_page_says_that_new_events_are_being_counted(signed_in, owner, site):
    yesterday = timezone.now() - timedelta(days=1)
    send(site, visit(yesterday, ["/"]))
    rebuild_all()
    client = signed_in(owner)
    url = f"/sites/{site.key}?period=yesterday"
    done = client.get(url)
    assert "being counted" not in done.content.decode()
    assert "hx-trigger" not in done.content.decode().split('id="head"')[1].split(">")[0]
    send(site, visit(yesterday, ["/late"], ip="84.160.1.7"))
    waiting = client.get(url)
    assert "new events are being counted" in waiting.content.decode()
    assert "hx-trigger" in waiting.content.decode().split('id="head"')[1].split(">")[0]
    assert client.get(f"/sites/{site.key}{done.context['head_url']}").status_code == 200
    rebuild_all()
    assert client.get(f"/sites/{site.key}{waiting.context['head_url']}").status_code == 200


def test_todays_own_events_are_not_said_to_be_waiting(signed_in, owner, site):
    """While a site has visitors some event is always being counted: that is no news."""
    with time_machine.travel(at("2026-03-04 10:00"), tick=False):
        send(site, visit(at("2026-03-03 09:00"), ["/"]))
        rebuild_all()
        send(site, visit(at("2026-03-04 09:00"), ["/"]))
        page = signed_in(owner).get(f"/sites/{site.key}?period=7d").content.decode()
    assert "today is not over yet" in page
    assert "being counted" not in page


def test_the_page_shows_money_where_there_is_some(signed_in, owner, counted):
    client = signed_in(owner)
    url = f"/sites/{counted.key}?first={FIRST}&last={LAST}"
    assert "revenue" not in {number["key"] for number in client.get(url).context["numbers"]}
    sale = {"name": "conversion", "value": "1234.5", "currency": "EUR"}
    send(counted, [sale | {"at": at("2026-03-04 10:05")}])
    rebuild_all()
    shown = {number["key"]: number for number in client.get(url).context["numbers"]}
    assert (shown["revenue"]["label"], shown["revenue"]["value"]) == ("Revenue in EUR", "€1,234.50")
    chart = client.get(f"{url}&metric=revenue").context["chart"]
    assert (chart["label"], chart["current"]) == ("Revenue in EUR", [0, 0, 1234.5, 0])


def test_the_list_of_sites_takes_as_many_queries_for_three_as_for_two(
    signed_in, owner, counted, acme, django_assert_num_queries
):
    client = signed_in(owner)
    Site.objects.create(tenant=acme, name="Second", owner=owner.user)
    with CaptureQueriesContext(connection) as two:
        client.get("/sites")
    Site.objects.create(tenant=acme, name="Third", owner=owner.user)
    with django_assert_num_queries(len(two)):
        client.get("/sites")


@pytest.mark.parametrize(
    ("zone", "day", "hours", "labels"),
    [
        ("Asia/Kathmandu", date(2025, 3, 2), 24, ["00:00", "01:00", "02:00"]),
        ("Australia/Lord_Howe", date(2025, 4, 6), 25, ["00:00", "01:00", "01:30", "02:30"]),
        ("Australia/Lord_Howe", date(2025, 10, 5), 24, ["00:00", "01:00", "02:30", "03:30"]),
        ("Europe/Berlin", date(2025, 3, 30), 23, ["00:00", "01:00", "03:00"]),
        ("Europe/Berlin", date(2025, 10, 26), 25, ["00:00", "01:00", "02:00", "02:00", "03:00"]),
    ],
)
def test_hours_are_named_as_the_sites_clock_shows_them(owner, site, zone, day, hours, labels):
    Site.plain.update(time_zone=zone)
    site.refresh_from_db()
    start, end = site.clock.bounds(day)
    send(site, [{"at": start}, {"at": end - timedelta(seconds=1)}])
    rebuild_all()
    period = Period(day, day, date(2025, 12, 1))
    points = queries.series(owner.scope(), site, period, "page_views")
    assert len(points) == hours
    assert [f"{point.at:%H:%M}" for point in points[: len(labels)]] == labels
    assert (points[0].value, points[-1].value) == (1, 1)


def test_weeks_go_on_over_the_turn_of_the_year(owner, site):
    for day in ("2025-12-28", "2025-12-29", "2025-12-31", "2026-01-04", "2026-01-05"):
        send(site, visit(at(f"{day} 10:00"), ["/"]))
    rebuild_all()
    period = Period(date(2025, 12, 28), date(2026, 1, 5), date(2026, 2, 1))
    for interval, expected in (
        (Interval.WEEK, [(date(2025, 12, 28), 1), (date(2025, 12, 29), 3), (date(2026, 1, 5), 1)]),
        (Interval.MONTH, [(date(2025, 12, 28), 3), (date(2026, 1, 1), 2)]),
    ):
        points = queries.series(owner.scope(), site, period, "visitors", interval=interval)
        assert [(point.at, point.value) for point in points] == expected
