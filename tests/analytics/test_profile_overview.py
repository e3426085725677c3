"""The overview of a link profile, and who is here now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Site
from tests.sending import rebuild_all, send, visit
from tracking import profiles
from tracking.models.links import Link, LinkProfile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def profile(acme) -> LinkProfile:
    """Yesterday two visitors with three views; two clicks on a link, one on a deleted one."""
    site = Site.plain.create(tenant=acme, kind="bio", name="@ada", time_zone="Europe/Berlin")
    profile = LinkProfile.plain.create(site=site, username="ada", title="Ada")
    shop = Link.plain.create(profile=profile, title="My shop", url="https://shop.test/")
    gone = Link.plain.create(
        profile=profile, title="Old news", url="https://old.test/", deleted_at=timezone.now()
    )
    today = site.clock.date_of(timezone.now())
    noon = site.clock.bounds(today)[0] - timedelta(hours=12)
    send(site, visit(noon, ["/@ada", "/@ada"]))
    send(site, visit(noon, ["/@ada"], ip="8.8.8.8"))
    for link in (shop, shop, gone):
        send(site, visit(noon + timedelta(minutes=2), ["/@ada"], name="click", link_id=link.pk))
    rebuild_all()
    return profile


@pytest.fixture
def client(signed_in, owner):
    return signed_in(owner)


def test_a_profile_begins_with_views_and_clicks(client, profile):
    answer = client.get(f"/sites/{profile.site.key}")
    shown = {number["key"]: number["value"] for number in answer.context["numbers"]}
    assert list(shown) == ["page_views", "visitors", "clicks", "click_rate", "clickers"]
    assert shown == {
        "page_views": "3", "visitors": "2", "clicks": "3", "click_rate": "100.0\u202f%",
        "clickers": "1",
    }  # fmt: skip
    assert answer.context["chart"]["label"] == "Page views"


def test_its_links_come_first_by_title_with_clicks_and_rate(client, profile):
    panel = client.get(f"/sites/{profile.site.key}").context["panels"][0]
    assert panel["key"] == "links"
    told = [(row["label"], row["count"], row["views"], row["note"]) for row in panel["rows"]]
    assert told == [
        ("My shop", "2", "66.7\u202f%", ""),
        ("Old news", "1", "33.3\u202f%", "deleted"),
    ]


def test_the_profile_page_reads_no_raw_events(client, profile):
    key = profile.site.key
    for query in ("", "?period=yesterday", "?period=12mo", "?part=head&version=0"):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(f"/sites/{key}{query}").status_code == 200
        assert not [q["sql"] for q in asked.captured_queries if "tracking_event" in q["sql"]]
        assert len(asked) <= 18
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/sites/{key}/now?part=number")
    assert [q["sql"] for q in asked.captured_queries if "tracking_event" in q["sql"]]


def test_the_web_sites_overview_reads_no_raw_events_either(client, site):
    send(site, visit(timezone.now() - timedelta(days=1), ["/"]))
    rebuild_all()
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/sites/{site.key}")
    assert not [q["sql"] for q in asked.captured_queries if "tracking_event" in q["sql"]]


def test_conversions_are_a_number_where_there_are_any(client, site):
    at = timezone.now() - timedelta(days=1)
    send(site, visit(at, ["/"]))
    rebuild_all()
    keys = [number["key"] for number in client.get(f"/sites/{site.key}").context["numbers"]]
    assert "conversions" not in keys
    send(site, visit(at, ["/"], name="conversion"))
    rebuild_all()
    keys = [number["key"] for number in client.get(f"/sites/{site.key}").context["numbers"]]
    assert keys[-1] == "conversions"


def test_another_profiles_link_is_not_named(client, profile, rival_site):
    """Who sends somebody else's link's number learns nothing of it."""
    rival = LinkProfile.plain.create(site=rival_site, username="rita", title="Rita")
    secret = Link.plain.create(profile=rival, title="Secret", url="https://secret.test/")
    answer = client.get(f"/sites/{profile.site.key}?filter=link:is:{secret.pk}")
    assert answer.context["chips"][0]["text"] == f"Link is Link {secret.pk}"


# --- Now ------------------------------------------------------------------------------------------


def test_now_counts_the_last_half_hour_by_minute(client, site):
    now = timezone.now()
    send(site, visit(now - timedelta(minutes=1), ["/a"], referrer="https://www.google.com/"))
    send(site, visit(now - timedelta(minutes=12), ["/b"], ip="8.8.8.8"))
    send(site, visit(now - timedelta(minutes=45), ["/old"], ip="8.8.4.4"))
    context = client.get(f"/sites/{site.key}/now").context
    assert context["live"] == 1
    assert sum(minute["count"] for minute in context["minutes"]) == 2
    assert len(context["minutes"]) == 30
    pages, sources = context["panels"]
    assert {row["label"] for row in pages["rows"]} == {"/a", "/b"}
    assert {row["label"] for row in sources["rows"]} == {"Google", "Direct"}


def test_the_number_of_visitors_now_is_a_part_of_its_own(client, site):
    answer = client.get(f"/sites/{site.key}/now?part=number")
    assert b"0 visitors now" in answer.content
    assert b"<html" not in answer.content


def test_now_of_another_tenants_site_does_not_exist(client, rival_site):
    for query in ("", "?part=number", "?part=live"):
        assert client.get(f"/sites/{rival_site.key}/now{query}").status_code == 404


def test_a_profile_nobody_has_seen_says_how_to_share_it(client, acme, ada):
    new = profiles.make(acme, ada, {"username": "new", "title": "New"})
    page = client.get(f"/sites/{new.site.key}").content.decode()
    assert f"{settings.BASE_URL}/@new" in page
    assert "Edit the links" in page
    assert "analytics.js" not in page
