"""Link profiles over the API: statistics, and single clicks and views."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Site
from tests.conftest import GOOGLEBOT, IPHONE
from tests.sending import rebuild_all, send
from tracking.models import Link, LinkProfile

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = ("profile", "traffic", "time", "quick-stats", "compare")


@pytest.fixture
def api(owner, token) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token(owner)}"}}


@pytest.fixture
def get(client, api) -> Callable[[str], Any]:
    """The answer to a question, as JSON."""

    def ask(address: str) -> Any:
        answer = client.get(address, **api)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


@pytest.fixture
def profile(acme, owner) -> LinkProfile:
    """Ada's profile with two links, one after the other."""
    site = Site.objects.create(
        tenant=acme, kind="bio", name="@ada", owner=owner.user, time_zone="Europe/Berlin"
    )
    made = LinkProfile.objects.create(site=site, username="ada", title="Ada")
    for position, title in enumerate(("Shop", "Blog")):
        url = f"https://{title.lower()}.acme.test/"
        Link.objects.create(profile=made, title=title, url=url, position=position)
    return made


def links_of(profile: LinkProfile) -> list[Link]:
    return list(profile.links.order_by("position"))


@pytest.fixture
def busy(profile) -> LinkProfile:
    """Yesterday: two views from Instagram, one from TikTok, one direct; two clicks on the shop and
    one on the blog; a crawler that looked and clicked. The day before: one view."""
    site, (shop, blog) = profile.site, links_of(profile)
    today = site.clock.date_of(timezone.now())
    noon = site.clock.bounds(today)[0] - timedelta(hours=12)
    view = {"name": "page_view", "path": "/@ada"}
    froms = {1: "https://www.instagram.com/", 2: "https://www.instagram.com/",
             3: "https://www.tiktok.com/", 4: ""}  # fmt: skip
    events: list[dict[str, Any]] = []
    for number, referrer in froms.items():
        who = {"ip": f"84.160.1.{number}", "user_agent": IPHONE}
        at = noon + timedelta(minutes=number)
        events.append({**view, "at": at, "referrer": referrer, **who})
        if number < 4:
            clicked = blog if number == 3 else shop
            events.append(
                {"name": "click", "link": clicked, "at": at + timedelta(seconds=9), **who}
            )
    crawler = {"user_agent": GOOGLEBOT, "ip": "66.249.66.1", "at": noon}
    events += [{**view, **crawler}, {"name": "click", "link": shop, **crawler}]
    events.append({**view, "at": noon - timedelta(days=1), "ip": "84.160.2.1"})
    for event in events:
        if link := event.pop("link", None):
            event["link_id"] = link.pk
    assert set(send(site, events)) <= {"stored", "bot"}
    rebuild_all()
    return profile


def test_a_profile_in_one_answer(get, busy):
    found = get(f"/api/analytics/profile/{busy.pk}")
    assert found["profile"] == {"id": busy.pk, "username": "ada", "title": "Ada"}
    metrics = found["metrics"]
    assert (metrics["clicks"], metrics["views"], metrics["ctr"]) == (3, 5, 60.0)
    assert metrics["click_rate"] == pytest.approx(0.6)
    assert [
        (link["title"], link["position"], link["clicks"], link["ctr"], link["share"])
        for link in found["links"]
    ] == [("Shop", 0, 2, 40.0, 0.6667), ("Blog", 1, 1, 20.0, 0.3333)]
    assert {row["value"]: row["views"] for row in found["traffic_sources"]} == {
        "Instagram": 2,
        "TikTok": 1,
        "": 2,
    }
    assert {row["value"] for row in found["devices"]} == {"mobile", "desktop"}
    assert found["countries"][0]["value"] == "DE"
    assert [day["views"] for day in found["daily"][-3:]] == [1, 4, 0]
    assert found["daily"][0]["views"] is None
    assert found["period"]["days"] == 30


def test_a_deleted_link_still_names_its_clicks(get, busy):
    shop, blog = links_of(busy)
    Link.objects.unscoped("test").filter(pk=blog.pk).update(deleted_at=timezone.now())
    unused = Link.objects.create(profile=busy, title="Old", url="https://x.test/", position=2)
    Link.objects.unscoped("test").filter(pk=unused.pk).update(deleted_at=timezone.now())
    links = get(f"/api/analytics/profile/{busy.pk}")["links"]
    assert [(link["id"], link["deleted"]) for link in links] == [(shop.pk, False), (blog.pk, True)]


def test_traffic_names_the_platforms_with_their_shares(get, busy):
    found = get(f"/api/analytics/traffic/{busy.pk}")
    platforms = {row["platform"]: (row["views"], row["share"]) for row in found["platforms"]}
    assert platforms["instagram"] == (2, 0.4)
    assert platforms["tiktok"] == (1, 0.2)
    assert platforms["direct"] == (2, 0.4)
    assert platforms["twitter"] == (0, 0)
    assert sum(views for views, _share in platforms.values()) == found["metrics"]["views"]


