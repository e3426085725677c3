"""The door to numbers: right, or absent; and only what the scope sees."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from accounts.tenancy import Scope
from analytics import queries
from analytics.metrics import METRICS
from analytics.period import Period
from tests.conftest import at
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2026, 3, 10)


def totals(*question: Any, **more: Any) -> dict[str, Any]:
    return queries.totals(*question, **more).numbers


@pytest.fixture
def scope(owner) -> Scope:
    return owner.scope()


@pytest.fixture
def week(site) -> Period:
    """Two visits on the 4th (Google, from Germany), one on the 6th; the 5th was quiet."""
    google: dict[str, Any] = {"referrer": "https://www.google.com/"}
    send(site, visit(at("2026-03-04 10:00"), ["/", "/a"], ip="84.160.1.1", **google))
    send(site, visit(at("2026-03-04 11:00"), ["/"], ip="84.160.1.2", **google))
    send(site, visit(at("2026-03-06 11:00"), ["/b"], ip="84.160.1.3"))
    rebuild_all()
    return Period(date(2026, 3, 3), date(2026, 3, 9), TODAY)


def test_totals_are_the_sums_and_ratios_of_the_days(scope, site, week):
    got = totals(scope, site, week, METRICS)
    assert (got["visitors"], got["sessions"], got["page_views"]) == (3, 3, 4)
    assert got["bounce_rate"] == pytest.approx(2 / 3)
    assert got["views_per_session"] == pytest.approx(4 / 3)
    assert got["session_seconds"] == pytest.approx(60 / 3)
    assert got["conversion_rate"] == 0


def test_a_day_before_the_first_measured_one_is_unknown_and_a_quiet_one_is_zero(scope, site, week):
    values = [point.value for point in queries.series(scope, site, week, "visitors")]
    assert values == [None, 2, 0, 1, 0, 0, 0]


def test_a_ratio_of_nothing_is_unknown_not_zero(scope, site, week):
    quiet = Period(date(2026, 3, 5), date(2026, 3, 5), TODAY)
    got = totals(scope, site, quiet, ["visitors", "bounce_rate"])
    assert got == {"visitors": 0, "bounce_rate": None}


def test_before_the_first_measured_day_nothing_is_known(scope, site, week):
    got = totals(scope, site, week.previous(), METRICS)
    assert set(got.values()) == {None}


def test_a_site_without_events_has_no_numbers(scope, site):
    period = Period(date(2026, 3, 3), date(2026, 3, 9), TODAY)
    assert totals(scope, site, period, ["visitors"]) == {"visitors": None}
    assert not queries.has_events(scope, site)


def test_a_breakdown_adds_up_to_the_total(scope, site, week):
    total = totals(scope, site, week, ["visitors", "page_views"])
    for dimension in ("source", "channel", "country", "device", "browser", "os", "entry_page"):
        rows = queries.breakdown(scope, site, week, dimension, ["visitors", "page_views"]).rows
        for key, value in total.items():
            assert sum(row.numbers[key] or 0 for row in rows) == value, dimension


def test_a_breakdown_names_the_largest_first_and_tells_of_more(scope, site, week):
    pages = queries.breakdown(scope, site, week, "page", ["page_views"], limit=2)
    assert [(row.value, row.numbers["page_views"]) for row in pages.rows] == [("/", 2), ("/a", 1)]
    assert pages.more
    rest = queries.breakdown(scope, site, week, "page", ["page_views"], limit=2, offset=2)
    assert [row.value for row in rest.rows] == ["/b"]
    assert not rest.more


def test_a_single_day_is_told_by_its_hours(scope, site, week):
    day = Period(date(2026, 3, 4), date(2026, 3, 4), TODAY)
    points = queries.series(scope, site, day, "page_views")
    assert [(p.at.hour, p.value) for p in points if p.value] == [(11, 2), (12, 1)]
    assert len(points) == 24


def test_the_hours_to_come_are_unknown(scope, site):
    with time_machine.travel(at("2026-03-04 10:30"), tick=False):
        send(site, visit(at("2026-03-04 10:00"), ["/"]))
        rebuild_all()
        today = Period(date(2026, 3, 4), date(2026, 3, 4), date(2026, 3, 4))
        points = queries.series(scope, site, today, "page_views")
    assert [point.value for point in points] == [0] * 11 + [1] + [None] * 12
    assert [point.finished for point in points] == [True] * 11 + [False] * 13


def test_a_minimal_cell_hides_small_groups(scope, site, week):
    narrow = Scope(scope.tenant, min_cell=2)
    rows = queries.breakdown(narrow, site, week, "source", ["visitors"]).rows
    assert [row.value for row in rows] == ["Google"]


def test_a_metric_outside_the_scope_is_refused(scope, site, week):
    narrow = Scope(scope.tenant, metrics=frozenset({"visitors"}))
    with pytest.raises(queries.HiddenMetric):
        totals(narrow, site, week, ["visitors", "page_views"])
    with pytest.raises(queries.HiddenMetric):
        queries.breakdown(narrow, site, week, "page", ["page_views"])


def test_another_tenant_sees_none_of_it(rival_site, site, week):
    rival = Scope(rival_site.tenant.pk)
    assert set(totals(rival, site, week, METRICS).values()) == {None}
    assert queries.breakdown(rival, site, week, "page", ["visitors"]).rows == []
    assert not queries.has_events(rival, site)
    assert queries.first_event(rival, site) is None
    assert queries.visitors_now(rival, site, at("2026-03-04 10:01")) == 0


def test_a_scope_of_other_sites_sees_none_of_it(scope, site, week):
    narrow = Scope(scope.tenant, sites=frozenset({site.pk + 1}))
    assert totals(narrow, site, week, ["visitors"]) == {"visitors": None}


def test_visitors_now_are_those_of_the_last_five_minutes(scope, site):
    now = at("2026-03-04 10:00")
    for number, minutes in enumerate((1, 4, 6)):
        when = now - timedelta(minutes=minutes)
        send(site, [{"ip": f"84.160.1.{number}", "at": when}], now=now)
    assert queries.visitors_now(scope, site, now) == 2
