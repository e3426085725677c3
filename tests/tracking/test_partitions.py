"""The months' tables exist before an event needs them."""

from datetime import UTC, date, datetime
from uuid import NAMESPACE_OID, uuid5

import pytest
from django.db import connection

from tracking import partitions
from tracking.ingest.fields import uuid7
from tracking.models import EventKey
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
    low = partitions.bound(partitions.EVENT_KEY, date(2026, 11, 1))
    high = partitions.bound(partitions.EVENT_KEY, date(2026, 12, 1))
    first = uuid7(datetime(2026, 11, 1, tzinfo=UTC))
    last = uuid7(datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    assert low <= str(first) <= str(last) < high
    assert (first.version, first.variant) == (7, "specified in RFC 4122")


def keys() -> list[str]:
    return sorted(str(key) for key in EventKey.plain.values_list("event_id", flat=True))


def test_ids_are_known_for_at_least_thirty_days_and_not_for_ever():
    def of(day: str) -> str:
        return str(uuid7(datetime.fromisoformat(f"{day}T12:00:00+00:00")))

    old, young = of("2031-10-02"), of("2031-11-02")
    months = [date(2031, 10, 1), date(2031, 11, 1)]
    partitions.ensure(connection.connection, partitions.EVENT_KEY, months)
    for key in (old, young):
        EventKey.plain.create(site_id=1, event_id=key, received_on=date(2031, 11, 2))
    before = partitions.drop_old_keys(connection.connection, date(2031, 11, 30))
    assert "tracking_eventkey_2031_10" not in before
    dropped = partitions.drop_old_keys(connection.connection, date(2031, 12, 1))
    assert dropped == ["tracking_eventkey_2031_10"]
    assert keys() == [young]


def test_ids_that_tell_no_time_are_known_for_thirty_days(monkeypatch):
    monkeypatch.setattr(partitions, "_PIECE", 2)
    today = date(2031, 12, 31)
    for number in range(5):
        EventKey.plain.create(
            site_id=1, event_id=uuid5(NAMESPACE_OID, f"old{number}"), received_on=date(2031, 11, 30)
        )
    young = uuid5(NAMESPACE_OID, "young")
    EventKey.plain.create(site_id=1, event_id=young, received_on=date(2031, 12, 1))
    assert partitions.forget_old_keys(connection.connection, today) == 5
    assert keys() == [str(young)]
