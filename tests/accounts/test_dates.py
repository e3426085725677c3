"""Dates look as the organisation wants them, moments are shown on the reader's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import dates
from accounts.models import Site, Tenant
from tests.sending import rebuild_all, send, visit

NIGHT = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
DAY = date(2026, 11, 23)


def tenant(date_format: str = "words", zone: str = "Europe/Berlin") -> Tenant:
    return Tenant(date_format=date_format, time_zone=zone)


WRITTEN = {
    "words": ("23 November 2026", "23 Nov", "1–23 November 2026"),
    "iso": ("2026-11-23", "11-23", "2026-11-01 – 2026-11-23"),
    "day_first": ("23/11/2026", "23/11", "01/11/2026 – 23/11/2026"),
    "month_first": ("11/23/2026", "11/23", "11/01/2026 – 11/23/2026"),
    "dotted": ("23.11.2026", "23.11.", "01.11.2026 – 23.11.2026"),
}


@pytest.mark.parametrize("date_format", WRITTEN)
def test_every_format_writes_days_moments_and_spans(date_format):
    day, short, span = WRITTEN[date_format]
    with dates.read_by(tenant(date_format, zone="UTC")):
        assert dates.day(DAY) == day
        assert dates.short_day(DAY) == short
        assert dates.weekday(DAY) == f"Mon {short}"
        assert dates.moment(NIGHT) == f"{day}, 23:30"
        assert dates.span(date(2026, 11, 1), DAY) == span


def test_every_format_that_can_be_chosen_is_written():
    for date_format in Tenant.DateFormat.values:
        with dates.read_by(tenant(date_format)):
            assert dates.day(DAY)
            assert dates.short_day(DAY)


def test_spans_in_words_say_no_more_than_is_needed():
    with dates.read_by(tenant()):
        assert dates.span(DAY, DAY) == "23 November 2026"
        assert dates.span(date(2026, 10, 5), DAY) == "5 October – 23 November 2026"
        assert dates.span(date(2025, 12, 5), DAY) == "5 December 2025 – 23 November 2026"


@pytest.mark.django_db
def test_a_person_reads_moments_on_their_own_clock(ada):
    with dates.read_by(tenant(), ada):
        assert dates.moment(NIGHT) == "24 November 2026, 00:30"  # the organisation's
    ada.time_zone = "America/New_York"
    with dates.read_by(tenant(), ada):
        assert dates.moment(NIGHT) == "23 November 2026, 18:30"
        assert dates.day(NIGHT) == "23 November 2026"
        text = Template("{% load dates %}{% timestamp at %} {% reader_zone %}").render(
            Context({"at": NIGHT})
        )
    assert "23 November 2026, 18:30</time> America/New York" in text
    assert 'title="America/New_York"' in text
    assert 'datetime="2026-11-23T23:30:00+00:00"' in text


def test_a_site_s_own_day_knows_no_clock():
    with dates.read_by(tenant(zone="Asia/Tokyo")):
        assert dates.day(DAY) == "23 November 2026"
        assert dates.moment(NIGHT.replace(tzinfo=None)) == "23 November 2026, 23:30"


def test_outside_of_a_request_dates_are_in_words_and_utc():
    assert dates.moment(NIGHT) == "23 November 2026, 23:30"


def test_what_is_not_there_is_nothing():
    text = "{% load dates %}[{{ x|day }}{{ x|short_day }}{{ x|moment }}{% timestamp x %}]"
    assert Template(text).render(Context({"x": None})) == "[]"


@pytest.mark.django_db(transaction=True)
def test_pages_follow_the_format_and_the_zone_without_a_further_query(site: Site, owner, signed_in):
    now = timezone.now()
    send(site, visit(now - timedelta(minutes=5), ["/"]))
    rebuild_all()
    client = signed_in(owner)
    path = f"/sites/{site.key}?first=2026-03-09&last=2026-03-10"
    counts = []
    for date_format, text in (
        ("words", "9–10 March 2026"),
        ("iso", "2026-03-09 – 2026-03-10"),
        ("dotted", "09.03.2026 – 10.03.2026"),
    ):
        Tenant.objects.filter(pk=site.tenant_id).update(date_format=date_format)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(path).content.decode()
        counts.append(len(asked))
        assert text in page
    assert len(set(counts)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_named_period_tells_its_days(site: Site, owner, signed_in):
    send(site, visit(timezone.now() - timedelta(minutes=5), ["/"]))
    rebuild_all()
    last = site.clock.date_of(timezone.now())
    with dates.read_by(site.tenant):
        text = dates.span(last - timedelta(days=6), last)
    page = signed_in(owner).get(f"/sites/{site.key}?period=7d").content.decode()
    assert f"<b>{text}</b>" in page