def test_times_are_on_the_sites_clock_and_say_when_they_are_few(get, busy):
    found = get(f"/api/analytics/time/{busy.pk}?days=7")
    assert len(found["by_hour"]) == 24
    noon = found["by_hour"][12]
    assert (noon["hour"], noon["views"], noon["clicks"]) == (12, 5, 3)
    assert found["best_hour"]["hour"] == 12
    yesterday = busy.site.clock.date_of(timezone.now()) - timedelta(days=1)
    assert found["best_day"]["weekday"] == yesterday.weekday()
    assert len(found["by_weekday"]) == len(found["by_day"]) == 7
    assert sum(week["views"] or 0 for week in found["by_week"]) == 5
    assert found["sample"]["small"]
    assert "100" in found["sample"]["note"]


def test_quick_stats_name_the_top_link(get, busy):
    found = get(f"/api/analytics/quick-stats/{busy.pk}")
    assert (found["clicks"], found["views"], found["ctr"]) == (3, 5, 60.0)
    assert found["top_link"]["title"] == "Shop"
    assert (found["today"]["views"], found["today"]["ctr"]) == (0, None)


def test_yesterday_compares_with_the_day_before_it(get, busy):
    found = get(f"/api/analytics/compare/{busy.pk}?period=yesterday")
    assert found["current"]["metrics"]["views"] == 4
    assert found["previous"]["metrics"]["views"] == 1
    assert found["changes"]["views"] == {"absolute": 3, "percent": 300.0}
    assert found["changes"]["clicks"] == {"absolute": 3, "percent": None}


def test_where_there_is_nothing_to_compare_the_change_is_null(get, busy):
    today = get(f"/api/analytics/compare/{busy.pk}?period=today")
    assert set(today["changes"].values()) == {None}
    month = get(f"/api/analytics/compare/{busy.pk}")
    assert month["previous"]["metrics"]["views"] is None
    assert month["changes"]["views"] is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_profile_without_views_answers_with_nulls(get, profile, kind):
    found = get(f"/api/v1/analytics/{kind}/{profile.pk}")
    metrics = found.get("metrics") or found.get("current", found).get("metrics", found)
    for name in ("clicks", "views", "ctr", "visitors"):
        assert metrics.get(name) is None
    assert found.get("top_link") is None
    assert found.get("platforms", []) == []


@pytest.mark.parametrize("kind", KINDS)
def test_another_tenants_profile_does_not_exist(client, api, rival_site, site, kind):
    theirs = LinkProfile.objects.create(site=rival_site, username="rita", title="Rita")
    for number in (theirs.pk, 2**31, 10**30):
        for path in (f"analytics/{kind}/{number}", f"track/views/{number}"):
            answer = client.get(f"/api/{path}", **api)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("kind", "most"), list(zip(KINDS, (11, 9, 11, 9, 7), strict=True)))
def test_the_number_of_queries_is_known(
    client, api, busy, django_assert_max_num_queries, kind, most
):
    client.get(f"/api/analytics/{kind}/{busy.pk}", **api)  # notes the token's first use
    with django_assert_max_num_queries(most):
        client.get(f"/api/analytics/{kind}/{busy.pk}?days=90", **api)


# --- Single events ------------------------------------------------------------------------------


def test_the_clicks_of_a_link_newest_first_without_bots(get, busy):
    shop, _blog = links_of(busy)
    rows = get(f"/api/track/clicks/{shop.pk}")["results"]
    assert len(rows) == 2
    assert rows[0]["timestamp"] > rows[1]["timestamp"]
    assert rows[0]["referrer"] is None or "instagram" in rows[0]["referrer"]
    assert rows[0]["user_agent"] == IPHONE
    assert (rows[0]["device"], rows[0]["country"]) == ("mobile", "DE")
    assert rows[0]["ip_address"] is None
    assert not rows[0]["is_bot"]
    (bot,) = get(f"/api/track/clicks/{shop.pk}?bots=only")["results"]
    assert bot["is_bot"]
    assert bot["bot"]
    assert len(get(f"/api/track/clicks/{shop.pk}?bots=include")["results"]) == 3


def test_an_address_is_told_as_far_as_the_site_keeps_it(get, profile):
    Site.plain.filter(pk=profile.site_id).update(addresses="truncated")
    event = {"name": "page_view", "path": "/@ada", "at": timezone.now() - timedelta(minutes=1)}
    send(profile.site, [{**event, "ip": "84.160.1.77"}])
    (row,) = get(f"/api/track/views/{profile.pk}")["results"]
    assert row["ip_address"] == "84.160.1.0"


def test_pages_follow_each_other_and_lose_nothing(get, busy):
    seen, address = [], f"/api/track/views/{busy.pk}?page_size=2&bots=include"
    while address:
        page = get(address)
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%ff", "cursor=MjAyNnx4", "cursor=🦊"])
def test_a_cursor_that_is_none_is_refused(client, api, busy, query):
    answer = client.get(f"/api/track/views/{busy.pk}?{query}", **api)
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


def test_events_of_others_links_do_not_exist(client, api, rival_site, site):
    theirs = LinkProfile.objects.create(site=rival_site, username="rita", title="Rita")
    link = Link.objects.create(profile=theirs, title="x", url="https://x.test/")
    for number in (link.pk, 2**31, 10**30):
        assert client.get(f"/api/v1/track/clicks/{number}", **api).status_code == 404


def test_a_list_of_events_takes_three_queries(client, api, busy, django_assert_num_queries):
    client.get(f"/api/track/views/{busy.pk}", **api)  # notes the token's first use
    with django_assert_num_queries(3):  # the token, the profile, the page
        client.get(f"/api/track/views/{busy.pk}", **api)
