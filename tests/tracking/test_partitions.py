"""The months' tables exist before an event needs them."""

from datetime import date

import pytest
from django.db import connection

from tracking import partitions
from tracking.tasks import make_partitions

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("day", "following"),
    [(date(2026, 1, 1), date(2026, 2, 1)), (date(2026, 12, 1), date(2027, 1, 1))],
)
def test_months_follow_each_other(day, following):
    assert partitions.next_month(day) == following


def test_a_month_is_made_once():
    month = [date(2031, 12, 1)]
    for partitioned in partitions.ALL:
        made = partitions.ensure(connection.connection, partitioned, month)
        assert made == [f"{partitioned.table}_2031_12"]
        assert partitions.ensure(connection.connection, partitioned, month) == []


def test_the_coming_months_are_made_ahead(time_machine):
    time_machine.move_to("2032-01-31 12:00Z")
    make_partitions()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('tracking_event_2032_04') IS NOT NULL")
        assert cursor.fetchone() == (True,)


def test_the_ids_of_a_month_fall_into_its_partition():
    from datetime import UTC, datetime

    from tracking.ingest.wire import uuid7

    low = partitions.bound(partitions.EVENT_KEY, date(2026, 11, 1))
    high = partitions.bound(partitions.EVENT_KEY, date(2026, 12, 1))
    first = uuid7(datetime(2026, 11, 1, tzinfo=UTC))
    last = uuid7(datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    assert low <= str(first) <= str(last) < high
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
