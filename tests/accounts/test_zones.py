"""Days are cut by the site's clock of their time, and never again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.zones import Clock
from tests.conftest import at

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]
moments = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_a_change_takes_effect_at_the_next_midnight_of_the_old_clock():
    clock = Clock("Europe/Berlin").changed("America/New_York", at("2026-03-02 12:00"))
    assert clock.earlier == ((date(2026, 3, 2), "Europe/Berlin"),)
    assert clock.date_of(at("2026-03-02 22:59")) == date(2026, 3, 2)
    assert clock.date_of(at("2026-03-02 23:00")) == date(2026, 3, 3)
    assert clock.bounds(date(2026, 3, 3)) == (at("2026-03-02 23:00"), at("2026-03-04 05:00"))
    assert clock.bounds(date(2026, 3, 4)) == (at("2026-03-04 05:00"), at("2026-03-05 05:00"))


def test_a_second_change_on_the_same_day_takes_the_place_of_the_first():
    now = at("2026-03-02 12:00")
    clock = Clock("Europe/Berlin").changed("Asia/Kathmandu", now).changed("UTC", now)
    assert clock == Clock("UTC", ((date(2026, 3, 2), "Europe/Berlin"),))


def test_the_same_zone_is_no_change():
    clock = Clock("Europe/Berlin")
    assert clock.changed("Europe/Berlin", at("2026-03-02 12:00")) is clock


@given(
    st.lists(st.tuples(moments, st.sampled_from(ZONES)), max_size=4),
    st.sampled_from(ZONES),
    moments,
)
def test_every_moment_has_one_day_whose_bounds_hold_it(changes, zone, moment):
    clock = Clock(zone)
    for when, to in sorted(changes):
        clock = clock.changed(to, when)
    near = [
        moment,
        *(when + timedelta(hours=hours) for when, _to in changes for hours in (1, 20, 40)),
    ]
    for one in near:
        day = clock.date_of(one)
        start, end = clock.bounds(day)
        assert start <= one < end
        assert clock.bounds(day + timedelta(days=1))[0] == end


@given(moments, st.sampled_from(ZONES), st.sampled_from(ZONES), moments)
def test_a_change_cuts_no_day_again_that_has_begun(moment, old, new, now):
    before = Clock(old)
    after = before.changed(new, now)
    if moment <= now:
        assert after.date_of(moment) == before.date_of(moment)
        assert after.bounds(before.date_of(moment)) == before.bounds(before.date_of(moment))


@pytest.mark.django_db
def test_every_way_to_change_a_sites_zone_keeps_its_days(client, site, owner, token, signed_in):
    form = {"name": "x", "domains": "", "time_zone": "Asia/Tokyo"}
    signed_in(owner).post(f"/sites/{site.key}/settings", form)
    site.refresh_from_db()
    assert [zone for _last, zone in site.earlier_zones] == ["Europe/Berlin"]
    headers = {"Authorization": f"Bearer {token(owner)}"}
    client.patch(
        f"/api/v1/sites/{site.pk}", {"time_zone": "UTC"}, "application/json", headers=headers
    )
    site.refresh_from_db()
    assert (site.time_zone, [zone for _last, zone in site.earlier_zones]) == (
        "UTC",
        ["Europe/Berlin"],
    )
    assert site.clock.zone_on(date(2026, 1, 1)) == "Europe/Berlin"
