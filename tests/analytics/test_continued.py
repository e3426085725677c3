"""A visit goes on over midnight where the same visitor is known on both days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from analytics import rollup
from analytics.models import DailyStat
from tests.conftest import at
from tests.sending import rebuild_all, send, visit
from tracking import partitions
from tracking.models import DirtyDay, Session

pytestmark = pytest.mark.django_db(transaction=True)

# On Berlin's clock in winter.
MIDNIGHT = at("2026-03-02 23:00")
BEFORE, AFTER = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def raw(site):
    """Store a raw page view of a visitor whose number is the same on every day."""
    month = [partitions.month_of(BEFORE)]
    partitions.ensure(connection.connection, partitions.EVENT, month)

    def store(visitor: int, minutes: float, session: int | None = None) -> None:
        when: datetime = MIDNIGHT + timedelta(minutes=minutes)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO tracking_event (site_id, event_id, occurred_at, received_at, name,"
                " path, visitor, session) VALUES (%s, %s, %s, now(), 'page_view', '/', %s, %s)",
                [site.pk, uuid4(), when, visitor, session],
            )
        DirtyDay.plain.create(site=site, date=site.clock.date_of(when))

    return store


def continued(day: date = AFTER) -> dict[int, bool]:
    rows = Session.plain.filter(date=day).order_by("-started_at")
    return {row.visitor: row.continued for row in rows}


def test_a_visit_within_half_an_hour_of_yesterdays_goes_on(raw):
    for visitor, last, first in ((1, -10, 20), (2, -10, 20.1), (3, -31, 1), (4, 5, 6)):
        raw(visitor, last)
        raw(visitor, first)
    rebuild_all()
    assert continued() == {1: True, 2: False, 3: False, 4: False}
    assert set(continued(BEFORE).values()) == {False}


def test_another_visitor_does_not_go_on(raw):
    raw(1, -1)
    raw(2, 1)
    rebuild_all()
    assert continued() == {2: False}


def test_a_clients_session_goes_on_under_its_own_id_only(raw):
    for visitor, one, two in ((1, 7, 7), (2, 7, 8), (3, None, 7), (4, 7, None)):
        raw(visitor, -1, one)
        raw(visitor, 1, two)
    rebuild_all()
    assert continued() == {1: True, 2: False, 3: False, 4: False}


def test_only_the_first_visit_of_the_day_goes_on(raw):
    for minutes in (-5, 5, 50):
        raw(1, minutes)
    rebuild_all()
    rows = Session.plain.filter(date=AFTER).order_by("started_at")
    assert [row.continued for row in rows] == [True, False]


def test_a_late_event_before_midnight_reaches_the_day_after(site, raw):
    raw(1, 5)
    rebuild_all()
    assert continued() == {1: False}
    raw(1, -5)
    rebuild_all()
    assert continued() == {1: True}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tracking_event WHERE occurred_at < %s", [MIDNIGHT])
    rollup.rebuild(site, BEFORE)
    rebuild_all()
    assert continued() == {1: False}


def test_the_day_after_is_marked_only_where_a_visit_may_go_on(site, raw):
    raw(1, 5)
    raw(2, -5)
    raw(1, -45)
    rebuild_all()
    raw(2, -4)
    raw(1, -44)
    rollup.rebuild(site, BEFORE)
    assert not DirtyDay.plain.exists()


def test_every_day_counts_its_part_of_the_visit(raw):
    raw(1, -5)
    raw(1, 5)
    rebuild_all()
    counts = DailyStat.plain.filter(dimension="").order_by("date")
    assert [(row.sessions, row.bounces, row.visitors) for row in counts] == [(1, 1, 1)] * 2


def test_pseudonyms_of_two_days_are_two_visitors(site):
    """A visitor is a pseudonym of one day: nobody is followed over midnight."""
    send(site, visit(MIDNIGHT - timedelta(minutes=1), ["/", "/a", "/b"], session_id="one"))
    rebuild_all()
    assert list(continued().values()) == [False]


def test_a_day_that_goes_on_does_not_drift(site, raw):
    raw(1, -5)
    raw(1, 5)
    rebuild_all()
    assert [rollup.drift(site, day) for day in (BEFORE, AFTER)] == [0, 0]
