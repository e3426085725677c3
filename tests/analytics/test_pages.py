"""The pages where customers read their numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Site
from tests.conftest import IPHONE
from tests.sending import rebuild_all, send, visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(site) -> Site:
    """Visits of yesterday and the day before."""
    today = site.clock.date_of(timezone.now())
    noon = site.clock.bounds(today)[0] + timedelta(hours=12)
    yesterday, before = noon - timedelta(days=1), noon - timedelta(days=2)
    tagged = ["/?utm_source=letter&utm_campaign=spring"]
    send(site, visit(yesterday, ["/", "/price"], referrer="https://www.google.com/"))
    send(site, visit(yesterday, tagged, ip="8.8.8.8", user_agent=IPHONE))
    send(site, visit(before, ["/"], ip="84.160.1.9"))
    rebuild_all()
    return site


@pytest.fixture
def client(signed_in, owner):
    return signed_in(owner)


def page(client, site, query: str = "", **options):
    return client.get(f"/sites/{site.key}{query}", **options)


def test_the_overview_shows_the_numbers_of_the_week(client, busy):
    shown = {number["key"]: number["value"] for number in page(client, busy).context["numbers"]}
    assert shown["visitors"] == "3"
    assert shown["page_views"] == "4"
    assert shown["bounce_rate"] == "66.7\u202f%"


def test_the_change_compares_finished_days_only(client, busy):
    """Yesterday had two visitors, the day before one."""
    numbers = page(client, busy, "?period=yesterday").context["numbers"]
    visitors = numbers[0]
    assert (visitors["value"], visitors["change"], visitors["good"]) == ("2", "+100\u202f%", True)
    bounce = next(number for number in numbers if number["key"] == "bounce_rate")
    assert (bounce["change"], bounce["good"]) == ("−50.0 points", True)
    today = page(client, busy, "?period=today").context
    assert today["compared_with"] is None
    assert {number["change"] for number in today["numbers"]} == {None}


@pytest.mark.parametrize(
    ("tab", "labels"),
    [
        ("", {"Google", "letter", "Direct"}),
        ("?sources=channel", {"Organic search", "Other websites", "Direct"}),
        ("?sources=campaign", {"spring", "No campaign"}),
    ],
)
def test_a_panel_shows_the_chosen_dimension(client, busy, tab, labels):
    panels = {panel["key"]: panel for panel in page(client, busy, tab).context["panels"]}
    assert {row["label"] for row in panels["sources"]["rows"]} == labels


def test_countries_devices_and_pages_have_peoples_names(client, busy):
    panels = {panel["key"]: panel for panel in page(client, busy).context["panels"]}
    assert {row["label"] for row in panels["countries"]["rows"]} == {"Germany", "United States"}
    assert {row["label"] for row in panels["devices"]["rows"]} == {"Desktop", "Phone"}
    assert panels["pages"]["rows"][0]["label"] == "/"
    assert panels["pages"]["rows"][0]["share"] == 100


def test_the_chart_has_a_point_a_day_or_an_hour(client, busy):
    assert len(page(client, busy, "?period=30d").context["chart"]["current"]) == 30
    day = page(client, busy, "?period=yesterday").context["chart"]
    assert day["interval"] == "hour"
    assert sum(value or 0 for value in day["current"]) == 2


def test_a_year_is_drawn_in_months(client, busy):
    context = page(client, busy, "?period=12mo").context
    assert context["chart"]["interval"] == "month"
    assert len(context["chart"]["labels"]) == 12
    assert sum(value or 0 for value in context["chart"]["current"]) == 3
    assert context["chart"]["current"][0] is None


def test_any_dates_can_be_chosen_and_wrong_ones_are_said(client, busy):
    today = busy.clock.date_of(timezone.now())
    first = today - timedelta(days=3)
    context = page(client, busy, f"?first={first}&last={today}").context
    assert (context["period"]["slug"], len(context["chart"]["labels"])) == ("custom", 4)
    for wrong in ("?first=2026-02-30&last=2026-03-01", "?first=&last=", "?last=x", "?first=x"):
        answer = page(client, busy, wrong)
        assert answer.status_code == 200
        assert answer.context["period_form"]["error"]


@pytest.mark.parametrize(
    "query",
    [
        "?metric=nonsense",
        "?sources=drop",
        "?period=7d&period=30d",
        "?x=%ff",
        "?part=x",
    ],
)
def test_an_address_that_makes_no_sense_shows_the_default(client, busy, query):
    assert page(client, busy, query).status_code == 200


def test_a_page_that_stays_open_is_told_of_changes_only(client, busy):
    url = page(client, busy, "?period=7d").context["head_url"]
    assert page(client, busy, url).status_code == 204
    send(busy, visit(timezone.now() - timedelta(days=1), ["/new"]))
    rebuild_all()
    answer = page(client, busy, url)
    assert answer.status_code == 200
    assert b'id="head"' in answer.content
    assert b"<html" not in answer.content


def test_htmx_gets_the_part_it_asks_for(client, busy):
    headers = {"HX-Request": "true", "HX-Target": "report"}
    answer = page(client, busy, headers=headers)
    assert b'id="report"' in answer.content
    assert b"<html" not in answer.content


def test_the_waiting_page_says_when_the_first_event_came(client, site):
    waiting = page(client, site).content.decode()
    assert f"data-site=&quot;{site.key}&quot;" in waiting
    assert (
        "Waiting for the first event" in client.get(f"/sites/{site.key}/received").content.decode()
    )
    send(site, visit(timezone.now(), ["/hello"]))
    after = client.get(f"/sites/{site.key}/received").content.decode()
    assert "First event received" in after
    assert "/hello" in after


def test_a_page_opened_before_the_first_count_fills_by_itself(client, site):
    """Neither "nobody came" nor zeros: the numbers are on their way."""
    send(site, visit(timezone.now(), ["/hello"]))
    context = page(client, site).context
    assert not context["empty"]
    assert {number["value"] for number in context["numbers"]} == {None}
    assert context["numbers"][0]["reason"] == "Being counted"
    rebuild_all()
    answer = page(client, site, context["head_url"])
    assert answer.context["numbers"][0]["value"] == "1"


def test_a_period_without_visits_offers_others(client, busy):
    assert page(client, busy, "?period=last_month").context["numbers"][0]["value"] is None
    assert "Nobody came in this period" in page(client, busy, "?period=today").content.decode()


def test_another_tenants_site_does_not_exist(client, rival_site):
    for path in ("", "/received", "/install", "/settings", "?part=head&version=0.0"):
        assert client.get(f"/sites/{rival_site.key}{path}").status_code == 404


@pytest.mark.parametrize("path", ["/sites", "/sites/new", "/sites/x", "/sites/x/install"])
def test_strangers_are_sent_to_sign_in(db, site, path):
    from django.test import Client

    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/login/?next=")


def test_somebody_without_a_tenant_is_told_so(signed_in, owner, client):
    owner.delete()
    answer = client.get("/sites")
    assert answer.status_code == 403
    assert "You are in no organisation yet" in answer.content.decode()


def test_a_site_is_added_with_its_hosts_and_its_clock(client, acme):
    form = {
        "name": "Blog",
        "domains": "https://Blog.acme.test/\nwww.blog.acme.test",
        "time_zone": "UTC",
    }
    answer = client.post("/sites/new", form)
    made = Site.plain.get(name="Blog")
    assert answer.url == f"/sites/{made.key}"
    assert made.domains == ["blog.acme.test", "www.blog.acme.test"]
    assert AuditEntry.objects.for_tenant(acme).filter(action="site.created").count() == 2


def test_viewers_neither_add_nor_change_sites(signed_in, member, site):
    viewer = signed_in(member("viewer"))
    form = {"name": "Blog", "domains": "", "time_zone": "UTC"}
    assert viewer.post("/sites/new", form).status_code == 403
    assert viewer.post(f"/sites/{site.key}/settings", form).status_code == 403
    assert not Site.plain.filter(name="Blog").exists()


def test_names_that_carry_markup_are_shown_as_text(client, site):
    poison = "<script>alert(1)</script>"
    Site.plain.update(name=poison)
    path = "/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"
    send(site, visit(timezone.now(), [path, f"/{poison}"]))
    rebuild_all()
    for address in (f"/sites/{site.key}?period=today", "/sites", f"/sites/{site.key}/install"):
        content = client.get(address).content.decode()
        assert poison not in content
        assert "<img" not in content


def test_every_page_allows_scripts_and_styles_of_its_own_only(client, busy):
    for address in (f"/sites/{busy.key}", "/sites", "/sites/new", "/accounts/login/", "/nowhere"):
        policy = client.get(address)["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'self'" in policy


def test_the_overview_takes_fifteen_queries(client, busy, django_assert_max_num_queries):
    with django_assert_max_num_queries(15):
        page(client, busy)
