"""A day's secret dies, and with it the way back to its visitors."""

from datetime import date, timedelta

import pytest

from privacy.models import Salt
from privacy.pseudonyms import destroy_expired, session_id, visitor_id
from tests.conftest import at

pytestmark = pytest.mark.django_db


def salt(site, day: date, made: str) -> Salt:
    return Salt.plain.create(site=site, date=day, secret=b"s" * 32, made_at=at(made))


@pytest.mark.parametrize(
    ("made", "dies"),
    [
        ("2026-03-01 09:00", "2026-03-03 23:00"),  # 48 h after the day's end in Berlin
        ("2026-03-20 09:00", "2026-03-22 09:00"),  # made later by an import: 48 h after that
    ],
)
def test_a_secret_dies_48_hours_after_its_day_or_its_making(site, made, dies):
    row = salt(site, date(2026, 3, 1), made)
    assert destroy_expired(at(dies) - timedelta(minutes=1)) == 0
    assert destroy_expired(at(dies) + timedelta(minutes=1)) == 1
    row.refresh_from_db()
    assert row.secret is None
    assert destroy_expired(at(dies) + timedelta(days=1)) == 0


def test_a_pseudonym_fits_64_bits_and_depends_on_every_part():
    ids = {
        visitor_id(secret, address, agent)
        for secret in (b"a" * 32, b"b" * 32)
        for address in ("84.160.1.1", "84.160.1.2")
        for agent in ("x", "y")
    }
    assert len(ids) == 8
    assert all(-(2**63) <= number < 2**63 for number in ids)
    assert visitor_id(b"a" * 32, "a", "bc") != visitor_id(b"a" * 32, "ab", "c")
    assert session_id(b"a" * 32, "s") != session_id(b"b" * 32, "s")
