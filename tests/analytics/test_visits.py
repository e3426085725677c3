"""Single visits: which there were, and what happened in one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import Http404, QueryDict
from django.utils import timezone

from accounts.models import Site
from analytics import visits
from tests.conftest import IPHONE
from tests.sending import rebuild_all, send, visit
from tracking.models import Session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(site) -> Site:
    """Yesterday at noon a German buys, at one an American looks."""
    today = site.clock.date_of(timezone.now())
    noon = site.clock.bounds(today)[0] - timedelta(hours=12)
    bought: dict[str, Any] = {"name": "conversion", "value": "19.99", "currency": "EUR"}
    after = noon + timedelta(minutes=5)
    send(site, visit(noon, ["/", "/price"], referrer="https://www.google.com/"))
    send(site, visit(after, ["/price"], **bought))
    send(site, visit(noon + timedelta(hours=1), ["/about"], ip="8.8.8.8", user_agent=IPHONE))
    rebuild_all()
    return site


@pytest.fixture
def client(signed_in, owner):
    return signed_in(owner)


def listed(client, site, query: str = "") -> list[dict]:
    return client.get(f"/sites/{site.key}/visits{query}").context["visits"]


def test_visits_are_listed_the_newest_first_on_the_sites_clock(client, busy):
    second, first = listed(client, busy)
    assert (first["at"], first["source"], first["country"]) == ("12:00", "Google", "Germany")
    assert (first["entry"], first["exit"], first["conversions"]) == ("/", "/price", 1)
    assert first["duration"] == "5m 00s"
    assert (second["at"], second["device"], second["bounced"]) == ("13:00", "Phone", True)


@pytest.mark.parametrize(
    ("query", "times"),
    [
        ("?filter=country:is:DE", ["12:00"]),
        ("?filter=country:is_not:DE", ["13:00"]),
        ("?filter=source:is:", ["13:00"]),
        ("?filter=source:contains:oog", ["12:00"]),
        ("?filter=page:is:/about", ["13:00"]),
        ("?filter=event:is:conversion", ["12:00"]),
        ("?filter=event:is:conversion&filter=country:is:US", []),
    ],
)
def test_filters_hold_on_visits_and_on_their_events(client, busy, query, times):
    assert [row["at"] for row in listed(client, busy, query)] == times


def test_a_point_of_the_chart_leads_to_the_visits_of_its_hour_or_day(client, busy):
    page = client.get(f"/sites/{busy.key}?period=yesterday").context
    (noon,) = [row for row in page["chart_rows"] if row["label"] == "12:00"]
    answer = client.get(noon["url"])
    assert [row["at"] for row in answer.context["visits"]] == ["12:00"]
    assert answer.context["chip_of_hour"]["text"] == "From 12:00 to 13:00"
    week = client.get(f"/sites/{busy.key}?period=7d").context["chart_rows"]
    assert len(client.get(week[-2]["url"]).context["visits"]) == 2


def test_pages_of_visits_lack_none_and_repeat_none(client, site):
    start = timezone.now() - timedelta(days=1)
    for number in range(130):
        send(site, visit(start + timedelta(seconds=number // 2), ["/"], ip=f"84.160.2.{number}"))
    rebuild_all()
    for narrowed in ("", "&filter=page:is:/"):
        seen, query = [], f"?period=7d{narrowed}"
        while query:
            answer = client.get(f"/sites/{site.key}/visits{query}")
            seen += [row["url"] for row in answer.context["visits"]]
            query = answer.context["older_url"]
        assert len(seen) == len(set(seen)) == 130


@pytest.mark.parametrize(
    "query",
    [
        "?before=x",
        "?before=2026-13-40_1_1",
        f"?before=2026-01-01_{'9' * 16}_{'9' * 20}",
        "?hour=99",
        "?hour=x",
        "?period=7d&hour=3",
    ],
)
def test_an_address_that_makes_no_sense_shows_the_newest(client, busy, query):
    assert client.get(f"/sites/{busy.key}/visits{query}").status_code == 200


def test_one_visit_tells_its_events_in_order_and_no_address(client, busy):
    _second, first = listed(client, busy)
    answer = client.get(first["url"])
    events = answer.context["events"]
    assert [(event["at"], event["name"]) for event in events] == [
        ("12:00:00", "Page view"), ("12:01:00", "Page view"), ("12:05:00", "Conversion"),
    ]  # fmt: skip
    assert events[-1]["value"] == "€19.99"
    assert "84.160" not in answer.content.decode()


def test_two_visits_of_one_visitor_keep_their_events_apart(client, site):
    start = timezone.now() - timedelta(days=1)
    send(site, visit(start, ["/a"]))
    send(site, visit(start + timedelta(minutes=40), ["/b"]))
    rebuild_all()
    pages = [
        [event["page"] for event in client.get(row["url"]).context["events"]]
        for row in listed(client, site)
    ]
    assert sorted(pages) == [["/a"], ["/b"]]


def test_a_visit_whose_events_are_gone_says_so(client, busy):
    _second, first = listed(client, busy)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tracking_event")
    answer = client.get(first["url"])
    assert answer.status_code == 200
    assert "no longer kept" in answer.content.decode()


def test_a_visit_that_is_none_or_anothers_does_not_exist(client, busy, rival_site):
    row = Session.plain.first()
    for path in (
        f"{busy.key}/visits/{row.date}/1",
        f"{busy.key}/visits/{row.date}/x",
        f"{busy.key}/visits/{row.date}/{2**70}",
        f"{busy.key}/visits/2026-02-30/{row.key}",
        f"{rival_site.key}/visits/{row.date}/{row.key}",
        f"{rival_site.key}/visits",
    ):
        assert client.get(f"/sites/{path}").status_code == 404


def test_who_may_see_groups_only_sees_no_single_visit(owner, busy):
    scope = replace(owner.scope(), min_cell=5)
    ask = visits.read(QueryDict(""), timezone.now(), busy)
    with pytest.raises(Http404):
        visits.context(scope, busy, ask, "")
    row = Session.plain.first()
    with pytest.raises(Http404):
        visits.visit(scope, busy, str(row.date), str(row.key))


def test_the_visits_take_no_more_than_their_queries(client, busy, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        listed(client, busy)
