"""A site's statistics over the API: the numbers of the pages, with what they rest on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Site
from analytics import queries
from analytics.metrics import METRICS
from analytics.questions import last_days
from tests.conftest import IPHONE
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)
FAMILY = ("totals", "series", "breakdown/source", "heatmap", "now", "visits", "outcomes")


@pytest.fixture
def api(owner, token) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token(owner)}"}}


@pytest.fixture
def get(client, api, site) -> Callable[..., Any]:
    """The answer to a question about the site, as JSON: `get("totals?days=7")`."""

    def ask(question: str) -> Any:
        address = question if question.startswith("/") else f"/api/v1/sites/{site.pk}/{question}"
        answer = client.get(address, **api)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


@pytest.fixture
def busy(site) -> Site:
    """Yesterday two visits from Google and one from the United States, the day before one."""
    today = site.clock.date_of(timezone.now())
    noon = site.clock.bounds(today)[0] - timedelta(hours=12)
    google: dict[str, Any] = {"referrer": "https://www.google.com/"}
    send(site, visit(noon, ["/", "/price"], **google))
    send(site, visit(noon, ["/"], ip="84.160.1.2", **google))
    send(site, visit(noon, ["/"], ip="8.8.8.8", user_agent=IPHONE))
    sold = {
        "name": "purchase",
        "value": "49.90",
        "currency": "EUR",
        "url": "https://shop.acme.test/",
    }
    send(site, [{"at": noon + timedelta(minutes=3), **sold}])
    send(site, visit(noon - timedelta(days=1), ["/"], ip="84.160.1.9"))
    rebuild_all()
    return site


def test_totals_are_those_of_the_one_door_to_numbers(get, busy, owner):
    told = get("totals?days=7")
    found = queries.totals(owner.scope(), busy, last_days(7, busy), METRICS).numbers
    assert told["metrics"].keys() == METRICS.keys()
    assert told["metrics"]["visitors"] == found["visitors"] == 4
    assert told["metrics"]["bounce_rate"] == found["bounce_rate"]
    assert told["metrics"]["revenue"] == "49.9"
    assert told["coverage"]["since"] == str(busy.clock.date_of(timezone.now()) - timedelta(days=2))
    assert told["coverage"]["finished"] is False
    assert (told["site"]["key"], told["period"]["days"]) == (busy.key, 7)


def test_a_site_is_named_by_id_or_key(get, busy):
    by_key = get(f"/api/v1/sites/{busy.key}/totals?metrics=visitors")
    assert by_key["metrics"] == {"visitors": 4}


def test_days_beside_the_days_before(get, busy):
    told = get("totals?period=yesterday&metrics=visitors,revenue&compare=previous")
    comparison = told["comparison"]
    assert comparison["current"]["metrics"] == {"visitors": 3, "revenue": "49.9"}
    assert comparison["previous"]["metrics"]["visitors"] == 1
    assert comparison["changes"]["visitors"] == {"absolute": 2, "percent": 200.0}
    assert comparison["changes"]["revenue"]["percent"] is None
    assert get("totals?period=today&compare=previous")["comparison"] is None
    year = get("totals?days=7&compare=year")["comparison"]
    assert year["previous"]["metrics"]["visitors"] is None


def test_a_series_has_gaps_where_nothing_was_measured(get, busy):
    told = get("series?days=7&metrics=visitors,page_views&compare=previous")
    values = [point["metrics"]["visitors"] for point in told["points"]]
    assert values == [None, None, None, None, 1, 3, 0]
    assert told["points"][-1]["finished"] is False
    assert {point["metrics"]["visitors"] for point in told["previous"]["points"]} == {None}
    hours = get("series?period=yesterday&metrics=visitors")
    assert (hours["interval"], len(hours["points"])) == ("hour", 24)
    assert hours["points"][0]["at"].startswith(
        str(date.fromisoformat(told["period"]["last"]) - timedelta(days=1))
    )
    weeks = get("series?days=28&interval=week")
    assert weeks["interval"] == "week"


def test_values_are_paged_searched_and_ordered(get, busy):
    told = get("breakdown/page?metrics=page_views,visitors&order=page_views&page_size=1")
    assert [(row["value"], row["page_views"]) for row in told["results"]] == [("/", 4)]
    assert (told["count"], told["more"]) == (2, True)
    second = get("breakdown/page?order=page_views&page_size=1&page=2&metrics=page_views")
    assert [row["value"] for row in second["results"]] == ["/price"]
    assert second["more"] is False
    found = get("breakdown/page?search=PRI")
    assert [row["value"] for row in found["results"]] == ["/price"]
    countries = get("breakdown/country")
    assert {row["name"] for row in countries["results"]} == {"Germany", "United States"}


def test_filters_narrow_every_answer(get, busy):
    google = "filter=source:is:Google"
    assert get(f"totals?{google}&metrics=visitors")["metrics"]["visitors"] == 2
    assert get(f"breakdown/page?{google}")["count"] == 2
    assert len(get(f"visits?{google}")["results"]) == 2
    both = f"totals?{google}&filter=page:is:/price&metrics=visitors,bounce_rate"
    assert get(both)["metrics"] == {"visitors": 1, "bounce_rate": None}
    assert len(get("visits?filter=page:is:/price")["results"]) == 1
    points = get(f"series?days=2&{google}&metrics=visitors")["points"]
    assert [point["metrics"]["visitors"] for point in points] == [2, 0]


def test_visits_follow_each_other_and_lose_nothing(get, client, api, busy):
    seen, address = [], "visits?page_size=1"
    while address:
        page = get(address.removeprefix("http://testserver"))
        seen += [row["session_id"] for row in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == 4
    for wrong in ("x", "MjAyNi0wMQ", "%ff"):
        answer = client.get(f"/api/v1/sites/{busy.pk}/visits?cursor={wrong}", **api)
        assert answer.json()["code"] == "cursor_invalid"


def test_hours_of_the_week_are_averages(get, busy):
    hours = get("heatmap?days=7&metric=visitors")["hours"]
    assert len(hours) == 168
    yesterday = busy.clock.date_of(timezone.now()) - timedelta(days=1)
    (noon,) = [h for h in hours if (h["weekday"], h["hour"]) == (yesterday.weekday(), 12)]
    assert noon["average"] == 3
    assert None in {hour["average"] for hour in hours}


def test_who_is_here_now_and_what_became_of_events(get, site):
    send(site, visit(timezone.now() - timedelta(seconds=20), ["/now"]))
    now = get("now")
    assert now["visitors"] == 1
    assert len(now["visitors_by_minute"]) == 30
    assert now["pages"] == [{"value": "/now", "visitors": 1}]
    told = get("outcomes?days=1")
    assert told["received"] == 1
    assert [(row["reason"], row["events"]) for row in told["outcomes"]] == [("stored", 1)]


def test_the_catalogue_says_what_can_be_asked(get, site):
    told = get("/api/v1/metrics-catalogue")
    assert {metric["key"] for metric in told["metrics"]} == METRICS.keys()
    assert all(metric["help"] and metric["label"] for metric in told["metrics"])
    for dimension in told["dimensions"]:
        get(f"breakdown/{dimension['key']}")


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("totals?filter=country", "filter_invalid"),
        ("totals?filter=moon:is:full", "filter_invalid"),
        ("visits?filter=country:like:F", "filter_invalid"),
        ("totals?period=decade", "period_invalid"),
        ("totals?first=2026-03-02&last=2026-03-01", "period_invalid"),
        ("totals?metrics=luck", "metric_unknown"),
        ("heatmap?metric=luck", "metric_unknown"),
        ("breakdown/moon", "dimension_unknown"),
        ("breakdown/page?order=bounce_rate", "order_invalid"),
        ("breakdown/page?order=luck", "metric_unknown"),
        ("breakdown/page?page=0", "invalid"),
        ("breakdown/page?page_size=501", "invalid"),
        ("series?interval=minute", "interval_invalid"),
        ("series?days=1000&interval=hour", "interval_invalid"),
        ("totals?compare=x", "invalid"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_code(client, api, site, question, code):
    answer = client.get(f"/api/v1/sites/{site.pk}/{question}", **api)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("question", FAMILY)
def test_another_tenants_site_does_not_exist(client, api, site, rival_site, question):
    for name in (rival_site.pk, rival_site.key, "nonsense", 10**30):
        answer = client.get(f"/api/v1/sites/{name}/{question}", **api)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("question", FAMILY)
def test_viewers_read_and_strangers_do_not(client, member, token, site, question):
    path = f"/api/v1/sites/{site.pk}/{question}"
    assert client.get(path).status_code in (401, 403)
    viewer = {"headers": {"Authorization": f"Bearer {token(member('viewer'), ['read'])}"}}
    assert client.get(path, **viewer).status_code == 200


@pytest.mark.parametrize(
    ("question", "most"),
    list(zip(FAMILY, (6, 6, 7, 7, 6, 7, 3), strict=True)),
)
def test_the_number_of_queries_is_known(
    client, api, busy, django_assert_max_num_queries, question, most
):
    path = f"/api/v1/sites/{busy.pk}/{question}"
    client.get(path, **api)  # notes the token's first use
    with django_assert_max_num_queries(most):
        client.get(path, **api)
