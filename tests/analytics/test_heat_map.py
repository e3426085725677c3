"""The hours of the week: averages on the site's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from analytics import heat_map
from analytics.answers import Point
from tests.sending import rebuild_all, send, visit

BERLIN = ZoneInfo("Europe/Berlin")


def hours_of(first: str, hours: int) -> list[datetime]:
    start = datetime.fromisoformat(first).replace(tzinfo=BERLIN).astimezone(UTC)
    return [(start + timedelta(hours=number)).astimezone(BERLIN) for number in range(hours)]


def test_an_hour_is_the_average_of_the_days_that_had_it():
    """Two Sundays: that of 23 hours has no two o'clock."""
    short = [Point(at, 4, True) for at in hours_of("2026-03-29", 23)]
    usual = [Point(at, 8, True) for at in hours_of("2026-04-05", 24)]
    found = heat_map.averages([*short, *usual])
    assert found[6, 2] == 8
    assert found[6, 3] == 6


def test_an_hour_that_comes_twice_counts_as_two():
    long = [Point(at, 5, True) for at in hours_of("2026-10-25", 25)]
    found = heat_map.averages(long)
    assert found[6, 2] == 5
    assert len(found) == 24


def test_hours_that_are_not_over_or_not_known_are_left_out():
    monday = hours_of("2026-11-02", 3)
    points = [Point(monday[0], 3, True), Point(monday[1], 9, False), Point(monday[2], None, True)]
    assert heat_map.averages(points) == {(0, 0): 3.0}


def test_colours_go_from_nothing_to_the_largest():
    assert [heat_map.heat(value, 10) for value in (0, 0.1, 5, 9.9, 10)] == [0, 1, 3, 5, 5]


@pytest.mark.django_db(transaction=True)
def test_the_page_shows_the_hour_of_a_visit_and_can_count_clicks(signed_in, owner, site):
    today = site.clock.date_of(timezone.now())
    at = site.clock.bounds(today)[0] - timedelta(hours=24) + timedelta(hours=7, minutes=5)
    send(site, [*visit(at, ["/"]), *visit(at, ["/"], name="click")])
    rebuild_all()
    client = signed_in(owner)
    heat = client.get(f"/sites/{site.key}/hours").context["heat"]
    yesterday = (today - timedelta(days=1)).weekday()
    assert heat["busiest"]["hour"] == "07:00"
    assert heat["rows"][7]["cells"][yesterday]["class"] == 5
    answer = client.get(f"/sites/{site.key}/hours?metric=clicks")
    assert answer.context["heat"]["label"] == "Clicks"
    assert answer.context["heat"]["any"]


@pytest.mark.django_db(transaction=True)
def test_another_tenants_hours_do_not_exist(signed_in, owner, rival_site):
    assert signed_in(owner).get(f"/sites/{rival_site.key}/hours").status_code == 404
