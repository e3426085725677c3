"""Periods are whole days on the site's own clock."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.zones import Clock
from analytics.period import PRESETS, Interval, InvalidPeriod, Period, custom, preset
from tests.conftest import at

BERLIN = Clock("Europe/Berlin")
NOW = at("2026-11-22 23:30")  # the 23rd in Berlin


@pytest.mark.parametrize(
    ("slug", "first", "last"),
    [
        ("today", date(2026, 11, 23), date(2026, 11, 23)),
        ("yesterday", date(2026, 11, 22), date(2026, 11, 22)),
        ("7d", date(2026, 11, 17), date(2026, 11, 23)),
        ("30d", date(2026, 10, 25), date(2026, 11, 23)),
        ("month", date(2026, 11, 1), date(2026, 11, 23)),
        ("last_month", date(2026, 10, 1), date(2026, 10, 31)),
        ("12mo", date(2025, 12, 1), date(2026, 11, 23)),
    ],
)
def test_a_named_period_ends_on_the_sites_own_day(slug, first, last):
    period = preset(slug, NOW, BERLIN)
    assert (period.first, period.last) == (first, last)


def test_an_unknown_name_is_the_default_period():
    assert preset("nonsense", NOW, BERLIN) == preset("7d", NOW, BERLIN)


CALENDAR = {"month", "last_month", "12mo"}


@pytest.mark.parametrize(
    ("slug", "now", "first", "last"),
    [
        ("month", "2026-11-22 12:00", date(2026, 10, 1), date(2026, 10, 22)),
        ("month", "2026-03-31 12:00", date(2026, 2, 1), date(2026, 2, 28)),
        ("last_month", "2026-11-22 12:00", date(2026, 9, 1), date(2026, 9, 30)),
        ("12mo", "2026-11-22 12:00", date(2024, 12, 1), date(2025, 11, 22)),
        ("12mo", "2028-02-29 12:00", date(2026, 3, 1), date(2027, 2, 28)),
    ],
)
def test_calendar_months_and_years_are_compared_with_calendar_ones(slug, now, first, last):
    before = preset(slug, at(now), BERLIN).previous()
    assert (before.first, before.last) == (first, last)


@given(
    st.dates(date(2001, 1, 1), date(2090, 1, 1)), st.integers(0, 1000), st.sampled_from(Interval)
)
def test_the_parts_of_a_period_are_all_of_its_days_once(first, length, interval):
    period = Period(first, first + timedelta(days=length), first)
    parts = period.parts(interval)
    assert [day for part in parts for day in part.dates] == period.dates
    for part in parts[1:]:
        assert interval != Interval.WEEK or part.first.weekday() == 0
        assert interval != Interval.MONTH or part.first.day == 1


def test_a_long_period_is_drawn_in_months_and_a_day_in_hours():
    steps = [preset(slug, NOW, BERLIN).interval for slug in ("today", "30d", "90d", "12mo")]
    assert steps == ["hour", "day", "day", "month"]


@given(
    st.sampled_from(sorted(set(PRESETS) - CALENDAR)),
    st.datetimes(timezones=st.just(ZoneInfo("Europe/Berlin"))),
)
def test_the_period_before_is_as_long_and_ends_right_before(slug, now):
    try:
        period = preset(slug, now, BERLIN)
        before = period.previous()
    except OverflowError:  # the first days of the calendar have nothing before them
        return
    assert before.days == period.days
    assert before.last + timedelta(days=1) == period.first


def test_a_period_with_today_is_unfinished_and_knows_its_finished_days():
    week = preset("7d", NOW, BERLIN)
    assert week.unfinished
    assert week.finished() == Period(date(2026, 11, 17), date(2026, 11, 22), week.today)
    assert preset("today", NOW, BERLIN).finished() is None
    assert not preset("yesterday", NOW, BERLIN).unfinished


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-02", "2026-11-01"),
        ("2026-11-01", "2026-12-01"),
        ("1999-01-01", "1999-01-02"),
        ("2001-01-01", "2026-01-01"),
        ("", "2026-11-01"),
        ("30.2.2026", "x"),
        ("9999999-01-01", "2026-11-01"),
    ],
)
def test_dates_that_make_no_period_are_refused_with_words(first, last):
    with pytest.raises(InvalidPeriod, match=r"\w+ \w+"):
        custom(first, last, NOW, BERLIN)


@given(
    st.dates(date(2000, 1, 1), date(2099, 12, 30)),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo"]
    ),
)
def test_days_follow_each_other_without_gap_or_overlap(day, zone):
    clock = Clock(zone)
    assert clock.bounds(day)[1] == clock.bounds(day + timedelta(days=1))[0]
