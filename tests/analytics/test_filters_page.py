"""Filters and comparisons: chosen by a click or a form, kept in the address, told in words."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.utils import timezone

from accounts.models import Site
from tests.conftest import IPHONE
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(site) -> Site:
    """Yesterday a German by Google on two pages and an American by a letter on one."""
    today = site.clock.date_of(timezone.now())
    noon = site.clock.bounds(today)[0] - timedelta(hours=12)
    send(site, visit(noon, ["/", "/price"], referrer="https://www.google.com/"))
    send(site, visit(noon, ["/?utm_source=letter"], ip="8.8.8.8", user_agent=IPHONE))
    rebuild_all()
    return site


@pytest.fixture
def client(signed_in, owner):
    return signed_in(owner)


def page(client, site, query: str = "", **options):
    return client.get(f"/sites/{site.key}{query}", **options)


def numbers(answer) -> dict[str, str]:
    return {number["key"]: number["value"] for number in answer.context["numbers"]}


def rows(answer, panel: str) -> dict[str, dict]:
    (found,) = [each for each in answer.context["panels"] if each["key"] == panel]
    return {row["label"]: row for row in found["rows"]}


def test_a_click_on_a_value_filters_and_another_one_takes_it_away(client, busy):
    before = page(client, busy)
    filtered = page(client, busy, rows(before, "countries")["Germany"]["url"])
    assert [chip["text"] for chip in filtered.context["chips"]] == ["Country is Germany"]
    assert numbers(filtered)["visitors"] == "1"
    assert set(rows(filtered, "pages")) == {"/", "/price"}
    again = page(client, busy, rows(filtered, "countries")["Germany"]["url"])
    assert again.context["chips"] == []
    assert numbers(again) == numbers(before)


def test_filters_survive_another_period_metric_tab_and_comparison(client, busy):
    answer = page(client, busy, "?filter=country:is:DE")
    urls = [
        answer.context["periods"][3]["url"],
        answer.context["numbers"][2]["url"],
        answer.context["panels"][1]["tabs"][1]["url"],
        answer.context["comparing"]["choices"][1]["url"],
        answer.context["panels"][0]["more_url"],
        answer.context["head_url"],
    ]
    for url in urls:
        assert ("filter", "country:is:DE") in parse_qsl(urlsplit(url).query)


def test_a_chip_takes_its_filter_away_and_clear_all_takes_all(client, busy):
    answer = page(client, busy, "?filter=country:is:DE&filter=device:is_not:mobile")
    texts = [chip["text"] for chip in answer.context["chips"]]
    assert texts == ["Country is Germany", "Device is not Phone"]
    left = page(client, busy, answer.context["chips"][0]["url"])
    assert [chip["text"] for chip in left.context["chips"]] == ["Device is not Phone"]
    assert page(client, busy, answer.context["clear_url"]).context["chips"] == []


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"filter_by": "country", "filter_value": "germany"}, "Country is Germany"),
        ({"filter_by": "country", "filter_value": "DE"}, "Country is Germany"),
        ({"filter_by": "source", "filter_value": "Direct"}, "Source is Direct"),
        (
            {"filter_by": "page", "filter_how": "contains", "filter_value": "pri"},
            "Page contains “pri”",
        ),
        (
            {"filter_by": "page", "filter_how": "one_of", "filter_value": "/ | /price"},
            "Page is one of /, /price",
        ),
        (
            {"filter_by": "country", "filter_how": "contains", "filter_value": "ger"},
            "Country is one of Germany",
        ),
    ],
)
def test_the_form_leads_to_the_address_with_the_filter(client, busy, form, text):
    answer = client.get(f"/sites/{busy.key}", form | {"metric": "page_views"}, follow=True)
    ((address, status),) = answer.redirect_chain
    assert status == 302
    assert "filter_by" not in address
    assert "metric=page_views" in address
    assert [chip["text"] for chip in answer.context["chips"]] == [text]


@pytest.mark.parametrize(
    "query",
    [
        "?filter=nonsense",
        "?filter=colour:is:red",
        "?filter=country:like:DE",
        "?filter=page:is:" + "x" * 600,
        "?" + "&".join(f"filter=page:is:/{n}" for n in range(12)),
        "?filter_by=country&filter_value=",
        "?filter_by=nothing&filter_value=x",
        "?filter_by=page&filter_how=like&filter_value=x",
    ],
)
def test_a_filter_that_makes_no_sense_is_said_and_left_out(client, busy, query):
    answer = page(client, busy, query)
    assert answer.status_code == 200
    assert answer.context["problems"]
    assert len(answer.context["chips"]) <= 10


def test_what_passes_no_filter_offers_to_clear_them(client, busy):
    answer = page(client, busy, "?filter=country:is:FR")
    assert "Nothing passes these filters" in answer.content.decode()


def test_filtered_numbers_say_from_when_on_they_are_known(client, busy):
    answer = page(client, busy, "?period=30d&filter=country:is:DE")
    assert any("filters are known from" in note for note in answer.context["notes"])


def test_suggestions_are_the_names_of_what_was_counted(client, busy):
    def suggested(**query: str) -> list[str]:
        answer = client.get(f"/sites/{busy.key}/values", query)
        return [name for _value, name in answer.context["values"]]

    assert suggested(filter_by="country", filter_value="ger") == ["Germany"]
    assert suggested(filter_by="page", filter_value="pri") == ["/price"]
    assert suggested(filter_by="nothing") == []


def test_suggestions_of_another_tenants_site_do_not_exist(client, rival_site):
    answer = client.get(f"/sites/{rival_site.key}/values", {"filter_by": "page"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("?period=yesterday&compare=none", None),
        ("?period=yesterday&compare=custom&compare_first=2026-01-02&compare_last=2026-01-02", ""),
    ],
)
def test_what_it_is_compared_with_can_be_chosen(client, busy, query, label):
    answer = page(client, busy, query)
    if label is None:
        assert answer.context["chart"]["previous"] is None
        assert {number["change"] for number in answer.context["numbers"]} == {None}
    assert answer.context["comparing"]["label"] in ("Nothing", "2 January 2026")


def test_a_year_before_is_the_same_days(client, busy):
    today = busy.clock.date_of(timezone.now())
    query = f"?first={today - timedelta(days=3)}&last={today - timedelta(days=1)}&compare=year"
    answer = page(client, busy, query)
    assert str(today.year - 1) in answer.context["chart"]["previous_label"]


def test_wrong_dates_to_compare_with_are_said(client, busy):
    answer = page(client, busy, "?compare=custom&compare_first=x&compare_last=")
    assert answer.status_code == 200
    assert answer.context["comparing"]["error"]
