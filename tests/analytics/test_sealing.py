"""A sealed day is closed: its rare values name nobody, and nothing counts it again."""

from __future__ import annotations

from datetime import date

import pytest

from analytics import queries, rollup
from analytics.models import DailyStat, SiteDay
from analytics.period import Period
from analytics.recount import NAMING_DIMENSIONS
from tests.conftest import at
from tests.sending import rebuild_all, send, visit
from tracking.models import DirtyDay, Event

pytestmark = pytest.mark.django_db(transaction=True)

DAY = date(2026, 3, 2)


@pytest.fixture
def day(site) -> SiteDay:
    """Five who saw the shop, two who read their own invoices."""
    for number in range(7):
        pages = ["/", "/price"] if number < 5 else ["/", f"/invoice/jane-doe-{number}"]
        start = at("2026-03-02 10:00")
        query = "?utm_source=letter&utm_campaign=to-jane" if number == 6 else "?utm_source=letter"
        pages[0] += query
        send(site, visit(start, pages, ip=f"84.160.1.{number}"))
    return rebuild_all()[0]


def values(dimension: str) -> dict[str, tuple[int, int]]:
    rows = DailyStat.plain.filter(dimension=dimension)
    return {row.value: (row.visitors, row.page_views) for row in rows}


def test_rare_values_are_folded_and_every_sum_stays(site, day):
    total = values("")
    rollup.seal(site, DAY)
    assert values("page") == {"/": (7, 7), "/price": (5, 5), "(other)": (2, 2)}
    assert values("exit_page") == {"/price": (5, 10), "(other)": (2, 4)}
    assert values("campaign") == {"": (6, 12), "(other)": (1, 2)}
    assert values("source") == {"letter": (7, 14)}
    assert values("") == total


def test_no_value_that_could_name_a_person_is_left_to_few(site, day):
    rollup.seal(site, DAY)
    rare = DailyStat.plain.filter(dimension__in=NAMING_DIMENSIONS, visitors__lt=5)
    assert set(rare.values_list("value", flat=True)) <= {"", "(other)"}
    assert not DailyStat.plain.filter(value__contains="jane").exists()


def test_sealing_raises_the_version_once_and_keeps_raw_events(site, day):
    sealed = rollup.seal(site, DAY)
    assert (sealed.version, sealed.sealed_at is not None) == (day.version + 1, True)
    assert rollup.seal(site, DAY).version == sealed.version
    assert Event.plain.count() == 14


def test_a_day_with_events_that_are_not_counted_is_not_sealed(site, day):
    send(site, visit(at("2026-03-02 12:00"), ["/late"]))
    with pytest.raises(rollup.NotCounted, match="2026-03-02"):
        rollup.seal(site, DAY)
    with pytest.raises(rollup.NotCounted):
        rollup.seal(site, date(2026, 3, 3))
    assert SiteDay.plain.get().sealed_at is None


def test_a_sealed_day_is_not_counted_again_and_loses_its_marks(site, day):
    rollup.seal(site, DAY)
    Event.plain.all().delete()
    DirtyDay.plain.create(site=site, date=DAY)
    assert rollup.rebuild(site, DAY) is None
    DirtyDay.plain.create(site=site, date=DAY)
    rebuild_all()
    assert not DirtyDay.plain.exists()
    assert values("")[""] == (7, 14)
    assert rollup.drift(site, DAY) is None


def test_filtered_questions_answer_from_the_first_day_that_is_not_sealed(site, day, owner):
    from analytics.segments import Filter, Operator

    send(site, visit(at("2026-03-03 10:00"), ["/"]))
    rebuild_all()
    rollup.seal(site, DAY)
    period = Period(DAY, date(2026, 3, 4), date(2026, 3, 10))
    direct = [Filter("channel", Operator.IS, ("direct",))]
    got = queries.totals(owner.scope(), site, period, ["visitors"], filters=direct)
    assert (got.numbers["visitors"], got.coverage.since) == (1, date(2026, 3, 3))
    rows = queries.breakdown(owner.scope(), site, period, "page", ["visitors"], filters=direct)
    assert rows.coverage.since == date(2026, 3, 3)
    plain = queries.totals(owner.scope(), site, period, ["visitors"])
    assert (plain.numbers["visitors"], plain.coverage.since) == (8, DAY)
